#include "vision/explain/retraining.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "vision/augment/policy.h"

namespace frugal::explain {
namespace {

namespace fs = std::filesystem;

constexpr double kStartSeconds = 1;  // of a run: reading weights, the head's start
constexpr double kLeastPixels = 32;  // of the short side
constexpr double kGoodEpochs = 2, kLeastEpochs = 1;
constexpr std::size_t kMostSeeds = 3, kLeastSeeds = 2;

std::string content_of(const data::Dataset& dataset, const std::vector<std::size_t>& indices) {
  std::string text;
  for (const std::size_t i : indices)
    text += dataset.photographs[i].content_hash + " " +
            std::to_string(dataset.photographs[i].label) + "\n";
  return sha256(text);
}

ShortRun run_from_json(const Json& json) {
  return {json.at("labels"), json.at("predictions"), json.at("training_loss"),
          json.at("wall_seconds")};
}

std::size_t scaled(std::size_t side, double scale, double least) {
  return static_cast<std::size_t>(
      std::max(std::min(least, static_cast<double>(side)),
               std::round(scale * static_cast<double>(side) / 16) * 16));
}

train::Recipe at_scale(train::Recipe recipe, double scale) {
  if (scale == 1) return recipe;
  recipe.height = scaled(recipe.height, scale, kLeastPixels);
  recipe.width = scaled(recipe.width, scale, kLeastPixels);
  return recipe;
}

// Seconds of one run of a recipe, and of what all runs share.
class Forecast {
 public:
  Forecast(const ShortRunRequest& request, const train::Speed& speed)
      : request_(request), speed_(speed) {}

  double run(const train::Recipe& recipe, double epochs) const {
    const double share = area_share(recipe);
    const auto n = static_cast<double>(request_.training_photographs);
    const auto judges = static_cast<double>(request_.judges);
    if (recipe.strategy == train::Strategy::kFeatures)
      return kStartSeconds +
             static_cast<double>(recipe.feature_views - 1) * n / speed_.inference_images_per_second;
    return kStartSeconds +
           share * (epochs * n / speed_.training_images_per_second +
                    std::ceil(epochs) * judges / speed_.inference_images_per_second);
  }
  double shared(const train::Recipe& recipe) const {
    return area_share(recipe) * static_cast<double>(request_.all_photographs) /
           speed_.inference_images_per_second;
  }
  double all(const train::Recipe& recipe, std::size_t seeds, double epochs) const {
    return shared(recipe) + static_cast<double>(seeds * request_.variants) * run(recipe, epochs);
  }
  bool fits(const train::Recipe& recipe, std::size_t seeds, double epochs) const {
    return all(recipe, seeds, epochs) <= request_.budget_seconds;
  }
  // At least `least`, which fits, and as many as the budget holds; a last judgement is paid for as
  // if it came after a whole epoch.
  double epochs_within(const train::Recipe& recipe, std::size_t seeds, double least) const {
    const double spare = request_.budget_seconds - all(recipe, seeds, std::ceil(least));
    const double epoch = run(recipe, 1) - kStartSeconds;
    const auto runs = static_cast<double>(seeds * request_.variants);
    return std::max(least, std::ceil(least) + std::floor(spare / (runs * epoch)));
  }

