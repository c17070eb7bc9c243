#include "cli/commands.h"
#include "cli/tuning.h"

namespace frugal::cli {

int run_tune(const TuneOptions& options, Console& console) {
  Tuning tuning(options, console);
  return tuning.run();
}

}  // namespace frugal::cli
