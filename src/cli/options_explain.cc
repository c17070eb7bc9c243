#include "cli/options_explain.h"

#include <CLI/CLI.hpp>

#include "report/findings.h"

namespace frugal::cli {

void describe(CLI::App& command, ExplainOptions& options) {
  std::string names;
  for (const auto& [name, title] : report::question_titles())
    names += (names.empty() ? "" : ", ") + name;
  command.add_option("run", options.run, "folder that tune or train left")
      ->type_name("RUN")
      ->required();
  command.add_option("--only", options.only, "questions, by comma: " + names)
      ->type_name("QUESTION,...")
      ->delimiter(',');
  command.add_option("--budget", options.budget, "for all training runs together: 90s, 5m, 1h")
      ->type_name("TIME");
  command
      .add_option("--onto", options.onto,
                  "weights of another network, to see whether the policy holds for it")
      ->type_name("WEIGHTS");
  command.add_option("--threads", options.threads, "0: every core");
  command.add_option("--format", options.format, "what is printed: text, html, md, csv, json")
      ->check(CLI::IsMember({"text", "html", "md", "csv", "json"}));
}

}  // namespace frugal::cli
