#include "vision/train/loop.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "vision/train/checkpoint.h"
#include "vision/train/pace.h"

namespace frugal::train {
namespace {

using Message = std::function<void(const std::string&)>;

// What runs of every length share.
Json trunk_identity(Json identity) {
  identity.erase("epochs");
  return identity;
}

class Loop {
 public:
  Loop(Learner& learner, const Recipe& recipe, const BatchPlan& plan, const Json& identity,
       const TrainOptions& options, const Meter& meter);
  TrainingSummary run();

 private:
  void resume_or_begin();
  bool try_resume(const std::string& path, const Json& identity, const Message& on_message);
  bool evaluation_due() const;
  bool evaluate();  // false: stopped
  void report();
  void take_step();
  void keep_pace();
  void save();
  void write(const std::string& path, const Json& identity);
  void keep_trunk();
  void save_if_due(bool just_evaluated);
  bool whole_epoch() const { return position_.step % plan_.steps_per_epoch() == 0; }
  bool is_over() const { return position_.step == length_.steps; }
  double rate_at(std::size_t step) const {
    return learning_rate(recipe_, position_.plateau, length_, step);
  }
  double spent_seconds() const { return earlier_seconds_ + meter_.wall_seconds(); }
  [[noreturn]] void fail(const char* what) const;

