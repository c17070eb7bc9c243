#include "vision/data/stanford_cars_reader.h"

#include <fmt/format.h>

#include <filesystem>
#include <initializer_list>

#include "base/error.h"
#include "vision/data/mat_file.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;

// The .mat file in devkit/ or beside the folders; "" when it is in neither.
std::string find_mat(const fs::path& root, std::string_view name) {
  for (const fs::path& candidate : {root / "devkit" / name, root / name}) {
    std::error_code ignored;  // what cannot be looked at is not there
    if (fs::is_regular_file(candidate, ignored)) return candidate.string();
  }
  return "";
}

std::vector<std::string> read_class_names(const fs::path& root, const std::string& annotations) {
  for (const std::string& path : {annotations, find_mat(root, "cars_meta.mat")}) {
    if (path.empty()) continue;
    const MatFile file(path);
    if (file.has("class_names")) return file.strings("class_names");
  }
  throw InputError(
      fmt::format("{}: no class names: neither \"class_names\" in {} nor cars_meta.mat in devkit/",
                  root.string(), annotations));
}

// Appends the photographs of one file of annotations, whose field file_field names the picture
// below folder. part: for all of them; when it is empty, the field "test" tells, if there is one.
void read_annotations(const std::string& path, const std::string& file_field,
                      const fs::path& folder, std::optional<Part> part, Dataset& dataset) {
  const MatFile file(path);
  const std::vector<std::string> names = file.field_strings("annotations", file_field);
  const std::vector<double> classes = file.field_numbers("annotations", "class");
  std::vector<double> test;
  if (!part && file.has_field("annotations", "test"))
    test = file.field_numbers("annotations", "test");
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double number = classes[i];
    if (!(number >= 1 && number <= static_cast<double>(dataset.classes.size())))
      throw InputError(fmt::format("{}: annotation {} ({}) has class {}, of {} classes", path,
                                   i + 1, names[i], number, dataset.classes.size()));
    std::optional<Part> given = part;
    if (!test.empty()) given = test[i] != 0 ? Part::kTest : Part::kTrain;
    dataset.photographs.push_back(
        {(folder / names[i]).string(), static_cast<std::size_t>(number) - 1, "", given});
  }
}

// Of one file of annotations, as read_annotations.
void read_boxes(const std::string& path, const std::string& file_field, const fs::path& folder,
                std::map<std::string, Box>& boxes) {
  const MatFile file(path);
  for (const char* field : {"bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2"})
    if (!file.has_field("annotations", field)) return;
  const auto names = file.field_strings("annotations", file_field);
  const auto left = file.field_numbers("annotations", "bbox_x1");
  const auto top = file.field_numbers("annotations", "bbox_y1");
  const auto right = file.field_numbers("annotations", "bbox_x2");
  const auto bottom = file.field_numbers("annotations", "bbox_y2");
  for (std::size_t i = 0; i < names.size(); ++i)
    boxes[(folder / names[i]).string()] = {left[i] - 1, top[i] - 1, right[i], bottom[i]};
}

}  // namespace

std::map<std::string, Box> StanfordCarsReader::boxes(const std::string& path) {
  const fs::path root = path;
  std::map<std::string, Box> boxes;
  const std::string train = find_mat(root, "cars_train_annos.mat");
  const std::string test = find_mat(root, "cars_test_annos_withlabels.mat");
  const std::string combined = find_mat(root, "cars_annos.mat");
  if (!train.empty()) read_boxes(train, "fname", root / "cars_train", boxes);
  if (!train.empty() && !test.empty()) read_boxes(test, "fname", root / "cars_test", boxes);
  if (train.empty() && !combined.empty()) read_boxes(combined, "relative_im_path", root, boxes);
  return boxes;
}

bool StanfordCarsReader::recognizes(const std::string& path) const {
  return !find_mat(path, "cars_train_annos.mat").empty() ||
         !find_mat(path, "cars_annos.mat").empty();
}

Dataset StanfordCarsReader::read(const std::string& path) const {
  Dataset dataset{.root = path, .reader = std::string(name()), .classes = {}, .photographs = {}};
  const fs::path root = path;
  const std::string train = find_mat(root, "cars_train_annos.mat");
  const std::string combined = find_mat(root, "cars_annos.mat");
  if (train.empty() && combined.empty())
    throw InputError(fmt::format(
        "{}: no devkit/cars_train_annos.mat and no cars_annos.mat; is it Stanford Cars?", path));
  if (train.empty()) {
    dataset.classes = read_class_names(root, combined);
    read_annotations(combined, "relative_im_path", root, std::nullopt, dataset);
    return dataset;
  }
  dataset.classes = read_class_names(root, train);
  const std::string test = find_mat(root, "cars_test_annos_withlabels.mat");
  std::error_code ignored;  // what cannot be looked at is not there
  const bool has_test = !test.empty() && fs::is_directory(root / "cars_test", ignored);
  read_annotations(train, "fname", root / "cars_train",
                   has_test ? std::optional(Part::kTrain) : std::nullopt, dataset);
  if (has_test) read_annotations(test, "fname", root / "cars_test", Part::kTest, dataset);
  return dataset;
}

}  // namespace frugal::data
