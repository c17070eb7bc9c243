// Stanford Cars (Krause et al. 2013), in both of its layouts:
//   cars_train/00001.jpg ... and devkit/cars_train_annos.mat (annotations: class, fname), with the
//   names in devkit/cars_meta.mat (class_names); when cars_test/ and its labels
//   (cars_test_annos_withlabels.mat) are there too, they are the given test part;
//   car_ims/000001.jpg ... and cars_annos.mat (annotations: class, relative_im_path, test), with
//   the names inside it or in cars_meta.mat; test declares the given test part.
// The .mat files may lie in devkit/ or beside the folders. Photographs are taken whole; the boxes
// (bbox_x1 and so on, 1 and the last pixel inside) are for who asks for them.
#pragma once

#include <map>
#include <string>

#include "vision/data/boxes.h"
#include "vision/data/dataset.h"

namespace frugal::data {

class StanfordCarsReader final : public DatasetReader {
 public:
  std::string_view name() const override { return "stanford-cars"; }
  bool recognizes(const std::string& path) const override;
  Dataset read(const std::string& path) const override;
  // By the photographs' paths; empty when the annotations have none. Throws InputError.
  static std::map<std::string, Box> boxes(const std::string& path);
};

}  // namespace frugal::data