  Learner& learner_;
  const Recipe& recipe_;
  const BatchPlan& plan_;
  const Json& identity_;
  const TrainOptions& options_;
  const Meter& meter_;
  RunLength length_;
  std::optional<Pace> pace_;              // of a run that is bound by time
  std::optional<std::size_t> trunk_end_;  // what runs of every length share ends here
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
      length_{plan.steps_of(recipe.epochs), plan.steps_per_epoch()} {
  FRUGAL_CHECK(options.evaluate || recipe.schedule != Schedule::kPlateau,
               "a plateau watches the validation loss");
  if (options.allowed_seconds)
    pace_.emplace(recipe, *options.allowed_seconds, length_, options.evaluate);
  else if (recipe.schedule == Schedule::kStable && recipe.start_scale == 1)
    trunk_end_ = steps_before_decay(recipe, length_.steps);
  for (const double epochs : options.also_evaluate_at)
    if (epochs > 0) also_evaluate_at_.insert(plan.steps_of(epochs));
}

TrainingSummary Loop::run() {
  resume_or_begin();
  TrainingSummary summary{.ending = Ending::kStopped,
                          .resumed_from_epochs = plan_.epochs_at(position_.step)};
  if (pace_) pace_->begin(spent_seconds());
  while (true) {
    if (evaluation_due()) {
      if (!evaluate()) break;
      if (!is_over()) save_if_due(/*just_evaluated=*/true);
    }
    if (is_over()) {
      summary.ending = Ending::kFinished;
      break;
    }
    take_step();
    if (pace_) keep_pace();
    options_.on_step(plan_.epochs_at(position_.step), plan_.epochs_at(length_.steps));
    if (position_.step == trunk_end_) keep_trunk();
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
  if (finished && evaluation_) summary.validation = std::move(*evaluation_);
  summary.history = position_.history;
  return summary;
}

void Loop::resume_or_begin() {
  const std::string& path = options_.checkpoint_path;
  if (!path.empty()) {
    // The checkpoint of a shorter run does not fit, but the part that they share may.
    const std::string trunk = trunk_path(path);
    const bool has_trunk = trunk_end_ && std::filesystem::exists(trunk);
    const Message silence = [](const std::string&) {};
    if (std::filesystem::exists(path) &&
        try_resume(path, identity_, has_trunk ? silence : options_.on_message))
      return;
    if (has_trunk && try_resume(trunk, trunk_identity(identity_), options_.on_message)) return;
  }
  position_ = {};
  position_.plateau.rate = recipe_.learning_rate;
  learner_.begin();
}

bool Loop::try_resume(const std::string& path, const Json& identity,
                      const Message& on_message) try {
  const auto ignore = [&](const std::string& reason) {
    on_message(fmt::format("{}: {}; starting anew", path, reason));
    return false;
  };
  Checkpoint checkpoint = parse_checkpoint(read_file(path), path);
  if (const std::string other = difference(checkpoint.identity, identity); !other.empty())
    return ignore("a checkpoint of another run: it has " + other);
  if (pace_ && checkpoint.position.length) length_ = *checkpoint.position.length;
  const std::size_t shared = identity == identity_ ? length_.steps : *trunk_end_;
  if (checkpoint.position.step > shared) return ignore("a checkpoint of a longer run");
  if (!learner_.load(checkpoint.state)) return ignore("a checkpoint of another model");
  position_ = std::move(checkpoint.position);
  earlier_seconds_ = position_.spent_seconds;
  return true;
} catch (const Error& error) {
  on_message(fmt::format("{}; starting anew", error.what()));
  return false;
}

bool Loop::evaluation_due() const {
  if (position_.step == 0) return false;
  if (is_over() && options_.evaluate) return !evaluation_;
  if (position_.step == position_.evaluated_at_step) return false;
  return is_over() || whole_epoch() || also_evaluate_at_.contains(position_.step);
}

bool Loop::evaluate() {
  if (options_.evaluate) {
    const double began = meter_.wall_seconds();
    evaluation_ = learner_.evaluate(options_.should_stop);
    if (!evaluation_) return false;
    if (pace_) pace_->evaluated(meter_.wall_seconds() - began);
    if (!std::isfinite(evaluation_->loss)) fail("validation loss");
    if (position_.step == position_.evaluated_at_step) return true;  // finished before, and resumed
  }
  report();
  if (evaluation_ && whole_epoch())
    position_.plateau.tick(evaluation_->loss, recipe_.plateau_factor, recipe_.plateau_patience);
  return true;
}

// Of what was learned since the last time, and how it was judged.
void Loop::report() {
  EpochReport report{
      .epochs = plan_.epochs_at(position_.step),
      .training_loss = position_.loss_sum / static_cast<double>(position_.loss_count),
      .learning_rate = rate_at(position_.step - 1),
      .wall_seconds = spent_seconds()};
  position_.evaluated_at_step = position_.step;
  position_.loss_sum = 0;
  position_.loss_count = 0;
  if (evaluation_) {
    report.validation_loss = evaluation_->loss;
    report.validation_accuracy = evaluation_->accuracy;
    position_.history.push_back(report);
  }
  options_.on_evaluation(report);
}

void Loop::take_step() {
  evaluation_.reset();
  const double loss = learner_.step(position_.step, length_.share_at(position_.step),
                                    {.rate = rate_at(position_.step),
                                     .momentum = recipe_.momentum,
                                     .nesterov = recipe_.nesterov,
                                     .weight_decay = recipe_.weight_decay});
  if (!std::isfinite(loss)) fail("training loss");
  position_.loss_sum += loss;
  ++position_.loss_count;
  ++position_.step;
}

void Loop::keep_pace() {
  length_ = pace_->after(position_.step, length_, spent_seconds(), save_cost_seconds_);
  position_.length = length_;
}

void Loop::save() {
  const double began = meter_.wall_seconds();
  write(options_.checkpoint_path, identity_);
  saved_at_ = meter_.wall_seconds();
  save_cost_seconds_ = saved_at_ - began;
}

void Loop::write(const std::string& path, const Json& identity) {
  position_.spent_seconds = spent_seconds();
  write_file(path, serialize({identity, position_, learner_.save()}));
}

// For a longer run, which goes on from here.
void Loop::keep_trunk() {
  if (options_.checkpoint_path.empty()) return;
  try {
    write(trunk_path(options_.checkpoint_path), trunk_identity(identity_));
  } catch (const SystemError& error) {
    options_.on_message(fmt::format("no checkpoint kept: {}", error.what()));
  }
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

std::string trunk_path(const std::string& checkpoint_path) {
  return checkpoint_path + ".trunk";
}

TrainingSummary run_loop(Learner& learner, const Recipe& recipe, const BatchPlan& plan,
                         const Json& identity, const TrainOptions& options, const Meter& meter) {
  return Loop(learner, recipe, plan, identity, options, meter).run();
}

}  // namespace frugal::train
