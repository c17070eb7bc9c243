#include "vision/train/model_folder.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "vision/model/normalization.h"

namespace frugal::train {
namespace {

namespace fs = std::filesystem;

constexpr int kVersion = 1;

std::string description_file(const std::string& folder) {
  return (fs::path(folder) / "model.json").string();
}

}  // namespace

std::string weights_file(const std::string& folder) {
  return (fs::path(folder) / "model.pth").string();
}

void write_model_folder(const std::string& folder, const Learner& learner, const Recipe& recipe,
                        const std::vector<std::string>& classes) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw SystemError(fmt::format("cannot make {}", folder), error.value());
  learner.write_weights(weights_file(folder));
  const Json description = {
      {"version", kVersion},
      {"network", recipe.network},
      {"classes", classes},
      {"recipe", to_json(recipe)},
      {"normalization", {{"mean", model::kChannelMean}, {"deviation", model::kChannelDeviation}}},
      {"weights", sha256(read_file(weights_file(folder)))}};
  write_file(description_file(folder), description.dump(2) + "\n");
}

ModelDescription read_model_description(const std::string& folder) {
  const std::string path = description_file(folder);
  if (!fs::is_regular_file(path) || !fs::is_regular_file(weights_file(folder)))
    throw InputError(fmt::format("{}: no model there (model.json and model.pth)", folder));
  const Json json = read_config(path);
  try {
    if (json.at("version").get<int>() > kVersion)
      throw InputError(fmt::format("{}: of a later version of frugal", path));
    if (json.at("weights") != sha256(read_file(weights_file(folder))))
      throw InputError(
          fmt::format("{}: model.json and model.pth do not belong together; train again", folder));
    return {recipe_from_json(json.at("recipe"), Recipe{}, path),
            json.at("classes").get<std::vector<std::string>>()};
  } catch (const Json::exception& error) {
    throw InputError(fmt::format("{}: not the description of a model: {}", path, error.what()));
  }
}

}  // namespace frugal::train
