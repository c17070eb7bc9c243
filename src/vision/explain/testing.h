// For this room's tests: small photographs whose class is a colour, in a folder of their own.
#pragma once

#include <string>

#include "base/file.h"
#include "vision/data/testing.h"
#include "vision/train/train.h"

namespace frugal::explain::testing {

struct Photographs {
  data::testing::TemporaryFolder folder;
  data::Dataset dataset;
  data::Split split;

  void add(const data::Image& image, std::size_t label, std::vector<std::size_t>& part) {
    const std::string png = encode_png(image);
    const std::size_t number = dataset.photographs.size();
    const std::string file = (folder / (std::to_string(number) + ".png")).string();
    write_file(file, png);
    dataset.photographs.push_back({.path = file, .label = label, .content_hash = sha256(png)});
    part.push_back(number);
  }
  train::Environment environment(const std::string& weights = "") const {
    return {weights, (folder / "cache").string(), 1};
  }
  train::HeldOutPhotographs test() const { return train::HeldOutPhotographs::test(dataset, split); }
  // A ridge head on the features of a network that has learnt nothing, in model/.
  std::string train_head(std::size_t pixels) {
    train::Recipe recipe;
    recipe.strategy = train::Strategy::kFeatures;
    recipe.head = train::Head::kRidge;
    recipe.height = recipe.width = pixels;
    recipe.precision = "fp32";
    recipe.augment = "none";
    const std::string model = (folder / "model").string();
    train::train(recipe, train::TrainingPhotographs(dataset, split),
                 train::HeldOutPhotographs::validation(dataset, split), environment(),
                 {.model_folder = model});
    return model;
  }
};

// Noise of size × size, tinted red, green or blue by class.
inline data::Image tinted(std::size_t label, std::size_t size, RandomStream random) {
  data::Image image{size, size, {}};
  for (std::size_t i = 0; i < size * size * 3; ++i)
    image.pixels.push_back(
        static_cast<std::uint8_t>((i % 3 == label ? 110 : 40) + random.below(100)));
  return image;
}

// 48 test photographs, whose classes nothing but colour tells.
inline void fill_with_tints(Photographs& photographs, std::size_t size) {
  photographs.dataset.classes = {"red", "green", "blue"};
  for (std::size_t i = 0; i < 84; ++i)
    photographs.add(tinted(i % 3, size, RandomStream(i)), i % 3,
                    i < 30   ? photographs.split.train
                    : i < 36 ? photographs.split.validation
                             : photographs.split.test);
}

}  // namespace frugal::explain::testing
