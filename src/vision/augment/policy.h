// Augmentation: one table of transforms; policies are lists of transforms with parameters.
// Deterministic by (seed, epoch, photograph), on uint8. Thread-safe: each thread works in a buffer
// of its own that it keeps.
//
// As JSON or YAML a policy is the list of its transforms, in the order in which they are applied,
// with their parameters beside the name. A parameter, or the probability, that is given as a range
// is open: a search sets it; whatever does not search takes its value, else the transform's
// default where the range holds it, else the range's middle.
//   version: 1
//   transforms:
//     - transform: random_crop
//     - {transform: horizontal_flip, probability: 0.5}
//     - {transform: brightness, factor: {min: 0.5, max: 2, value: 1}}
// On the command line the same is
//   random_crop,horizontal_flip:probability=0.5,brightness:factor=0.5..2
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
  bool whole = false;
};

// Most transforms change one picture; those of the batch stage mix it with another training
// photograph's and its label with the other's (vision/augment/mix.h).
enum class Stage { kPicture, kBatch };

struct Transform {
  std::string name;
  std::string reference;  // where it is defined
  std::vector<TransformParameter> parameters;
  Stage stage = Stage::kPicture;
};

const std::vector<Transform>& transforms();

struct Interval {
  double min = 0, max = 1;
  bool operator==(const Interval&) const = default;
};

struct TransformUse {
  std::string transform;  // a row of transforms()
  double probability = 1;
  std::map<std::string, double> parameters;  // the missing ones take their default
  std::map<std::string, Interval> open;      // what a search sets, "probability" among them
  bool operator==(const TransformUse&) const = default;
};

struct Policy {
  std::vector<TransformUse> uses;
  bool operator==(const Policy&) const = default;
};

// The names that policy_named knows, and what stands behind each.
struct NamedPolicy {
  std::string name, meaning;
  Policy policy;
};
const std::vector<NamedPolicy>& named_policies();

// A named policy, a list of transforms as on the command line, a policy's JSON text, or a YAML or
// JSON file. Throws InputError that names the key and the range.
Policy policy_named(const std::string& text);

// The same policy as text that needs no file: a name as it is, anything else as JSON.
std::string portable_policy(const std::string& text);

Json to_json(const Policy& policy);
// Throws InputError that names the transform, the key, the nearest known one, the range; and for a
// version that this program does not know.
Policy policy_from_json(const Json& json, std::string_view where);

// An open parameter under the name by which a search knows it: "brightness" for a transform's first
// parameter, "hue_range", "blur_probability" for the others; "brightness_2" for a second use.
struct OpenParameter {
  std::string name;
  Interval interval;
  double value = 0;  // untuned
  bool whole = false;
};
std::vector<OpenParameter> open_parameters(const Policy& policy);
// In SigOpt's wire form, as train::study_parameters().
Json search_parameters(const Policy& policy);
// The policy with nothing open: the values that are given (by OpenParameter::name), the untuned
// ones for the rest. Throws InputError when a value lies outside its range or its name is unknown.
Policy with_values(const Policy& policy, const std::map<std::string, double>& values,
                   std::string_view where);

// What one view draws from: the same in training, in a preview and in an export.
RandomStream view_stream(std::uint64_t seed, std::size_t epoch, std::size_t photograph);

// One training view of one photograph. canvas: what the cache holds; view: what the network sees,
// not larger than the canvas. canvas_pixels: canvas.height × canvas.width × 3,
// view_pixels: view.height × view.width × 3. random: view_stream's.
// Without a cropping transform the view is the centre of the canvas. Brightness, contrast and
// saturation that follow one another are done in one go.
void apply(const Policy& policy, std::span<const std::uint8_t> canvas_pixels, data::Size canvas,
           data::Size view, RandomStream random, std::span<std::uint8_t> view_pixels);

// The evaluation view: the centre, nothing else.
void center(std::span<const std::uint8_t> canvas_pixels, data::Size canvas, data::Size view,
            std::span<std::uint8_t> view_pixels);

// The canvas that a view is cut from: a seventh larger on each side (256 for 224).
data::Size canvas_for(data::Size view);

}  // namespace frugal::augment
