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
constexpr std::size_t kMostSeeds = 3;

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

// Seconds of one run of a recipe, and of what all runs share. What frozen layers make of
// photographs is reckoned as if the whole network saw them.
class Forecast {
 public:
  Forecast(const ShortRunRequest& request, const train::Speed& speed)
      : request_(request), speed_(speed) {}

  double run(const train::Recipe& recipe, double epochs) const {
    return kCaution * (kStartSeconds + epochs_of(recipe, epochs));
  }
  double shared(const train::Recipe& recipe, std::size_t seeds) const {
    return kCaution * seconds_of(recipe, centre_looks(recipe) + augmented_looks(recipe, seeds));
  }
  double judging(const train::Recipe& recipe) const {
    return kCaution *
           seconds_of(recipe, static_cast<double>(request_.judgings) * judges_looks(recipe));
  }
  double all(const train::Recipe& recipe, std::size_t seeds, double epochs) const {
    return shared(recipe, seeds) + judging(recipe) +
           static_cast<double>(seeds * request_.variants) * run(recipe, epochs);
  }
  ShortRunPlan plan(const train::Recipe& recipe, std::size_t seeds) const {
    return {recipe,
            seeds,
            run(recipe, recipe.epochs),
            shared(recipe, seeds),
            judging(recipe),
            all(recipe, seeds, recipe.epochs)};
  }
  bool fits(const train::Recipe& recipe, std::size_t seeds, double epochs) const {
    return all(recipe, seeds, epochs) <= request_.budget_seconds;
  }
  // At least `least`, which fits, and as many as the budget holds; a last judgement is paid for as
  // if it came after a whole epoch.
  double epochs_within(const train::Recipe& recipe, std::size_t seeds, double least) const {
    const double spare = request_.budget_seconds - all(recipe, seeds, std::ceil(least));
    const double epoch = kCaution * epochs_of(recipe, 1);
    const auto runs = static_cast<double>(seeds * request_.variants);
    return std::max(least, std::ceil(least) + std::floor(spare / (runs * epoch)));
  }

 private:
  static constexpr double kCaution = 1 / (1 - kReserve);

  // Photographs that the network only looks at.
  double seconds_of(const train::Recipe& recipe, double looks) const {
    return area_share(recipe) * looks / speed_.inference_images_per_second;
  }
  static double sides(const train::Recipe& recipe) { return recipe.flip_test ? 2 : 1; }
  double judges_looks(const train::Recipe& recipe) const {
    return sides(recipe) * static_cast<double>(request_.judges);
  }
  // The features that a head starts from, and what is in front of the layers that learn.
  double centre_looks(const train::Recipe& recipe) const {
    const bool features = recipe.strategy == train::Strategy::kFeatures;
    const bool frozen = recipe.frozen != train::Frozen::kNone;
    const double times = features ? sides(recipe) : frozen ? 1 + sides(recipe) : 1;
    return times * static_cast<double>(request_.all_photographs);
  }
  double augmented_looks(const train::Recipe& recipe, std::size_t seeds) const {
    const bool features = recipe.strategy == train::Strategy::kFeatures;
    if (!features && recipe.frozen == train::Frozen::kNone) return 0;
    const std::size_t sets = request_.variants * (request_.seeds_share_views ? 1 : seeds);
    return static_cast<double>(sets * (recipe.feature_views - 1) * request_.training_photographs);
  }
  double epochs_of(const train::Recipe& recipe, double epochs) const {
    if (recipe.strategy == train::Strategy::kFeatures) return 0;
    const auto n = static_cast<double>(request_.training_photographs);
    return area_share(recipe) * epochs * n / speed_.training_images_per_second +
           seconds_of(recipe, std::ceil(epochs) * judges_looks(recipe));
  }
  double area_share(const train::Recipe& recipe) const {
    return static_cast<double>(recipe.height * recipe.width) /
           static_cast<double>(request_.recipe.height * request_.recipe.width);
  }
  const ShortRunRequest& request_;
  const train::Speed& speed_;
};

// One that is told as not fitting, with what it would take.
ShortRunPlan too_dear(ShortRunPlan plan) {
  plan.seeds = 0;
  return plan;
}

ShortRunPlan plan_features(const ShortRunRequest& request, const Forecast& forecast) {
  for (std::size_t seeds = kMostSeeds; seeds >= kLeastSeeds; --seeds)
    if (forecast.fits(request.recipe, seeds, request.recipe.epochs))
      return forecast.plan(request.recipe, seeds);
  return too_dear(forecast.plan(request.recipe, kLeastSeeds));
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
  const auto planned = [&](train::Recipe recipe, std::size_t seeds, double at_least) {
    recipe.epochs =
        std::min(request.recipe.epochs, forecast.epochs_within(recipe, seeds, at_least));
    return forecast.plan(recipe, seeds);
  };
  for (const double scale : {1.0, 0.75, 0.5})
    for (std::size_t seeds = kMostSeeds; seeds >= kLeastSeeds; --seeds) {
      const train::Recipe recipe = at_scale(request.recipe, scale);
      if (forecast.fits(recipe, seeds, good)) return planned(recipe, seeds, good);
    }
  train::Recipe smallest = at_scale(request.recipe, 0.5);
  if (forecast.fits(smallest, kLeastSeeds, least)) return planned(smallest, kLeastSeeds, least);
  smallest.epochs = least;
  return too_dear(forecast.plan(smallest, kLeastSeeds));
}

Json to_json(const ShortRunPlan& plan) {
  return {{"recipe", to_json(plan.recipe)},          {"seeds", plan.seeds},
          {"run_seconds", plan.run_seconds},         {"shared_seconds", plan.shared_seconds},
          {"judging_seconds", plan.judging_seconds}, {"needed_seconds", plan.needed_seconds}};
}

ShortRunPlan short_run_plan_from_json(const Json& json, const std::string& where) {
  return {train::recipe_from_json(json.at("recipe"), {}, where),
          json.at("seeds"),
          json.at("run_seconds"),
          json.at("shared_seconds"),
          json.at("judging_seconds"),
          json.at("needed_seconds")};
}

}  // namespace frugal::explain
