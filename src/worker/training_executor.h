// Turns a leased trial into a recipe, trains it, and says what came of it.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "vision/train/recipe.h"
#include "worker/mirror.h"
#include "worker/worker.h"

namespace frugal::worker {

// What a worker must know to train an experiment's trials: "training" in the experiment's
// metadata.
struct TrainingSetup {
  std::string folder;   // the run's: dataset.json, split.json, cache/, checkpoints/, trials/
  std::string weights;  // "": from nothing
  Json recipe;          // of the full task, untuned
  // What a task changes of the recipe, by its name: {"small": {"epochs": 0.6}, ...}.
  Json task_changes = Json::object();
};
Json to_json(const TrainingSetup& setup);
TrainingSetup training_setup_from_json(const Json& json);

// The experiment's recipe with the trial's assignments, what its task changes, and what its
// metadata says of it, when it does: "seed", and "changes" of any other keys. With "seconds" in its
// metadata a run is as long as those allow, whatever its epochs.
train::Recipe recipe_of(const experiment::Experiment& experiment, const experiment::Trial& trial);

// One for all lengths of a recipe whose schedule does not depend on its length, so that a longer
// run goes on where a shorter one ended.
std::string checkpoint_path(const std::string& run_folder, const train::Recipe& recipe);

// A trial leaves its history (trial.json) in its folder and, with "keep_model": true in its
// metadata, its model (model/).
class TrainingExecutor final : public Executor {
 public:
  explicit TrainingExecutor(unsigned threads);
  ~TrainingExecutor() override;
  // From now on the run's folder is not seen here: what trials need comes by the mirror, and what
  // they leave goes by it. nullptr: it is.
  void use(Mirror* mirror);
  Outcome run(const Lease& lease, Context& context) override;

 private:
  struct Data;
  class Trip;
  const Data& data(const std::string& run_folder);

  unsigned threads_;
  Mirror* mirror_ = nullptr;
  std::unique_ptr<Data> data_;
};

}  // namespace frugal::worker
