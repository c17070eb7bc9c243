#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/signals.h"
#include "cli/tuning.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

constexpr const char *kLastRecipe = "last_recipe", *kLastSeconds = "last_seconds";  // in the store

}  // namespace

// Of the whole machine, to be set aside while that strategy is tuned.
double Tuning::last_run_seconds(const Plan& plan, double budget_seconds) const {
  if (!options_.refit || !plan.search) return 0;
  const bool fine_tuned = plan.recipe.strategy == train::Strategy::kFineTune;
  return fine_tuned && std::isfinite(budget_seconds) ? kLastShare * budget_seconds
                                                     : plan.full_run_seconds;
}

// For a last run; nullopt: no clock is in the budget.
std::optional<double> Tuning::seconds_left() const {
  if (!allowed_seconds_) return {};
  return *allowed_seconds_ - closing_seconds_ - kEndingSeconds -
         coordinator_->meter().spent_seconds();
}

bool Tuning::searched(const std::string& strategy) const {
  return std::any_of(arms_.begin(), arms_.end(), [&](const auto& arm) {
    return arm->experiment().name == strategy && arm->options().plan.search;
  });
}

// Of that recipe, for so many seconds, on so many photographs more than the training part. What the
// user says of epochs is of the search's runs.
train::Recipe Tuning::last_run(const train::Recipe& recipe, double seconds,
                               std::size_t more_photographs) {
  PlanRequest request = request_for(recipe, data_, seconds);
  request.training_photographs += more_photographs;
  request.judged = more_photographs == 0;
  request.epochs = 0;
  return plan_last_run(request, seconds, measuring(whole_machine()));
}

// On the test part, and again for the report's pictures, by a model of that recipe.
double Tuning::judging_seconds(const train::Recipe& recipe) const {
  const auto pixels = [](const train::Recipe& of) {
    return static_cast<double>(of.height * of.width);
  };
  double seconds = 0;
  for (const auto& arm : arms_)
    if (const Plan& plan = arm->options().plan; plan.recipe.strategy == recipe.strategy)
      seconds = 2 * static_cast<double>(data_.split.test.size()) / plan.judged_per_second *
                pixels(recipe) / pixels(plan.recipe);
  return seconds;
}

// A search of short runs may leave fine-tuning behind that would win with the time that is set
// aside for the last run. So it gets that time, and is judged on the validation photographs before
// it is believed.
void Tuning::run_fine_tuning_longer() {
  Arm& arm = *arms_.back();
  const report::Answer so_far = answer(false);
  const bool has_run = std::any_of(so_far.arms.begin(), so_far.arms.end(),
                                   [](const report::Arm& row) { return row.longer; });
  if (!options_.refit || has_run || !arm.options().plan.search || !so_far.winner || !arm.winner() ||
      arm.options().strategy != train::Strategy::kFineTune ||
      so_far.arms[*so_far.winner].strategy == arm.experiment().name)
    return;
  if (!allowed_seconds_) return;
  const double kept = 2 * so_far.arms[*so_far.winner].run_seconds;
  const double left = *seconds_left() - kept;
  if (left * workers_ < 2 * arm.full_run_seconds()) return;
  const auto tuned = std::find_if(so_far.arms.rbegin(), so_far.arms.rend(), [&](const auto& row) {
    return row.strategy == arm.experiment().name;
  });
  Json recipe = tuned->recipe;
  recipe["seed"] = options_.seed;
  const train::Recipe longer = last_run(train::recipe_from_json(recipe, {}, "the recipe"), left, 0);
  console_.line(fmt::format(
      "{} is behind after runs of {:.0f} s: its best recipe once more, {:g} epochs at {} × {} "
      "pixels",
      arm.experiment().name, arm.full_run_seconds(), longer.epochs, longer.height, longer.width));
  prepare(longer, {data_.dataset, data_.split});
  run_workers(whole_machine());
  arm.run_longer({{"epochs", longer.epochs}, {"height", longer.height}, {"width", longer.width}},
                 *seconds_left() - kept - judging_seconds(longer));
  work_on(arm);
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
  if (const auto seconds = seconds_left()) {
    const bool had_all_cores = winner.longer || !searched(winner.strategy);
    if (*seconds < winner.run_seconds / (had_all_cores ? 1 : workers_)) return {};
    last = last_run(recipe, *seconds, data_.split.validation.size());
  }
  coordinator_->scheduler().set_value(kLastRecipe, to_json(last).dump());
  return last;
}

// What a last run may take from now on; the same again when it goes on. nullopt: as long as its
// epochs take.
std::optional<double> Tuning::last_run_allowance(const train::Recipe& recipe) {
  if (recipe.strategy != train::Strategy::kFineTune || !seconds_left()) return {};
  if (const auto known = coordinator_->scheduler().value(kLastSeconds))
    return parse_json(*known, kLastSeconds).get<double>();
  const double seconds = *seconds_left() - judging_seconds(recipe);
  coordinator_->scheduler().set_value(kLastSeconds, Json(seconds).dump());
  return seconds;
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
  const train::Environment environment{options_.weights, folder_.cache(), whole_machine().threads};
  std::filesystem::create_directories(folder_.refit());
  prepare(*recipe, photographs);
  train::TrainOptions run;
  run.checkpoint_path = folder_.refit() / "checkpoint.pt";
  run.model_folder = folder_.refit() / "model";
  run.allowed_seconds = last_run_allowance(*recipe);
  run.evaluate = recipe->strategy == train::Strategy::kFeatures;  // nothing is decided by it
  run.should_stop = [] { return stop_signal() != 0; };
  run.on_message = [&](const std::string& message) { console_.message(message); };
  run.on_step = [&](double epochs, double of) {
    console_.status(
        {fmt::format("the winner once more, on {} photographs of {} × {} pixels  epoch "
                     "{:.2f} of {:.1f}",
                     photographs.indices().size(), recipe->height, recipe->width, epochs, of)});
  };
  const auto summary = train::train(
      *recipe, photographs, train::HeldOutPhotographs::validation(data_.dataset, data_.split),
      environment, run);
  console_.clear_status();
  if (summary.ending == train::Ending::kStopped) throw_if_stopped();
  train::Recipe trained = *recipe;
  if (run.allowed_seconds) trained.epochs = summary.epochs;
  refit_ = report::Refit{.photographs = photographs.indices().size(),
                         .recipe = to_json(trained),
                         .seconds = coordinator_->clock().now_seconds() - began};
}

}  // namespace frugal::cli
