// Augmentation: one table of transforms; policies are lists of transforms with parameters.
// Deterministic by (seed, epoch, photograph), on uint8. Thread-safe: each thread works in a buffer
// of its own that it keeps, so that a photograph costs no allocation (but for resized crops).
//
// As JSON or YAML a policy is the list of its transforms, in the order in which they are applied,
// with their parameters beside the name:
//   transforms:
//     - transform: random_crop
//     - {transform: horizontal_flip, probability: 0.5}
//     - {transform: brightness, range: 0.2}
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "vision/data/image.h"

namespace frugal::augment {

struct TransformParameter {
  std::string name;
  double min = 0, max = 1, default_value = 0;
  std::string meaning;
};

// A picture in, a picture out.
struct TransformUse {
  std::string transform;  // a row of transforms()
  double probability = 1;
  std::map<std::string, double> parameters;  // the missing ones take their default
  bool operator==(const TransformUse&) const = default;
};

struct Policy {
  std::vector<TransformUse> uses;
  bool operator==(const Policy&) const = default;
};

struct Transform {
  std::string name;
  std::string reference;  // where it is defined
  std::vector<TransformParameter> parameters;
};

const std::vector<Transform>& transforms();

// "none", "crop-flip", or a YAML/JSON file. Throws InputError that names the key and the range.
Policy policy_named(const std::string& name_or_path);
Json to_json(const Policy& policy);
// Throws InputError that names the transform, the key, the nearest known one, the range.
Policy policy_from_json(const Json& json, std::string_view where);

// One training view of one photograph. canvas: what the cache holds; view: what the network sees,
// not larger than the canvas. canvas_pixels: canvas.height × canvas.width × 3,
// view_pixels: view.height × view.width × 3. random: derived from (seed, epoch, photograph).
// Without a cropping transform the view is the centre of the canvas.
void apply(const Policy& policy, std::span<const std::uint8_t> canvas_pixels, data::Size canvas,
           data::Size view, RandomStream random, std::span<std::uint8_t> view_pixels);

// The evaluation view: the centre, nothing else.
void center(std::span<const std::uint8_t> canvas_pixels, data::Size canvas, data::Size view,
            std::span<std::uint8_t> view_pixels);

// The canvas that a view is cut from: a seventh larger on each side (256 for 224).
data::Size canvas_for(data::Size view);

}  // namespace frugal::augment
