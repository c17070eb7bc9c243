// Where the object stands in photographs, for data sets that say so.
#pragma once

#include <map>
#include <string>

#include "vision/data/dataset.h"
#include "vision/data/image.h"

namespace frugal::data {

// Of the upright photograph, in pixels from its upper left corner.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
  bool operator==(const Box&) const = default;
};

// By Photograph::path; empty when the data set has none. Read from boxes.csv in the data set's
// folder (columns path, left, top, right, bottom; paths relative to it), else from Stanford Cars'
// annotations. Throws InputError that names the file and the line.
std::map<std::string, Box> read_boxes(const Dataset& dataset);

// The box in a view that is cut from the centre of a canvas that the photograph was resized to
// cover (resize_and_center_crop): its part inside, which may be empty.
Box box_in_view(const Box& box, Size photograph, Size canvas, Size view);

}  // namespace frugal::data
