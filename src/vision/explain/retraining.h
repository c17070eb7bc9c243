// Short training runs that answer a question, each remembered on disk by what decides its result:
// asked for again, it costs nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "vision/train/train.h"

namespace frugal::explain {

struct ShortRun {
  std::vector<std::size_t> labels, predictions;  // of the judges
  double training_loss = 0;                      // mean over the last epoch
  double wall_seconds = 0;
  std::vector<bool> correct() const;
};

struct RetrainingOptions {
  std::filesystem::path folder;  // where runs are remembered
  // Asked between steps; a run that is stopped throws Stopped.
  std::function<bool()> should_stop = [] { return false; };
  std::function<void(const std::string&)> on_message = [](const std::string&) {};
};

class Retraining {
 public:
  Retraining(train::Environment environment, RetrainingOptions options);

  // model_folder: where the model is to be left, too; "": nowhere.
  // Throws as train::train; Stopped.
  ShortRun run(const train::Recipe& recipe, const train::TrainingPhotographs& training,
               const train::HeldOutPhotographs& judges, const std::string& model_folder = "") const;

  const train::Environment& environment() const { return environment_; }

 private:
  std::filesystem::path file_of(const train::Recipe& recipe,
                                const train::TrainingPhotographs& training,
                                const train::HeldOutPhotographs& judges) const;

  train::Environment environment_;
  RetrainingOptions options_;
};

// How short runs must be so that so many of them fit into a budget.
struct ShortRunRequest {
  train::Recipe recipe;
  std::size_t training_photographs = 0, judges = 0, all_photographs = 0;
  std::size_t variants = 0;       // runs of each seed
  bool seeds_share_views = true;  // what frozen layers make of a variant serves all its seeds
  std::size_t judgings = 0;       // of all judges, besides those of the runs
  double budget_seconds = 0;      // for all of it
  unsigned threads = 1;
};
struct ShortRunPlan {
  train::Recipe recipe;   // with the epochs and the size that fit
  std::size_t seeds = 0;  // 0: nothing worth training fits
  // As forecast; with no seeds, of the least plan that there is.
  double run_seconds = 0;      // of one run
  double shared_seconds = 0;   // of what serves several runs
  double judging_seconds = 0;  // of the other judgings
  double needed_seconds = 0;   // for all of it
  bool operator==(const ShortRunPlan&) const = default;
};
inline constexpr std::size_t kLeastSeeds = 2;
// Of a budget, for what takes longer than forecast.
inline constexpr double kReserve = 0.08;

// speed: of the recipe, with all threads. Two or three seeds; of the recipe's resolution, 3/4 and
// 1/2 of it (not below 32 pixels) the largest at which two epochs fit (or the recipe's own, if it
// has fewer), else the smallest if one does. Heads on frozen features keep their resolution. All
// seconds have the reserve in them.
ShortRunPlan plan_short_runs(const ShortRunRequest& request, const train::Speed& speed);

Json to_json(const ShortRunPlan& plan);
ShortRunPlan short_run_plan_from_json(const Json& json, const std::string& where);

}  // namespace frugal::explain