 private:
  double area_share(const train::Recipe& recipe) const {
    return static_cast<double>(recipe.height * recipe.width) /
           static_cast<double>(request_.recipe.height * request_.recipe.width);
  }
  const ShortRunRequest& request_;
  const train::Speed& speed_;
};

ShortRunPlan plan_features(const ShortRunRequest& request, const Forecast& forecast) {
  ShortRunPlan plan{request.recipe, 0, forecast.run(request.recipe, 1), 0};
  for (std::size_t seeds = kMostSeeds; seeds >= kLeastSeeds; --seeds) {
    plan.needed_seconds = forecast.all(request.recipe, seeds, 1);
    if (plan.needed_seconds > request.budget_seconds) continue;
    plan.seeds = seeds;
    break;
  }
  return plan;
}

}  // namespace

std::vector<bool> ShortRun::correct() const {
  std::vector<bool> right;
  for (std::size_t i = 0; i < labels.size(); ++i) right.push_back(labels[i] == predictions[i]);
  return right;
}

Retraining::Retraining(train::Environment environment, RetrainingOptions options)
    : environment_(std::move(environment)), options_(std::move(options)) {}

fs::path Retraining::file_of(const train::Recipe& recipe,
                             const train::TrainingPhotographs& training,
                             const train::HeldOutPhotographs& judges) const {
  const Json identity = {
      {"recipe", to_json(recipe)},
      {"policy", augment::to_json(augment::policy_named(recipe.augment))},
      {"weights",
       environment_.weights_path.empty() ? "" : sha256(read_file(environment_.weights_path))},
      {"training", content_of(training.dataset(), training.indices())},
      {"judges", content_of(judges.dataset(), judges.indices())}};
  return options_.folder / (sha256(identity.dump()).substr(0, 16) + ".json");
}

ShortRun Retraining::run(const train::Recipe& recipe, const train::TrainingPhotographs& training,
                         const train::HeldOutPhotographs& judges,
                         const std::string& model_folder) const {
  const fs::path file = file_of(recipe, training, judges);
  const bool has_model = model_folder.empty() || fs::exists(fs::path(model_folder) / "model.json");
  if (fs::exists(file) && has_model)
    return run_from_json(parse_json(read_file(file), file.string()));
  train::TrainOptions options;
  options.model_folder = model_folder;
  options.should_stop = options_.should_stop;
  options.on_message = options_.on_message;
  const train::TrainingSummary summary =
      train::train(recipe, training, judges, environment_, options);
  if (summary.ending == train::Ending::kStopped)
    throw Stopped("stopped; what was answered is kept, and the same command goes on");
  const ShortRun result{summary.validation.labels, summary.validation.predictions,
                        summary.history.back().training_loss, summary.wall_seconds};
  fs::create_directories(options_.folder);
  write_file(file, Json{{"recipe", to_json(recipe)},
                        {"labels", result.labels},
                        {"predictions", result.predictions},
                        {"training_loss", result.training_loss},
                        {"wall_seconds", result.wall_seconds}}
                       .dump());
  return result;
}

ShortRunPlan plan_short_runs(const ShortRunRequest& request, const train::Speed& speed) {
  const Forecast forecast(request, speed);
  if (request.recipe.strategy == train::Strategy::kFeatures)
    return plan_features(request, forecast);
  const double good = std::min(kGoodEpochs, request.recipe.epochs);
  const double least = std::min(kLeastEpochs, request.recipe.epochs);
  ShortRunPlan plan{request.recipe, 0, 0, 0};
  const auto take = [&](train::Recipe recipe, std::size_t seeds, double at_least) {
    recipe.epochs =
        std::min(request.recipe.epochs, forecast.epochs_within(recipe, seeds, at_least));
    plan = {recipe, seeds, forecast.run(recipe, recipe.epochs),
            forecast.all(recipe, seeds, recipe.epochs)};
    return plan;
  };
  for (const double scale : {1.0, 0.75, 0.5})
    for (std::size_t seeds = kMostSeeds; seeds >= kLeastSeeds; --seeds) {
      const train::Recipe recipe = at_scale(request.recipe, scale);
      if (forecast.fits(recipe, seeds, good)) return take(recipe, seeds, good);
    }
  const train::Recipe smallest = at_scale(request.recipe, 0.5);
  if (forecast.fits(smallest, kLeastSeeds, least)) return take(smallest, kLeastSeeds, least);
  plan.needed_seconds = forecast.all(smallest, kLeastSeeds, least);
  return plan;
}

}  // namespace frugal::explain
