// One run of frugal tune, from the options to the answer. tuning.cc searches, tuning_plan.cc plans,
// tuning_split.cc shares out the cores, tuning_refit.cc trains the winner once more, tuning_end.cc
// judges and writes down.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/arm.h"
#include "cli/console.h"
#include "cli/coordinator.h"
#include "cli/launching.h"
#include "cli/machine_split.h"
#include "cli/options.h"
#include "cli/prices.h"
#include "cli/run_folder.h"
#include "cli/tune_answer.h"
#include "experiment/budget.h"
#include "vision/train/train.h"

namespace frugal::cli {

// The options that must not change when a run goes on.
Json identity(const TuneOptions& options);

// The share of the budget that the strategy gets: all of it when it is the only one.
double budget_share(train::Strategy strategy, std::size_t strategies, double budget_seconds);

inline constexpr double kEndingSeconds = 6;  // the report, stopping the workers

class Tuning {
 public:
  Tuning(const TuneOptions& options, Console& console);
  int run();

 private:
  int dry_run();
  bool is_finished() const;
  int print_finished() const;
  PlanRequest request_for(const train::Recipe& recipe, const RunData& data,
                          double budget_seconds) const;
  MeasureSpeed measuring(const Split& split);
  Plan plan_for(train::Strategy strategy, const RunData& data, double budget_seconds);
  Plan remembered_plan(train::Strategy strategy, double budget_seconds);
  std::optional<double> end_of(std::size_t arm) const;
  void share_out_the_cores(const RunData& data);
  SplitChoice measure_split(double aspect);
  // One worker on all cores; of a cluster, as any other there.
  Split whole_machine() const {
    return {1, launching_.on_cluster() ? threads_ : workers_ * threads_};
  }
  void run_workers(const Split& split);
  void lend();
  void prepare(const train::Recipe& recipe, const train::TrainingPhotographs& training);
  void tune_arm(train::Strategy strategy, std::size_t index);
  void work_on(Arm& arm);
  void forget_checkpoints(const Arm& arm) const;
  void tune_all();
  void run_fine_tuning_longer();
  double last_run_seconds(const Plan& plan, double budget_seconds) const;
  std::optional<double> seconds_left() const;
  double judging_seconds(const train::Recipe& recipe) const;
  std::optional<double> last_run_allowance(const train::Recipe& recipe);
  bool searched(const std::string& strategy) const;
  train::Recipe last_run(const train::Recipe& recipe, double seconds, std::size_t more_photographs);
  std::optional<train::Recipe> last_recipe(const report::Arm& winner);
  void refit(const report::Answer& answer);
  void open_test_part();
  std::optional<experiment::Id> best_run(const report::Answer& answer) const;
  void keep_model(const report::Answer& answer);
  void tidy_up();
  int finish();
  report::Answer answer(bool finished) const;
  bool has_time_for_pictures() const;
  void write_report(bool finished);

  const TuneOptions& options_;
  Console& console_;
  RunFolder folder_;
  std::optional<Split> given_split_;
  Launching launching_;
  SplitChoice split_;
  unsigned workers_ = 1, threads_ = 1;  // split_'s
  std::optional<Split> running_;        // of the workers that live now
  std::string network_;
  experiment::Budget budget_;
  Price price_;
  std::optional<double> allowed_seconds_;
  std::vector<train::Strategy> strategies_;

  RunData data_;
  std::unique_ptr<Coordinator> coordinator_;
  std::vector<std::unique_ptr<Arm>> arms_;
  std::atomic<Arm*> current_arm_ = nullptr;  // asked by the scheduler from its threads
  double closing_seconds_ = 0;
  double last_run_seconds_ = 0;  // set aside for it
  double reported_at_ = 0;
  std::size_t reported_trials_ = 0;
  std::vector<TestJudgement> judgements_;
  std::optional<report::Refit> refit_;
  std::optional<experiment::Id> kept_trial_;  // whose model is the run's so far
};

}  // namespace frugal::cli
