// Augmentation: one table of transforms; policies are lists of transforms with parameters.
// Deterministic by (seed, epoch, photograph), on uint8, allocation-free per photograph.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
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

// A picture in, a picture out; canvas: what the cache holds, view: what the network sees.
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
Policy policy_from_json(const Json& json, std::string_view where);

// One training view of one photograph. canvas_pixels: canvas.height × canvas.width × 3,
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
