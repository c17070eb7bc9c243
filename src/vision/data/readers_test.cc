#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <matio.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "vision/data/csv_reader.h"
#include "vision/data/dataset.h"
#include "vision/data/stanford_cars_reader.h"
#include "vision/data/testing.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::write;

struct Item {
  std::string class_name, file;
  std::optional<Part> part;
};

// Writes a data set of these items below folder and returns what a user would point at.
using Writer = std::function<std::string(const fs::path& folder, const std::vector<Item>& items)>;

std::vector<std::string> class_names(const std::vector<Item>& items) {
  std::set<std::string> names;
  for (const auto& item : items) names.insert(item.class_name);
  return {names.begin(), names.end()};
}

std::string write_image_folder(const fs::path& folder, const std::vector<Item>& items) {
  for (const auto& item : items) {
    const fs::path part = item.part ? fs::path(to_string(*item.part)) : fs::path();
    write(folder / part / item.class_name / item.file, item.file);
  }
  return folder.string();
}

std::string write_csv(const fs::path& folder, const std::vector<Item>& items) {
  std::string text = "path,label,split\n";
  for (const auto& item : items) {
    write(folder / "pictures" / item.file, item.file);
    text += fmt::format("pictures/{},{},{}\n", item.file, item.class_name,
                        item.part ? to_string(*item.part) : "");
  }
  write(folder / "labels.csv", text);
  return (folder / "labels.csv").string();
}

// A MATLAB file of cells and structures. wide: strings as UTF-16, otherwise as bytes.
class MatWriter {
 public:
  MatWriter(const fs::path& path, bool wide)
      : wide_(wide), file_(Mat_CreateVer(path.c_str(), nullptr, MAT_FT_MAT5), Mat_Close) {}

  void class_names(const std::vector<std::string>& names) {
    std::size_t dims[2] = {1, names.size()};
    matvar_t* cells = Mat_VarCreate("class_names", MAT_C_CELL, MAT_T_CELL, 2, dims, nullptr, 0);
    for (std::size_t i = 0; i < names.size(); ++i)
      Mat_VarSetCell(cells, static_cast<int>(i), text(names[i]));
    write_and_free(cells);
  }

  // file_field: "fname" or "relative_im_path"; with_test: writes the field "test".
  void annotations(const std::vector<Item>& items, const std::vector<std::string>& names,
                   const std::string& file_field, const std::string& prefix, bool with_test) {
    std::size_t dims[2] = {1, items.size()};
    const char* fields[] = {"bbox_x1", "bbox_y1",          "bbox_x2", "bbox_y2",
                            "class",   file_field.c_str(), "test"};
    matvar_t* all = Mat_VarCreateStruct("annotations", 2, dims, fields, with_test ? 7 : 6);
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto at = std::find(names.begin(), names.end(), items[i].class_name);
      Mat_VarSetStructFieldByName(all, "bbox_x1", i, number(1));
      Mat_VarSetStructFieldByName(all, "bbox_y1", i, number(11));
      Mat_VarSetStructFieldByName(all, "bbox_x2", i, number(40));
      Mat_VarSetStructFieldByName(all, "bbox_y2", i, number(30));
      Mat_VarSetStructFieldByName(all, "class", i, number(at - names.begin() + 1));
      Mat_VarSetStructFieldByName(all, file_field.c_str(), i, text(prefix + items[i].file));
      if (with_test)
        Mat_VarSetStructFieldByName(all, "test", i, number(items[i].part == Part::kTest));
    }
    write_and_free(all);
  }

 private:
  matvar_t* text(std::string value) const {
    std::size_t dims[2] = {1, value.size()};
    std::u16string utf16(value.begin(), value.end());
    return wide_ ? Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UINT16, 2, dims, utf16.data(), 0)
                 : Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UINT8, 2, dims, value.data(), 0);
  }

  matvar_t* number(std::ptrdiff_t value) const {
    std::size_t dims[2] = {1, 1};
    auto byte = static_cast<std::uint8_t>(value);
    auto real = static_cast<double>(value);
    return wide_ ? Mat_VarCreate(nullptr, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims, &real, 0)
                 : Mat_VarCreate(nullptr, MAT_C_UINT8, MAT_T_UINT8, 2, dims, &byte, 0);
  }

  void write_and_free(matvar_t* variable) {
    Mat_VarWrite(file_.get(), variable, wide_ ? MAT_COMPRESSION_ZLIB : MAT_COMPRESSION_NONE);
    Mat_VarFree(variable);
  }

  bool wide_;
  std::unique_ptr<mat_t, int (*)(mat_t*)> file_;
};

