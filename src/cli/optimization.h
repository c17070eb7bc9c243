// One run of frugal optimize: a program tuned by the coordinator and its workers, from the
// experiment file to the final table. optimization.cc searches, optimization_plan.cc shows what
// would be done.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/allowance.h"
#include "cli/console.h"
#include "cli/coordinator.h"
#include "cli/experiment_file.h"
#include "cli/launching.h"
#include "cli/optimize_result.h"
#include "cli/options.h"
#include "cli/prices.h"
#include "cli/run_folder.h"
#include "experiment/budget.h"
#include "worker/program_executor.h"

namespace frugal::cli {

class Optimization {
 public:
  // Reads the experiment and finds the program. Throws InputError before anything is begun.
  Optimization(const OptimizeOptions& options, Console& console);
  int run();

 private:
  Optimization(const OptimizeOptions& options, Console& console, ExperimentFile file);
  void check_command() const;
  std::string command_line() const;
  int dry_run();
  void open();
  Standing standing();
  void search();
  bool is_over(const Standing& now) const;
  void give_up_if_hopeless(const Standing& now, std::size_t failed_before) const;
  int finish();

  const OptimizeOptions& options_;
  Console& console_;
  experiment::Budget budget_;
  Price price_;
  std::optional<double> allowed_seconds_;
  experiment::Experiment experiment_;
  worker::ProgramSetup setup_;
  unsigned workers_ = 1;
  Launching launching_;
  std::string output_;  // as the user wrote it
  RunFolder folder_;

  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Allowance> allowance_;
};

}  // namespace frugal::cli
