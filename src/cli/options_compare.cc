#include "cli/options_compare.h"

#include <CLI/CLI.hpp>

namespace frugal::cli {

void describe_compare(CLI::App& command, CompareOptions& o) {
  command.add_option("study", o.study, "YAML file: data, weights, budget, seeds, arms")
      ->type_name("STUDY.yml")
      ->required();
  command.add_option("--data", o.data.data, "image folder, CSV or Stanford Cars layout")
      ->type_name("PATH");
  command.add_option("--reader", o.data.reader, "folder, csv or stanford-cars")->type_name("NAME");
  command.add_flag("--strict", o.data.strict, "any broken photograph is an error");
  command
      .add_option(
          "--weights", o.weights,
          "pretrained weights, as often as there are networks; the network is read off them")
      ->type_name("FILE");
  command.add_option("--budget", o.budget, "of each run, an arm on a seed: 20m, 2h, 5usd");
  command.add_option("--seeds", o.seeds, "1 to so many; 0: the file's")->check(CLI::Range(0u, 50u));
  command.add_option("--workers", o.machine.workers, "of a search; 0: what is measured fastest");
  command.add_option("--threads", o.machine.threads, "of a worker; 0: cores / workers");
  command
      .add_option("--output", o.output,
                  "the study's folder; default: frugal-runs/ and the file's "
                  "name")
      ->type_name("DIR");
  command.add_flag("--dry-run", o.dry_run, "print the arms and what they may cost, and run none");
}

void describe_advise(CLI::App& command, AdviseOptions& o) {
  command.add_option("--data", o.data.data, "image folder, CSV or Stanford Cars layout")
      ->type_name("PATH");
  command.add_option("--reader", o.data.reader, "folder, csv or stanford-cars")->type_name("NAME");
  command.add_flag("--strict", o.data.strict, "any broken photograph is an error");
  command.add_option("--weights", o.weights, "pretrained weights, as often as there are networks")
      ->type_name("FILE");
  command.add_option("--budget", o.budget, "of the run that is planned: 20m, 2h, 5usd");
  command.add_option("--past", o.past, "folder of finished runs to learn from, as often as needed")
      ->type_name("FOLDER");
  command.add_option("--check", o.check, "how good was the advice that this run was begun with?")
      ->type_name("RUN");
  command
      .add_option("--output", o.output,
                  "the folder that the run will have; advice.json is left there")
      ->type_name("DIR");
  command
      .add_option("--probe-share", o.probe_share, "of the budget, to look at the photographs with")
      ->check(CLI::Range(0.001, 0.5));
  command.add_option("--format", o.format, "text, md, csv")
      ->check(CLI::IsMember({"text", "md", "csv"}));
  command.add_option("--seed", o.seed, "of the split that the probe uses");
}

}  // namespace frugal::cli