std::string write_official_cars(const fs::path& folder, const std::vector<Item>& items) {
  const std::vector<std::string> names = class_names(items);
  std::vector<Item> train, test;
  for (const auto& item : items) (item.part == Part::kTest ? test : train).push_back(item);
  for (const auto& item : train) write(folder / "cars_train" / item.file, item.file);
  for (const auto& item : test) write(folder / "cars_test" / item.file, item.file);
  fs::create_directories(folder / "devkit");
  MatWriter(folder / "devkit/cars_meta.mat", true).class_names(names);
  MatWriter(folder / "devkit/cars_train_annos.mat", true)
      .annotations(train, names, "fname", "", false);
  if (!test.empty())
    MatWriter(folder / "cars_test_annos_withlabels.mat", false)
        .annotations(test, names, "fname", "", false);
  return folder.string();
}

std::string write_combined_cars(const fs::path& folder, const std::vector<Item>& items,
                                bool names_inside) {
  const std::vector<std::string> names = class_names(items);
  for (const auto& item : items) write(folder / "car_ims" / item.file, item.file);
  MatWriter annotations(folder / "cars_annos.mat", false);
  annotations.annotations(items, names, "relative_im_path", "car_ims/",
                          items.front().part.has_value());
  if (names_inside)
    annotations.class_names(names);
  else
    MatWriter(folder / "cars_meta.mat", false).class_names(names);
  return folder.string();
}

struct Layout {
  std::string name, reader;
  Writer write;
};

class EveryReader : public ::testing::TestWithParam<Layout> {
 protected:
  std::string make(const std::vector<Item>& items) const {
    return GetParam().write(folder_.path(), items);
  }
  // What read_dataset throws.
  std::string error_of(const std::string& path, const std::string& reader = "") const {
    try {
      read_dataset(path, reader);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }
  TemporaryFolder folder_;
};

std::vector<Item> three_classes(bool with_parts) {
  std::vector<Item> items;
  for (const char* name : {"Acura RL Sedan 2012", "BMW M3 Coupe 2012", "Ram C-V Cargo Van 2012"})
    for (int i = 0; i < 4; ++i) {
      const auto part = i == 3 ? Part::kTest : Part::kTrain;
      items.push_back({name, fmt::format("{:05}.jpg", items.size() + 1),
                       with_parts ? std::optional(part) : std::nullopt});
    }
  return items;
}

TEST_P(EveryReader, ListsEachPhotographOnceWithItsClass) {
  const std::vector<Item> items = three_classes(false);
  const Dataset dataset = read_dataset(make(items));
  EXPECT_EQ(dataset.reader, GetParam().reader);
  EXPECT_EQ(dataset.classes, class_names(items));
  std::map<std::string, std::string> expected, found;
  for (const auto& item : items) expected[item.file] = item.class_name;
  for (const auto& photograph : dataset.photographs) {
    EXPECT_TRUE(fs::exists(photograph.path)) << photograph.path;
    EXPECT_EQ(photograph.content_hash, "");
    EXPECT_EQ(photograph.given_part, std::nullopt);
    found[fs::path(photograph.path).filename().string()] = dataset.classes[photograph.label];
  }
  EXPECT_EQ(dataset.photographs.size(), items.size());
  EXPECT_EQ(found, expected);
}

TEST_P(EveryReader, KeepsAGivenSplit) {
  const std::vector<Item> items = three_classes(true);
  std::map<std::string, std::optional<Part>> expected, found;
  for (const auto& item : items) expected[item.file] = item.part;
  for (const auto& photograph : read_dataset(make(items)).photographs)
    found[fs::path(photograph.path).filename().string()] = photograph.given_part;
  EXPECT_EQ(found, expected);
}

TEST_P(EveryReader, ReadsTheSameTwice) {
  const std::string path = make(three_classes(false));
  EXPECT_EQ(read_dataset(path), read_dataset(path, GetParam().reader));
}

TEST_P(EveryReader, IsTheOnlyOneBeforeFolderToRecognizeItsLayout) {
  const std::string path = make(three_classes(false));
  for (const auto& reader : dataset_readers()) {
    if (reader->name() == "folder" && GetParam().reader != "folder") continue;
    EXPECT_EQ(reader->recognizes(path), reader->name() == GetParam().reader) << reader->name();
  }
}

TEST_P(EveryReader, RefusesASingleClass) {
  std::vector<Item> items = three_classes(false);
  items.resize(4);
  EXPECT_THAT(error_of(make(items)), HasSubstr("only one class, \"Acura RL Sedan 2012\""));
}

TEST_P(EveryReader, RefusesAPathThatIsNotThere) {
  EXPECT_THAT(error_of((folder_ / "nowhere").string(), GetParam().reader),
              HasSubstr("no such file or folder"));
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, EveryReader,
    ::testing::Values(Layout{"ImageFolder", "folder", write_image_folder},
                      Layout{"Csv", "csv", write_csv},
                      Layout{"OfficialCars", "stanford-cars", write_official_cars},
                      Layout{"CombinedCarsWithNames", "stanford-cars",
                             [](const fs::path& folder, const std::vector<Item>& items) {
                               return write_combined_cars(folder, items, true);
                             }},
                      Layout{"CombinedCarsWithMeta", "stanford-cars",
                             [](const fs::path& folder, const std::vector<Item>& items) {
                               return write_combined_cars(folder, items, false);
                             }}),
    [](const auto& layout) { return layout.param.name; });

std::string error_of(const std::string& path, const std::string& reader = "") {
  try {
    read_dataset(path, reader);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ReadDataset, NamesTheNearestReader) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of(folder.path().string(), "foldr"), HasSubstr("did you mean \"folder\"?"));
}

