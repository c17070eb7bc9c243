#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/inquiry.h"
#include "cli/signals.h"
#include "experiment/budget.h"
#include "report/explanation.h"

namespace frugal::cli {
namespace {

namespace fs = std::filesystem;

double seconds_of(const std::string& text) {
  const experiment::Budget budget = experiment::parse_budget(text);
  if (!budget.wall_seconds || budget.runs || budget.dollars)
    throw InputError(fmt::format("--budget {}: explain takes a time, such as 90s, 5m or 1h", text));
  return *budget.wall_seconds;
}

// Those asked for, in the order of the page. Throws InputError for one that there is not.
std::vector<std::string> questions_of(const ExplainOptions& options) {
  std::vector<std::string> all, asked;
  for (const auto& [name, title] : report::question_titles()) all.push_back(name);
  for (const std::string& name : options.only)
    if (std::ranges::find(all, name) == all.end()) {
      const std::string near = nearest(name, all);
      throw InputError(fmt::format("--only {}: no such question{}; there are {}", name,
                                   near.empty() ? "" : fmt::format("; did you mean {}?", near),
                                   fmt::join(all, ", ")));
    }
  for (const std::string& name : all)
    if (options.only.empty() || std::ranges::find(options.only, name) != options.only.end())
      asked.push_back(name);
  return asked;
}

// What was answered before, if it still is the answer.
std::optional<report::Finding> kept_finding(const fs::path& file, const std::string& key) {
  if (!fs::exists(file)) return {};
  const Json json = parse_json(read_file(file), file.string());
  if (json.value("key", "") != key) return {};
  return report::finding_from_json(json.at("finding"), file.string());
}

report::Finding measured(Inquiry& inquiry, const std::string& question) {
  const auto began = std::chrono::steady_clock::now();
  report::Finding finding;
  try {
    finding = inquiry.answer(question);
  } catch (const InputError& error) {
    finding = report::unanswered(question, error.what());
  } catch (const NumericalError& error) {
    finding = report::unanswered(question, error.what());
  }
  finding.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return finding;
}

report::Finding answer(Inquiry& inquiry, const std::string& question, const RunFolder& folder,
                       Console& console) {
  const fs::path file = folder.explain() / "answers" / (question + ".json");
  const std::string key = sha256(inquiry.identity(question));
  if (auto kept = kept_finding(file, key)) return *kept;
  throw_if_stopped();
  console.line("asking: " + report::unanswered(question, "").title);
  report::Finding finding = measured(inquiry, question);
  fs::create_directories(file.parent_path());
  // What could not be answered is asked again the next time, and goes on by the same plan.
  if (!finding.why_not.empty() || inquiry.is_unfinished()) return finding;
  write_file(file, Json{{"key", key}, {"finding", to_json(finding)}}.dump());
  fs::remove(folder.explain() / "plans" / (question + ".json"));
  return finding;
}

std::string command_line(const ExplainOptions& options) {
  std::string text = "frugal explain " + options.run;
  if (!options.data.data.empty()) text += " --data " + options.data.data;
  if (!options.only.empty()) text += fmt::format(" --only {}", fmt::join(options.only, ","));
  text += " --budget " + options.budget;
  if (!options.onto.empty()) text += " --onto " + options.onto;
  return text;
}

std::string render(const report::Explanation& explanation, const ExplainOptions& options,
                   const RunFolder& folder) {
  if (options.format == "md") return report::markdown_explanation(explanation);
  if (options.format == "csv") return report::csv_explanation(explanation);
  if (options.format == "json") return result_json(explanation).dump(2) + "\n";
  const std::string page = (folder.explain() / "explain.html").string();
  if (options.format == "html") return page;
  return report::text_explanation(explanation) + "\n" + page + "\n";
}

}  // namespace

int run_explain(const ExplainOptions& options, Console& console) {
  const std::vector<std::string> questions = questions_of(options);
  const double budget_seconds = seconds_of(options.budget);
  const RunFolder folder(options.run);
  Inquiry inquiry(options, budget_seconds, console);
  report::Explanation explanation{.title = folder.path().lexically_normal().filename().string(),
                                  .network = inquiry.recipe().network,
                                  .photographs = inquiry.photographs_text(),
                                  .command_line = command_line(options),
                                  .findings = {}};
  for (const std::string& question : questions) {
    explanation.findings.push_back(answer(inquiry, question, folder, console));
    fs::create_directories(folder.explain());
    write_file(folder.explain() / "result.json", result_json(explanation).dump(2) + "\n");
    write_file(folder.explain() / "explain.html", report::html_explanation(explanation));
  }
  console.clear_status();
  console.result(render(explanation, options, folder), result_json(explanation));
  return 0;
}

}  // namespace frugal::cli
