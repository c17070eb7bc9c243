// Policies by name and as text.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "vision/augment/policy.h"

namespace frugal::augment {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else if (c != ' ')
      parts.back() += c;
  }
  return parts;
}

// "0.5" as a number, "0..10" as a range, anything else as it stands, for policy_from_json to
// refuse.
Json value_of(const std::string& text, const std::string& where) {
  const auto dots = text.find("..");
  if (dots == std::string::npos) return parse_yaml(text, where);
  return {{"min", parse_yaml(text.substr(0, dots), where)},
          {"max", parse_yaml(text.substr(dots + 2), where)}};
}

// "blur:probability=0.3,hue:turn=-0.1..0.1"
Policy policy_from_words(const std::string& text, const std::string& where) {
  Json list = Json::array();
  for (const std::string& words : split(text, ',')) {
    const std::vector<std::string> parts = split(words, ':');
    Json use = {{"transform", parts.front()}};
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const auto equals = parts[i].find('=');
      if (equals == std::string::npos || equals == 0)
        throw InputError(
            fmt::format("{}: \"{}\" after {} must be PARAMETER=VALUE, such as probability=0.5",
                        where, parts[i], parts.front()));
      use[parts[i].substr(0, equals)] = value_of(parts[i].substr(equals + 1), where);
    }
    list.push_back(use);
  }
  return policy_from_json({{"transforms", list}}, where);
}

const char* const kCropFlip = "random_crop,horizontal_flip:probability=0.5";

std::vector<NamedPolicy> make_named_policies() {
  const auto named = [](const std::string& name, const std::string& meaning,
                        const std::string& more) {
    const std::string words = more.empty() ? kCropFlip : fmt::format("{},{}", kCropFlip, more);
    return NamedPolicy{name, meaning, policy_from_words(words, name)};
  };
  return {
      {"none", "the centre of every photograph", {}},
      named("crop-flip", "a random crop, mirrored half of the time", ""),
      named("trivial", "crop-flip and TrivialAugmentWide", "trivial_augment"),
      named("rand", "crop-flip and RandAugment, its magnitude open",
            "rand_augment:magnitude=0..30"),
      named("auto", "crop-flip and AutoAugment's policy for ImageNet", "auto_augment"),
      named("study", "crop-flip and the 2020 study's four constants, open",
            "brightness:factor=0..10,contrast:factor=0..100,saturation:factor=0..100,"
            "hue:turn=-0.5..0.5"),
      named(
          "study-spread", "crop-flip and the study's four as distributions, their widths open",
          "brightness:range=0..10,contrast:range=0..100,saturation:range=0..100,hue:range=0..0.5"),
      named("wide", "crop-flip and most of the table, off until the search turns it on",
            "brightness:range=0..1,contrast:range=0..1,saturation:range=0..1,hue:range=0..0.5,"
            "rotation:range=0..45,shear:range=0..25,translation:range=0..0.3,"
            "grayscale:probability=0..1,blur:deviation=0..2,noise:deviation=0..0.2,"
            "sharpness:range=0..1,erasing:probability=0..1,trivial_augment:probability=0..1,"
            "mixup:probability=0..1,cutmix:probability=0..1"),
  };
}

std::string names(const std::vector<NamedPolicy>& policies) {
  std::vector<std::string> list;
  for (const NamedPolicy& named : policies) list.push_back(named.name);
  return fmt::format("{}", fmt::join(list, ", "));
}

}  // namespace

const std::vector<NamedPolicy>& named_policies() {
  static const std::vector<NamedPolicy> list = [] {
    auto made = make_named_policies();
    // Untuned, the wide space is crop-flip: what is not drawn around its neutral value is off.
    for (TransformUse& use : made.back().policy.uses) {
      if (use.open.contains("probability")) use.probability = 0;
      if (use.open.contains("deviation")) use.parameters["deviation"] = 0;
    }
    return made;
  }();
  return list;
}

Policy policy_named(const std::string& text) {
  for (const NamedPolicy& named : named_policies())
    if (named.name == text) return named.policy;
  if (text.starts_with('{')) return policy_from_json(parse_json(text, "augment"), "augment");
  if (std::filesystem::is_regular_file(text)) return policy_from_json(read_config(text), text);

  const std::string first = text.substr(0, text.find_first_of(",:"));
  const bool words = first.size() < text.size() ||
                     std::any_of(transforms().begin(), transforms().end(),
                                 [&](const Transform& known) { return known.name == first; });
  if (words) return policy_from_words(text, "augment");
  throw InputError(
      fmt::format("augment: \"{}\" is neither a policy ({}) nor a file nor a list of transforms",
                  text, names(named_policies())));
}

std::string portable_policy(const std::string& text) {
  for (const NamedPolicy& named : named_policies())
    if (named.name == text) return text;
  return to_json(policy_named(text)).dump();
}

}  // namespace frugal::augment