TEST(ReadDataset, RefusesWhatNoReaderKnows) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of(folder.path().string()), HasSubstr("no data set is recognized there"));
  write(folder / "notes.txt", "x");
  EXPECT_THAT(error_of((folder / "notes.txt").string()), HasSubstr("no data set is recognized"));
}

TEST(FolderReader, PassesOverHiddenFilesAndSurvivesLoopsOfLinks) {
  const TemporaryFolder folder;
  write(folder / "a/1.jpg", "1");
  write(folder / "a/deeper/2.jpg", "2");
  write(folder / "a/.DS_Store", "x");
  write(folder / ".git/config", "x");
  write(folder / "README", "x");
  write(folder / "b/3.jpg", "3");
  fs::create_directory_symlink("..", folder / "a/deeper/up");
  fs::create_directory_symlink("../b", folder / "a/other");
  fs::create_directory_symlink("../a", folder / "b/other");
  const Dataset dataset = read_dataset(folder.path().string());
  EXPECT_THAT(dataset.classes, ElementsAre("a", "b"));
  std::multiset<std::string> names;
  for (const auto& photograph : dataset.photographs)
    names.insert(fs::path(photograph.path).filename().string());
  // Each class follows the link into the other one.
  EXPECT_THAT(names, ElementsAre("1.jpg", "1.jpg", "2.jpg", "2.jpg", "3.jpg", "3.jpg"));
}

TEST(FolderReader, ListsALinkThatLeadsNowhereSoThatCheckNamesIt) {
  const TemporaryFolder folder;
  write(folder / "a/1.jpg", "1");
  write(folder / "b/2.jpg", "2");
  fs::create_symlink("gone.jpg", folder / "b/3.jpg");
  EXPECT_EQ(read_dataset(folder.path().string()).photographs.size(), 3u);
}

TEST(FolderReader, TakesClassesNamedLikePartsForClasses) {
  const TemporaryFolder folder;
  for (const char* name : {"train/1.jpg", "train/2.jpg", "test/3.jpg", "bus/4.jpg"})
    write(folder / name, name);
  EXPECT_THAT(read_dataset(folder.path().string()).classes, ElementsAre("bus", "test", "train"));
}

TEST(Csv, QuotesCommasAndLineEnds) {
  const auto records =
      parse_csv("\xef\xbb\xbf\"a,b\",\"say \"\"hi\"\"\"\r\n\n\"two\nlines\",x\nlast,", "x.csv");
  EXPECT_THAT(records, ElementsAre(CsvRecord{1, {"a,b", "say \"hi\""}},
                                   CsvRecord{3, {"two\nlines", "x"}}, CsvRecord{5, {"last", ""}}));
}

TEST(Csv, WrittenThenParsedIsTheSame) {
  RandomStream random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::vector<std::string>> rows(1 + random.below(4));
    std::string text;
    for (auto& row : rows) {
      row.resize(2 + random.below(3));
      for (std::size_t i = 0; i < row.size(); ++i) {
        std::string quoted;
        for (std::size_t n = random.below(6); n > 0; --n) {
          row[i] += "a,\"\n\r x"[random.below(7)];
          quoted += row[i].back() == '"' ? "\"\"" : row[i].substr(row[i].size() - 1);
        }
        text += (i > 0 ? ",\"" : "\"") + quoted + "\"";
      }
      text += random.below(2) == 0 ? "\n" : "\r\n";
    }
    std::vector<std::vector<std::string>> parsed;
    for (auto& record : parse_csv(text, "x.csv")) parsed.push_back(record.fields);
    EXPECT_EQ(parsed, rows) << text;
  }
}

