#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/signals.h"
#include "cli/tuning.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

constexpr double kCaution = 0.93;  // of the time that is left: a run may take longer than forecast
constexpr const char* kLastRecipe = "last_recipe";  // in the store

}  // namespace

// Of the whole machine, to be set aside while that strategy is tuned.
double Tuning::last_run_seconds(const Plan& plan, double budget_seconds) const {
  if (!options_.refit) return 0;
  const bool fine_tuned = plan.recipe.strategy == train::Strategy::kFineTune;
  return fine_tuned && std::isfinite(budget_seconds) ? kLastShare * budget_seconds
                                                     : plan.full_run_seconds;
}

// The winner's recipe for all the time that is left; nullopt when that is less than its own runs
// took. The same again when a run goes on.
std::optional<train::Recipe> Tuning::last_recipe(const report::Arm& winner) {
  Json json = winner.recipe;
  json["seed"] = options_.seed;
  const auto recipe = train::recipe_from_json(json, train::Recipe{}, "the winner's recipe");
  if (const auto known = coordinator_->scheduler().value(kLastRecipe))
    return train::recipe_from_json(parse_json(*known, kLastRecipe), train::Recipe{}, kLastRecipe);
  train::Recipe last = recipe;
  if (allowed_seconds_) {
    const double seconds =
        (*allowed_seconds_ - closing_seconds_ - coordinator_->meter().spent_seconds()) * kCaution;
    if (seconds < winner.run_seconds / workers_) return {};
    PlanRequest request = request_for(recipe, data_, seconds);
    request.training_photographs += request.validation_photographs;
    last = plan_last_run(request, seconds, measuring(1, core_count()));
  }
  coordinator_->scheduler().set_value(kLastRecipe, to_json(last).dump());
  return last;
}

// When the winner is known, nothing is left to be decided by the validation photographs: its
// recipe learns from them too, for as long as the budget allows, on every core, in this process.
// A run that was stopped goes on.
void Tuning::refit(const report::Answer& answer) {
  const report::Arm& winner = answer.arms.at(answer.winner.value());
  if (!options_.refit) return;
  if (winner.recipe.at("schedule") == to_string(train::Schedule::kPlateau) &&
      winner.strategy == to_string(train::Strategy::kFineTune)) {
    console_.line("the winner's schedule needs validation photographs: it is not trained on them");
    return;
  }
  const auto recipe = last_recipe(winner);
  if (!recipe) {
    console_.line("no time is left to train the winner on the validation photographs too");
    return;
  }
  const double began = coordinator_->clock().now_seconds();
  const auto photographs = train::TrainingPhotographs::with_validation(data_.dataset, data_.split);
  const train::Environment environment{options_.weights, folder_.cache(), core_count()};
  std::filesystem::create_directories(folder_.refit());
  train::prepare(*recipe, data_.dataset, environment, console_);
  train::TrainOptions run;
  run.checkpoint_path = folder_.refit() / "checkpoint.pt";
  run.model_folder = folder_.refit() / "model";
  run.should_stop = [] { return stop_signal() != 0; };
  run.on_message = [&](const std::string& message) { console_.message(message); };
  run.on_step = [&](double epochs) {
    console_.status({fmt::format(
        "the winner once more, on {} photographs of {} × {} pixels  epoch "
        "{:.2f} of {:g}",
        photographs.indices().size(), recipe->height, recipe->width, epochs, recipe->epochs)});
  };
  const auto summary = train::train(
      *recipe, photographs, train::HeldOutPhotographs::validation(data_.dataset, data_.split),
      environment, run);
  console_.clear_status();
  if (summary.ending == train::Ending::kStopped) throw_if_stopped();
  refit_ = report::Refit{.photographs = photographs.indices().size(),
                         .recipe = to_json(*recipe),
                         .seconds = coordinator_->clock().now_seconds() - began};
}

}  // namespace frugal::cli
