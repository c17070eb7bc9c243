#include "cli/shared_options.h"

#include <CLI/CLI.hpp>

namespace frugal::cli {

void add_data_options(CLI::App& c, DataOptions& data, bool required) {
  auto* option = c.add_option("--data", data.data, "image folder, CSV or Stanford Cars layout")
                     ->type_name("PATH");
  if (required) option->required();
  c.add_option("--reader", data.reader, "folder, csv or stanford-cars; default: what is recognized")
      ->type_name("NAME");
  c.add_flag("--strict", data.strict, "any broken photograph is an error");
}

void add_split_options(CLI::App& c, SplitShares& shares) {
  c.add_option("--validation-share", shares.validation,
               "of the photographs, for the tuning to see; default: 0.15, less of more than "
               "4000, at least 0.1")
      ->check(CLI::Range(0.01, 0.8));
  c.add_option("--test-share", shares.test,
               "of the photographs, opened once for the answer; default: likewise")
      ->check(CLI::Range(0.01, 0.8));
}

void add_recipe_option(CLI::App& c, std::string& recipe) {
  c.add_option("--recipe", recipe,
               "what to begin from: default, study (the 2020 study's plain SGD) or a YAML or "
               "JSON file; flags overrule it")
      ->type_name("NAME|FILE");
}

void add_price_options(CLI::App& c, PriceOptions& price) {
  c.add_option("--machine", price.machine,
               "what this machine is in the list of prices: c7a.large, ...")
      ->type_name("NAME");
  c.add_flag("--spot", price.spot, "at its spot price");
  c.add_option("--prices", price.prices,
               "list of prices, YAML; default: prices.yml beside the program")
      ->type_name("FILE");
  c.add_option("--price-per-hour", price.per_hour, "dollars for this machine; overrules the list")
      ->check(CLI::NonNegativeNumber);
}

void add_launch_options(CLI::App& c, LaunchOptions& options) {
  c.add_option("--on", options.on, "where the workers run: on this machine, or as Slurm's jobs")
      ->check(CLI::IsMember({"local", "slurm"}));
  c.add_option("--listen", options.listen,
               "this machine's address for the workers; default: the one by which it reaches the "
               "nodes, of any free port")
      ->type_name("ADDRESS[:PORT]");
  c.add_option("--partition", options.partition, "of Slurm; default: the cluster's")
      ->type_name("NAME");
  c.add_option("--gpus", options.gpus, "of a worker, as Slurm names them: 1, a100:1")
      ->type_name("GPUS");
  c.add_option("--time", options.time,
               "time limit of a worker, as Slurm reads it: 4:00:00. It gives its trial back in "
               "time, and another worker follows")
      ->type_name("TIME");
  c.add_option("--array", options.array, "workers in one job array, at most")
      ->check(CLI::Range(1u, 1001u));
  c.add_option("--sbatch-extra", options.sbatch_extra,
               "one more word for sbatch, as often as needed: --sbatch-extra=--account=birds")
      ->type_name("WORD");
}

}  // namespace frugal::cli
