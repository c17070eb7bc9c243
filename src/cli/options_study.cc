#include <CLI/CLI.hpp>
#include <string>

#include "cli/describe.h"
#include "cli/shared_options.h"
#include "report/findings.h"

namespace frugal::cli {

void describe(CLI::App& c, CompareOptions& o) {
  c.add_option("study", o.study, "YAML file: data, weights, budget, seeds, arms")
      ->type_name("STUDY.yml")
      ->required();
  c.add_option("--data", o.data.data, "image folder, CSV or Stanford Cars layout")
      ->type_name("PATH");
  c.add_option("--reader", o.data.reader, "folder, csv or stanford-cars")->type_name("NAME");
  c.add_flag("--strict", o.data.strict, "any broken photograph is an error");
  c.add_option("--weights", o.weights,
               "pretrained weights, as often as there are networks; the network is read off them")
      ->type_name("FILE");
  c.add_option("--budget", o.budget, "of each run, an arm on a seed: 20m, 2h, 5usd");
  c.add_option("--seeds", o.seeds, "1 to so many; 0: the file's")->check(CLI::Range(0u, 50u));
  c.add_option("--workers", o.machine.workers, "of a search; 0: what is measured fastest");
  c.add_option("--threads", o.machine.threads, "of a worker; 0: cores / workers");
  c.add_option("--output", o.output,
               "the study's folder; default: frugal-runs/ and the file's "
               "name")
      ->type_name("DIR");
  c.add_flag("--dry-run", o.dry_run, "print the arms and what they may cost, and run none");
  add_price_options(c, o.price);
}

void describe(CLI::App& c, AdviseOptions& o) {
  c.add_option("--data", o.data.data, "image folder, CSV or Stanford Cars layout")
      ->type_name("PATH");
  c.add_option("--reader", o.data.reader, "folder, csv or stanford-cars")->type_name("NAME");
  c.add_flag("--strict", o.data.strict, "any broken photograph is an error");
  c.add_option("--weights", o.weights, "pretrained weights, as often as there are networks")
      ->type_name("FILE");
  c.add_option("--budget", o.budget, "of the run that is planned: 20m, 2h, 5usd");
  c.add_option("--past", o.past, "folder of finished runs to learn from, as often as needed")
      ->type_name("FOLDER");
  c.add_option("--check", o.check, "how good was the advice that this run was begun with?")
      ->type_name("RUN");
  c.add_option("--output", o.output, "the folder that the run will have; advice.json is left there")
      ->type_name("DIR");
  c.add_option("--probe-share", o.probe_share, "of the budget, to look at the photographs with")
      ->check(CLI::Range(0.001, 0.5));
  c.add_option("--format", o.format, "text, md, csv")->check(CLI::IsMember({"text", "md", "csv"}));
  c.add_option("--seed", o.seed, "of the split that the probe uses");
  add_price_options(c, o.price);
}

void describe(CLI::App& c, ExplainOptions& o) {
  add_data_options(c, o.data, false);
  std::string names;
  for (const auto& [name, title] : report::question_titles())
    names += (names.empty() ? "" : ", ") + name;
  c.add_option("run", o.run, "folder that tune or train left")->type_name("RUN")->required();
  c.add_option("--only", o.only, "questions, by comma: " + names)
      ->type_name("QUESTION,...")
      ->delimiter(',');
  c.add_option("--budget", o.budget, "for all training runs together: 90s, 5m, 1h")
      ->type_name("TIME");
  c.add_option("--onto", o.onto,
               "weights of another network, to see whether the policy holds for it")
      ->type_name("WEIGHTS");
  c.add_option("--threads", o.threads, "0: every core");
  c.add_option("--format", o.format, "what is printed: text, html, md, csv, json")
      ->check(CLI::IsMember({"text", "html", "md", "csv", "json"}));
}

void describe(CLI::App& c, ReportOptions& o) {
  c.add_option("run", o.run,
               "folder that tune or compare left; one still running gives a report so far")
      ->type_name("RUN")
      ->required();
  c.add_option("--format", o.format, "html, json, md, csv")
      ->check(CLI::IsMember({"html", "json", "md", "csv"}));
  c.add_option("--output", o.output, "file; default: report.html in the run, else standard output")
      ->type_name("FILE");
}

}  // namespace frugal::cli
