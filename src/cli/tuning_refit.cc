#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/signals.h"
#include "cli/tuning.h"
#include "vision/train/train.h"

namespace frugal::cli {

// Of the whole machine.
double Tuning::refit_seconds(double full_run_seconds) const {
  return options_.refit ? kRefitRuns * full_run_seconds / workers_ : 0;
}

// When the winner is known, nothing is left to be decided by the validation photographs: its
// recipe learns from them too. On every core, in this process; a run that was stopped goes on.
void Tuning::refit(const report::Answer& answer) {
  const report::Arm& winner = answer.arms.at(answer.winner.value());
  if (!options_.refit) return;
  Json json = winner.recipe;
  json["seed"] = options_.seed;
  const auto recipe = train::recipe_from_json(json, train::Recipe{}, "the winner's recipe");
  if (recipe.schedule == train::Schedule::kPlateau) {
    console_.line("the winner's schedule needs validation photographs: it is not trained on them");
    return;
  }
  const double ends_at = coordinator_->meter().spent_seconds() + refit_seconds(winner.run_seconds);
  if (allowed_seconds_ && ends_at > *allowed_seconds_ - closing_seconds_) {
    console_.line("no time is left to train the winner on the validation photographs too");
    return;
  }
  const double began = coordinator_->clock().now_seconds();
  const auto photographs = train::TrainingPhotographs::with_validation(data_.dataset, data_.split);
  std::filesystem::create_directories(folder_.refit());
  train::TrainOptions run;
  run.checkpoint_path = folder_.refit() / "checkpoint.pt";
  run.model_folder = folder_.refit() / "model";
  run.should_stop = [] { return stop_signal() != 0; };
  run.on_message = [&](const std::string& message) { console_.message(message); };
  run.on_step = [&](double epochs) {
    console_.status({fmt::format("training the winner on {} photographs  epoch {:.2f} of {:g}",
                                 photographs.indices().size(), epochs, recipe.epochs)});
  };
  const train::Environment environment{options_.weights, folder_.cache(), core_count()};
  const auto summary = train::train(
      recipe, photographs, train::HeldOutPhotographs::validation(data_.dataset, data_.split),
      environment, run);
  console_.clear_status();
  if (summary.ending == train::Ending::kStopped) throw_if_stopped();
  refit_ = report::Refit{.photographs = photographs.indices().size(),
                         .seconds = coordinator_->clock().now_seconds() - began};
}

}  // namespace frugal::cli