std::string csv_error(const std::string& text) {
  const TemporaryFolder folder;
  write(folder / "labels.csv", text);
  const std::string error = error_of((folder / "labels.csv").string());
  const std::size_t at = error.find("labels.csv");
  return at == std::string::npos ? error : error.substr(at);
}

TEST(Csv, ErrorsNameTheLine) {
  EXPECT_THAT(csv_error("a,x\nb,y,test\n"), HasSubstr("labels.csv:2: 3 fields"));
  EXPECT_THAT(csv_error("a,x\n\"b,y\n"), HasSubstr("labels.csv:2: a quote that is not closed"));
  EXPECT_THAT(csv_error("a,x\n\"b\"c,y\n"), HasSubstr("labels.csv:2: "));
  EXPECT_THAT(csv_error("a,x,train\nb,y,tset\n"), HasSubstr("labels.csv:2: split \"tset\""));
  EXPECT_THAT(csv_error("a,x,train\nb,y,\n"), HasSubstr("labels.csv:2: give a split for every"));
  EXPECT_THAT(csv_error("a,x\n,y\n"), HasSubstr("labels.csv:2: the path is empty"));
  EXPECT_THAT(csv_error("a,x\nb,\n"), HasSubstr("labels.csv:2: the label is empty"));
  EXPECT_THAT(csv_error("a\nb\n"), HasSubstr("labels.csv:1: path,label"));
  EXPECT_THAT(csv_error(""), HasSubstr("no photographs"));
}

TEST(Csv, HeaderMayNameColumnsInAnyOrder) {
  const TemporaryFolder folder;
  write(folder / "labels.csv", "id,Label,Path\n1,cat,a.jpg\n2,dog,/b.jpg\n");
  const Dataset dataset = read_dataset((folder / "labels.csv").string());
  EXPECT_THAT(dataset.classes, ElementsAre("cat", "dog"));
  EXPECT_EQ(dataset.photographs[0].path, (folder / "a.jpg").string());
  EXPECT_EQ(dataset.photographs[1].path, "/b.jpg");
}

TEST(StanfordCars, BoxesCountFromZeroAndHoldTheirLastPixel) {
  const std::vector<Item> items = {{"Audi", "1.jpg", Part::kTrain}, {"BMW", "2.jpg", Part::kTest}};
  const testing::TemporaryFolder official, combined;
  for (const std::string& path : {write_official_cars(official.path(), items),
                                  write_combined_cars(combined.path(), items, true)}) {
    const auto boxes = StanfordCarsReader::boxes(path);
    for (const Photograph& photograph : read_dataset(path).photographs)
      EXPECT_EQ(boxes.at(photograph.path), (Box{0, 10, 40, 30})) << photograph.path;
    EXPECT_EQ(boxes.size(), 2u);
  }
}

TEST(StanfordCars, NamesWhatIsWrongInItsFiles) {
  const TemporaryFolder folder;
  std::vector<Item> items = three_classes(false);
  const std::string path = write_combined_cars(folder.path(), items, true);
  {
    MatWriter broken(folder / "cars_annos.mat", false);
    broken.annotations(items, {"Acura RL Sedan 2012"}, "relative_im_path", "", false);
    broken.class_names({"Acura RL Sedan 2012"});
  }
  EXPECT_THAT(error_of(path), HasSubstr("annotation 5 (00005.jpg) has class 2, of 1 classes"));
  MatWriter(folder / "cars_annos.mat", false).class_names({"a", "b"});
  EXPECT_THAT(error_of(path), HasSubstr("no variable \"annotations\""));
  write(folder / "cars_annos.mat", "not a MATLAB file");
  EXPECT_THAT(error_of(path), HasSubstr("cannot be read as a MATLAB file"));
}

TEST(StanfordCars, ReadsTheRealOnes) {
  const std::string shared = testing::shared_folder(FRUGAL_SHARED_DEFAULT);
  if (shared.empty()) GTEST_SKIP() << "no shared data here";
  const Dataset dataset = read_dataset(shared + "/data/stanford-cars");
  EXPECT_EQ(dataset.reader, "stanford-cars");
  EXPECT_EQ(dataset.classes.size(), 196u);
  EXPECT_EQ(dataset.classes[0], "AM General Hummer SUV 2000");
  EXPECT_EQ(dataset.photographs.size(), 6114u);
  EXPECT_EQ(dataset.photographs[0].label, 13u);  // class 14 in the file
}

}  // namespace
}  // namespace frugal::data
