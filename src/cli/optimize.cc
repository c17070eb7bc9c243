#include "cli/commands.h"
#include "cli/experiment_file.h"
#include "cli/optimization.h"

namespace frugal::cli {

int run_optimize(const OptimizeOptions& options, Console& console) {
  if (options.example) {
    console.result(example_experiment(), {{"example", example_experiment()}});
    return 0;
  }
  Optimization optimization(options, console);
  return optimization.run();
}

}  // namespace frugal::cli
