#include "vision/augment/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "vision/augment/geometry.h"
#include "vision/augment/transforms.h"

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;

double read_number(const Json& value, double min, double max, const std::string& where) {
  if (!value.is_number())
    throw InputError(fmt::format("{}: expected a number from {:g} to {:g}", where, min, max));
  const double number = value.get<double>();
  if (!(number >= min && number <= max))
    throw InputError(fmt::format("{}: {:g} is not from {:g} to {:g}", where, number, min, max));
  return number;
}

const Transform& transform_named(const Json& name, const std::string& where) {
  std::vector<std::string> names;
  for (const Row& row : rows()) names.push_back(row.transform.name);
  if (!name.is_string())
    throw InputError(
        fmt::format("{}: \"transform\" must be one of {}", where, fmt::join(names, ", ")));
  const auto text = name.get<std::string>();
  if (const Row* row = find_row(text)) return row->transform;
  const std::string near = nearest(text, names);
  throw InputError(near.empty() ? fmt::format("{}: unknown transform \"{}\"; known are {}", where,
                                              text, fmt::join(names, ", "))
                                : fmt::format("{}: unknown transform \"{}\"; did you mean \"{}\"?",
                                              where, text, near));
}

TransformUse use_from_json(const Json& json, const std::string& where) {
  if (!json.is_object() || !json.contains("transform"))
    throw InputError(fmt::format("{}: expected an object with the key \"transform\"", where));
  const Transform& transform = transform_named(json["transform"], where);
  std::vector<std::string> known = {"transform", "probability"};
  for (const TransformParameter& parameter : transform.parameters) known.push_back(parameter.name);
  require_known_keys(json, known, where);

  TransformUse use{.transform = transform.name, .probability = 1, .parameters = {}};
  if (json.contains("probability"))
    use.probability = read_number(json["probability"], 0, 1, where + ": probability");
  for (const TransformParameter& parameter : transform.parameters)
    if (json.contains(parameter.name))
      use.parameters[parameter.name] =
          read_number(json[parameter.name], parameter.min, parameter.max,
                      fmt::format("{}: {}: {}", where, transform.name, parameter.name));
  return use;
}

}  // namespace

const std::vector<Transform>& transforms() {
  static const std::vector<Transform> list = [] {
    std::vector<Transform> made;
    for (const Row& row : rows()) made.push_back(row.transform);
    return made;
  }();
  return list;
}

Policy policy_named(const std::string& name_or_path) {
  if (name_or_path == "none") return {};
  if (name_or_path == "crop-flip") return {{{"random_crop", 1, {}}, {"horizontal_flip", 0.5, {}}}};
  if (!std::filesystem::is_regular_file(name_or_path))
    throw InputError(fmt::format("augment: \"{}\" is neither a policy (none, crop-flip) nor a file",
                                 name_or_path));
  return policy_from_json(read_config(name_or_path), name_or_path);
}

Json to_json(const Policy& policy) {
  Json list = Json::array();
  for (const TransformUse& use : policy.uses) {
    Json json = {{"transform", use.transform}, {"probability", use.probability}};
    for (const auto& [name, value] : use.parameters) json[name] = value;
    list.push_back(json);
  }
  return {{"transforms", list}};
}

Policy policy_from_json(const Json& json, std::string_view where) {
  require_known_keys(json, {"transforms"}, where);
  if (!json.contains("transforms") || !json["transforms"].is_array())
    throw InputError(fmt::format("{}: \"transforms\" must be a list", where));
  Policy policy;
  for (const Json& use : json["transforms"])
    policy.uses.push_back(
        use_from_json(use, fmt::format("{}: transform {}", where, policy.uses.size() + 1)));
  return policy;
}

void apply(const Policy& policy, std::span<const std::uint8_t> canvas_pixels, data::Size canvas,
           data::Size view, RandomStream random, std::span<std::uint8_t> view_pixels) {
  FRUGAL_CHECK(canvas_pixels.size() == canvas.height * canvas.width * kChannels);
  thread_local data::Image picture;  // kept for its memory alone
  picture.height = canvas.height;
  picture.width = canvas.width;
  picture.pixels.assign(canvas_pixels.begin(), canvas_pixels.end());
  for (std::size_t i = 0; i < policy.uses.size(); ++i) {
    const TransformUse& use = policy.uses[i];
    const Row* row = find_row(use.transform);
    FRUGAL_CHECK(row != nullptr, use.transform);
    RandomStream draws = random.derive(i);  // one use's draws do not move another's
    if (draws.uniform() >= use.probability) continue;
    row->function(picture, view, Values(row->transform, use), draws);
  }
  center(picture.pixels, {picture.height, picture.width}, view, view_pixels);
}

void center(std::span<const std::uint8_t> canvas_pixels, data::Size canvas, data::Size view,
            std::span<std::uint8_t> view_pixels) {
  FRUGAL_CHECK(view.height <= canvas.height && view.width <= canvas.width);
  FRUGAL_CHECK(canvas_pixels.size() == canvas.height * canvas.width * kChannels);
  FRUGAL_CHECK(view_pixels.size() == view.height * view.width * kChannels);
  const std::size_t top = (canvas.height - view.height) / 2;
  const std::size_t left = (canvas.width - view.width) / 2;
  for (std::size_t y = 0; y < view.height; ++y)
    std::memcpy(view_pixels.data() + y * view.width * kChannels,
                canvas_pixels.data() + ((top + y) * canvas.width + left) * kChannels,
                view.width * kChannels);
}

data::Size canvas_for(data::Size view) {
  const auto larger = [](std::size_t side) { return side + (side + 6) / 7; };
  return {larger(view.height), larger(view.width)};
}

}  // namespace frugal::augment
