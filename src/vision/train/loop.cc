#include "vision/train/loop.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "vision/train/checkpoint.h"

namespace frugal::train {
namespace {

class Loop {
 public:
  Loop(Learner& learner, const Recipe& recipe, const BatchPlan& plan, const Json& identity,
       const TrainOptions& options, const Meter& meter);
  TrainingSummary run();

 private:
  void resume_or_begin();
  bool try_resume();
  bool evaluation_due() const;
  bool evaluate();  // false: stopped
  void take_step();
  void save();
  void save_if_due(bool just_evaluated);
  bool whole_epoch() const { return position_.step % plan_.steps_per_epoch() == 0; }
  double rate() const { return learning_rate(recipe_, position_.plateau, position_.step, total_); }
  double spent_seconds() const { return earlier_seconds_ + meter_.wall_seconds(); }
  [[noreturn]] void fail(const char* what) const;

  Learner& learner_;
  const Recipe& recipe_;
  const BatchPlan& plan_;
  const Json& identity_;
  const TrainOptions& options_;
  const Meter& meter_;
  const std::size_t total_;
  std::set<std::size_t> also_evaluate_at_;
  Position position_;
  std::optional<Evaluation> evaluation_;  // at position_
  double earlier_seconds_ = 0;            // spent before this call
  double saved_at_ = 0;                   // on the meter
  double save_cost_seconds_ = 0;
};

Loop::Loop(Learner& learner, const Recipe& recipe, const BatchPlan& plan, const Json& identity,
           const TrainOptions& options, const Meter& meter)
    : learner_(learner),
      recipe_(recipe),
      plan_(plan),
      identity_(identity),
      options_(options),
      meter_(meter),
      total_(plan.steps_of(recipe.epochs)) {
  for (const double epochs : options.also_evaluate_at)
    if (epochs > 0) also_evaluate_at_.insert(plan.steps_of(epochs));
}

TrainingSummary Loop::run() {
  resume_or_begin();
  TrainingSummary summary{.ending = Ending::kStopped,
                          .resumed_from_epochs = plan_.epochs_at(position_.step)};
  while (true) {
    if (evaluation_due()) {
      if (!evaluate()) break;
      if (position_.step != total_) save_if_due(/*just_evaluated=*/true);
    }
    if (position_.step == total_) {
      summary.ending = Ending::kFinished;
      break;
    }
    take_step();
    options_.on_step(plan_.epochs_at(position_.step));
    if (options_.should_stop()) break;
    save_if_due(/*just_evaluated=*/false);
  }
  // A run that goes on later (promoted, or stopped now) starts from here.
  const bool finished = summary.ending == Ending::kFinished;
  try {
    if (!options_.checkpoint_path.empty()) save();
  } catch (const SystemError& error) {
    if (!finished) throw;
    options_.on_message(fmt::format("no checkpoint kept: {}", error.what()));
  }
  summary.epochs = plan_.epochs_at(position_.step);
  if (finished) summary.validation = std::move(*evaluation_);
  summary.history = position_.history;
  return summary;
}

void Loop::resume_or_begin() {
  if (!options_.checkpoint_path.empty() && std::filesystem::exists(options_.checkpoint_path) &&
      try_resume())
    return;
  position_ = {};
  position_.plateau.rate = recipe_.learning_rate;
  learner_.begin();
}

bool Loop::try_resume() try {
  const std::string& path = options_.checkpoint_path;
  const auto ignore = [&](const std::string& reason) {
    options_.on_message(fmt::format("{}: {}; starting anew", path, reason));
    return false;
  };
  Checkpoint checkpoint = parse_checkpoint(read_file(path), path);
  if (const std::string other = difference(checkpoint.identity, identity_); !other.empty())
    return ignore("a checkpoint of another run: it has " + other);
  if (checkpoint.position.step > total_) return ignore("a checkpoint of a longer run");
  if (!learner_.load(checkpoint.state)) return ignore("a checkpoint of another model");
  position_ = std::move(checkpoint.position);
  earlier_seconds_ = position_.spent_seconds;
  return true;
} catch (const Error& error) {
  options_.on_message(fmt::format("{}; starting anew", error.what()));
  return false;
}

bool Loop::evaluation_due() const {
  if (position_.step == 0) return false;
  if (position_.step == total_) return !evaluation_;
  if (position_.step == position_.evaluated_at_step) return false;
  return whole_epoch() || also_evaluate_at_.contains(position_.step);
}

bool Loop::evaluate() {
  evaluation_ = learner_.evaluate(options_.should_stop);
  if (!evaluation_) return false;
  if (!std::isfinite(evaluation_->loss)) fail("validation loss");
  if (position_.step == position_.evaluated_at_step) return true;  // finished before, and resumed

  EpochReport report{
      .epochs = plan_.epochs_at(position_.step),
      .training_loss = position_.loss_sum / static_cast<double>(position_.loss_count),
      .validation_loss = evaluation_->loss,
      .validation_accuracy = evaluation_->accuracy,
      .learning_rate = learning_rate(recipe_, position_.plateau, position_.step - 1, total_),
      .wall_seconds = spent_seconds()};
  position_.history.push_back(report);
  position_.evaluated_at_step = position_.step;
  position_.loss_sum = 0;
  position_.loss_count = 0;
  if (whole_epoch())
    position_.plateau.tick(evaluation_->loss, recipe_.plateau_factor, recipe_.plateau_patience);
  options_.on_evaluation(report);
  return true;
}

void Loop::take_step() {
  evaluation_.reset();
  const double loss = learner_.step(position_.step, {.rate = rate(),
                                                     .momentum = recipe_.momentum,
                                                     .nesterov = recipe_.nesterov,
                                                     .weight_decay = recipe_.weight_decay});
  if (!std::isfinite(loss)) fail("training loss");
  position_.loss_sum += loss;
  ++position_.loss_count;
  ++position_.step;
}

void Loop::save() {
  const double began = meter_.wall_seconds();
  position_.spent_seconds = spent_seconds();
  write_file(options_.checkpoint_path, serialize({identity_, position_, learner_.save()}));
  saved_at_ = meter_.wall_seconds();
  save_cost_seconds_ = saved_at_ - began;
}

// After an evaluation, unless saving would then take more than a twentieth of the time.
void Loop::save_if_due(bool just_evaluated) {
  if (options_.checkpoint_path.empty()) return;
  const double since = meter_.wall_seconds() - saved_at_;
  const bool due = since >= options_.checkpoint_every_seconds ||
                   (just_evaluated && since >= 20 * save_cost_seconds_);
  if (!due) return;
  try {
    save();
  } catch (const SystemError& error) {
    saved_at_ = meter_.wall_seconds();  // the next try comes when the next checkpoint is due
    options_.on_message(fmt::format("{}; training goes on without a checkpoint", error.what()));
  }
}

void Loop::fail(const char* what) const {
  throw NumericalError(
      fmt::format("the {} is not a number after {:.2f} epochs at a learning rate of {:g}; lower it",
                  what, plan_.epochs_at(position_.step), recipe_.learning_rate));
}

}  // namespace

TrainingSummary run_loop(Learner& learner, const Recipe& recipe, const BatchPlan& plan,
                         const Json& identity, const TrainOptions& options, const Meter& meter) {
  return Loop(learner, recipe, plan, identity, options, meter).run();
}

}  // namespace frugal::train
