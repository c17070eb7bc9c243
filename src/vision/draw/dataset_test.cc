#include "vision/draw/dataset.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "vision/data/image.h"

namespace frugal::draw {
namespace {

namespace fs = std::filesystem;

class DrawDataset : public testing::Test {
 protected:
  DrawDataset()
      : root_(fs::temp_directory_path() /
              ("frugal-draw-" + std::to_string(std::random_device{}()))) {
    fs::create_directory(root_);
  }
  ~DrawDataset() override { fs::remove_all(root_); }

  static std::map<std::string, std::string> files(const fs::path& folder) {
    std::map<std::string, std::string> content;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file())
        content[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
    return content;
  }

  const DrawOptions options_{.classes = 3, .per_class = 4, .size = 32, .seed = 11};
  SilentProgress silent_;
  fs::path root_;
};

TEST_F(DrawDataset, HasOneFolderAClassOfDecodablePhotographs) {
  const fs::path folder = root_ / "new" / "vehicles";
  draw_dataset(options_, folder, silent_);
  for (const ClassShape& shape : class_shapes({.classes = 3, .seed = 11})) {
    const auto photographs = fs::directory_iterator(folder / shape.name);
    EXPECT_EQ(std::distance(fs::begin(photographs), fs::end(photographs)), 4);
    const data::Image image = data::read_image((folder / shape.name / "0003.jpg").string());
    EXPECT_EQ(image.height, 32u);
    EXPECT_EQ(image.width, 32u);
  }
  EXPECT_EQ(files(folder).size(), 3u * 4 + 1);  // and the record of what was drawn
}

TEST_F(DrawDataset, DoesNotDependOnTheNumberOfThreads) {
  DrawOptions parallel = options_;
  parallel.threads = 3;
  draw_dataset(options_, root_ / "one", silent_);
  draw_dataset(parallel, root_ / "three", silent_);
  EXPECT_EQ(files(root_ / "one"), files(root_ / "three"));
}

TEST_F(DrawDataset, AnotherSeedDrawsOtherPhotographs) {
  DrawOptions other = options_;
  other.seed = 12;
  draw_dataset(options_, root_ / "a", silent_);
  draw_dataset(other, root_ / "b", silent_);
  EXPECT_NE(files(root_ / "a"), files(root_ / "b"));
}

TEST_F(DrawDataset, WhatIsDrawnAlreadyIsLeftAlone) {
  draw_dataset(options_, root_ / "a", silent_);
  const fs::path photograph = root_ / "a" / "arden-saloon" / "0000.jpg";
  std::ofstream(photograph) << "touched";
  draw_dataset(options_, root_ / "a/", silent_);
  EXPECT_EQ(read_file(photograph), "touched");
}

TEST_F(DrawDataset, BeginsAgainAfterAnInterruption) {
  fs::create_directories(root_ / "a.unfinished" / "left-over");
  draw_dataset(options_, root_ / "a", silent_);
  EXPECT_FALSE(fs::exists(root_ / "a.unfinished"));
  EXPECT_FALSE(fs::exists(root_ / "a" / "left-over"));
}

TEST_F(DrawDataset, NeverTouchesAFolderThatHoldsSomethingElse) {
  fs::create_directory(root_ / "mine");
  std::ofstream(root_ / "mine" / "letter.txt") << "dear";
  EXPECT_THROW(draw_dataset(options_, root_ / "mine", silent_), InputError);
  EXPECT_EQ(read_file(root_ / "mine" / "letter.txt"), "dear");

  draw_dataset(options_, root_ / "a", silent_);
  DrawOptions larger = options_;
  larger.size = 48;
  EXPECT_THROW(draw_dataset(larger, root_ / "a", silent_), InputError);
}

TEST_F(DrawDataset, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(root_ / "file") << "x";
  try {
    draw_dataset(options_, root_ / "file" / "vehicles", silent_);
    FAIL() << "drew into a file";
  } catch (const SystemError& error) {
    EXPECT_NE(std::string(error.what()).find("file/vehicles"), std::string::npos) << error.what();
  }
}

TEST_F(DrawDataset, SaysHowFarItIs) {
  class Recorder final : public ProgressSink {
   public:
    void progress(const Progress& progress) override { last = progress; }
    void message(const std::string&) override {}
    Progress last;
  } recorder;
  draw_dataset(options_, root_ / "a", recorder);
  EXPECT_EQ(recorder.last.done, 12u);
  EXPECT_EQ(recorder.last.total, 12u);
}

}  // namespace
}  // namespace frugal::draw
