#include "cli/options_launch.h"

namespace frugal::cli {

void add_launch_options(CLI::App& command, LaunchOptions& options) {
  command
      .add_option("--on", options.on, "where the workers run: on this machine, or as Slurm's jobs")
      ->check(CLI::IsMember({"local", "slurm"}));
  command
      .add_option(
          "--listen", options.listen,
          "this machine's address for the workers; default: the one by which it reaches the "
          "nodes, of any free port")
      ->type_name("ADDRESS[:PORT]");
  command.add_option("--partition", options.partition, "of Slurm; default: the cluster's")
      ->type_name("NAME");
  command.add_option("--gpus", options.gpus, "of a worker, as Slurm names them: 1, a100:1")
      ->type_name("GPUS");
  command
      .add_option("--time", options.time,
                  "time limit of a worker, as Slurm reads it: 4:00:00. It gives its trial back in "
                  "time, and another worker follows")
      ->type_name("TIME");
  command.add_option("--array", options.array, "workers in one job array, at most")
      ->check(CLI::Range(1u, 1001u));
  command
      .add_option("--sbatch-extra", options.sbatch_extra,
                  "one more word for sbatch, as often as needed: --sbatch-extra=--account=birds")
      ->type_name("WORD");
}

}  // namespace frugal::cli
