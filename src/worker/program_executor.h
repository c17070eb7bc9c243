// Runs somebody's program as a trial: the assignments go in by the command line, the environment or
// a JSON file, the metric comes out of what the program wrote (docs/optimize.md).
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "worker/program_metric.h"
#include "worker/program_process.h"
#include "worker/program_words.h"
#include "worker/worker.h"

namespace frugal::worker {

// What a worker must know to run an experiment's trials: "program" in the experiment's metadata.
struct ProgramSetup {
  std::vector<std::string> command;  // templates; the first is the program
  std::string working_folder;        // in which it is started
  std::string run_folder;            // trials/, checkpoints/
  MetricRule metric;
  double timeout_seconds = 0;  // of one trial; 0: none
};
Json to_json(const ProgramSetup& setup);
ProgramSetup program_setup_from_json(const Json& json);

// The names that a command may use: the space's parameters and conditionals, and task, task_cost,
// trial, seed, trial_folder, checkpoint_folder, assignments_file.
std::set<std::string> names_of(const optimizer::Space& space);

// What they stand for in one trial. seed: 31 bits, drawn for the experiment's seed and the trial.
// checkpoint_folder: one for all tasks and attempts of the same assignments; made when the command
// names it.
Substitutes substitutes_of(const ProgramSetup& setup, const experiment::Experiment& experiment,
                           const experiment::Trial& trial);

// A trial leaves stdout.txt, stderr.txt, assignments.json and trial.json in its folder. A failure's
// reason is one line, and after it the last lines of what the program said. Non-zero exit, no
// metric, a metric that is not finite and the timeout are failures; asked to stop, it sends SIGTERM
// and gives ten seconds.
class ProgramExecutor final : public Executor {
 public:
  Outcome run(const Lease& lease, Context& context) override;
};

}  // namespace frugal::worker
