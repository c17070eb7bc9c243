#include "vision/data/boxes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "vision/data/testing.h"

namespace frugal::data {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

TEST(Boxes, StandInATableInTheDataSetsFolder) {
  const testing::TemporaryFolder folder;
  Dataset dataset;
  dataset.root = folder.path().string();
  EXPECT_THAT(read_boxes(dataset), IsEmpty());
  write_file(folder / "boxes.csv", "label,path,left,top,right,bottom\na,a/1.png,1,2,30.5,40\n");
  const auto boxes = read_boxes(dataset);
  EXPECT_EQ(boxes.size(), 1u);
  EXPECT_EQ(boxes.at((folder / "a/1.png").string()), (Box{1, 2, 30.5, 40}));
  dataset.root = (folder / "labels.csv").string();  // of a CSV, beside it
  EXPECT_EQ(read_boxes(dataset), boxes);
}

TEST(Boxes, ABrokenTableIsNamedWithItsLine) {
  const testing::TemporaryFolder folder;
  Dataset dataset;
  dataset.root = folder.path().string();
  const auto expect = [&](const char* text, const char* message) {
    write_file(folder / "boxes.csv", text);
    EXPECT_THAT([&] { read_boxes(dataset); }, ThrowsMessage<InputError>(HasSubstr(message)));
  };
  expect("path,left,top,right\n", "boxes.csv:1: has no column \"bottom\"");
  expect("path,left,top,right,bottom\na,1,2,x,4\n", "boxes.csv:2: \"x\" is no number");
  expect("path,left,top,right,bottom\na,1,2,3\n", "boxes.csv:2: has 4 fields, the header 5");
  expect("path,left,top,right,bottom\na,5,2,3,4\n", "boxes.csv:2: the box is empty");
}

TEST(Boxes, FollowThePhotographIntoTheView) {
  // 100 × 200 (height × width) to a canvas of 50 × 50: halved, 25 columns cut off on either side;
  // of it the view of 40 × 40 loses 5 more on all sides.
  const Box whole = box_in_view({0, 0, 200, 100}, {100, 200}, {50, 50}, {40, 40});
  EXPECT_EQ(whole, (Box{0, 0, 40, 40}));
  const Box part = box_in_view({80, 30, 120, 60}, {100, 200}, {50, 50}, {40, 40});
  EXPECT_EQ(part, (Box{10, 10, 30, 25}));
  const Box outside = box_in_view({0, 0, 20, 100}, {100, 200}, {50, 50}, {40, 40});
  EXPECT_EQ(outside.left, outside.right);
}

}  // namespace
}  // namespace frugal::data
