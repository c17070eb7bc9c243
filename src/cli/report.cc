#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/run_folder.h"
#include "report/answer.h"
#include "report/format.h"
#include "report/html.h"
#include "report/summary.h"

namespace frugal::cli {
namespace {

std::string render(const std::string& format, const report::Answer& answer) {
  const report::Summary summary = report::summarize(answer);
  if (format == "html") return report::html_report(answer, summary);
  if (format == "md") return report::markdown_report(answer, summary);
  if (format == "csv") return report::csv_report(answer, summary);
  return report::result_json(answer).dump(2) + "\n";
}

}  // namespace

int run_report(const ReportOptions& options, Console& console) {
  const RunFolder folder(options.run);
  folder.require_run();
  if (!std::filesystem::exists(folder.result()))
    throw InputError(
        fmt::format("{} has no result.json yet: its first trial has not ended", options.run));
  const std::string where = folder.result();
  const std::string text =
      render(options.format, report::answer_from_json(parse_json(read_file(where), where), where));

  std::string path = options.output;
  if (path.empty() && options.format == "html") path = folder.report();
  if (path.empty()) {
    console.result(text, {{"format", options.format}, {"content", text}});
  } else {
    write_file(path, text);
    console.result(path, {{"format", options.format}, {"path", path}});
  }
  return 0;
}

}  // namespace frugal::cli
