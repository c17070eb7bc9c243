#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/illustrations.h"
#include "cli/run_folder.h"
#include "cli/study_runs.h"
#include "report/answer.h"
#include "report/format.h"
#include "report/html.h"
#include "report/study_html.h"
#include "report/study_summary.h"
#include "report/study_tables.h"
#include "report/summary.h"

namespace frugal::cli {
namespace {

// An answer or a study, with all its numbers.
template <typename Content>
std::string render_json(const Content& content) {
  return report::result_json(content).dump(2) + "\n";
}

std::string render_study(const std::string& format, const report::Study& study) {
  const auto summary = report::summarize(study);
  if (format == "html") return report::html_report(study, summary);
  if (format == "md") return report::markdown_report(study, summary);
  if (format == "csv") return report::csv_report(study, summary);
  return render_json(study);
}

std::string render_run(const ReportOptions& options, const report::Answer& answer,
                       Console& console) {
  const auto summary = report::summarize(answer);
  if (options.format == "html")
    return report::html_report(answer, summary,
                               illustrate(RunFolder(options.run), answer, console));
  if (options.format == "md")
    return report::markdown_report(answer, summary, insights(answer, console));
  if (options.format == "csv")
    return report::csv_report(answer, summary, insights(answer, console));
  return render_json(answer);
}

// A single training run has nothing to report but what it printed.
void require_search(const std::string& run) {
  const std::string where = RunFolder(run).options();
  if (parse_json(read_file(where), where).value("command", "") == "train")
    throw InputError(fmt::format(
        "{0} is a single training run, with no trials to report; frugal evaluate {0} and frugal "
        "explain {0} tell of its model",
        run));
}

// What stands in the result of a study's folder, or of a run's.
std::string content_of(const ReportOptions& options, Console& console) {
  const StudyFolder study(options.run);
  if (!study.is_study() && !std::filesystem::exists(RunFolder(options.run).options()))
    throw InputError(fmt::format(
        "{} is not the folder of a run or a study: it has neither options.json nor study.json; "
        "give the --output of a tune or compare",
        options.run));
  const std::string where = study.result();  // where a run's stands too
  if (!std::filesystem::exists(where))
    throw InputError(
        fmt::format("{} has no result.json yet: its first trial has not ended", options.run));
  const Json json = parse_json(read_file(where), where);
  if (!study.is_study()) require_search(options.run);
  return study.is_study() ? render_study(options.format, report::study_from_json(json, where))
                          : render_run(options, report::answer_from_json(json, where), console);
}

}  // namespace

int run_report(const ReportOptions& options, Console& console) {
  const std::string text = content_of(options, console);
  std::string path = options.output;
  if (path.empty() && options.format == "html") path = RunFolder(options.run).report();
  if (path.empty()) {
    console.result(text, {{"format", options.format}, {"content", text}});
  } else {
    write_file(path, text);
    console.result(path, {{"format", options.format}, {"path", path}});
  }
  return 0;
}

}  // namespace frugal::cli
