#include "cli/past_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "report/answer.h"
#include "report/study.h"

namespace frugal::cli {
namespace {

constexpr int kDeepest = 3;

std::vector<std::filesystem::path> results_in(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder))
    throw InputError(fmt::format("--past {}: no such folder", folder.string()));
  std::vector<std::filesystem::path> found;
  auto entry = std::filesystem::recursive_directory_iterator(folder);
  for (; entry != std::filesystem::end(entry); ++entry) {
    if (entry.depth() >= kDeepest) entry.disable_recursion_pending();
    if (entry->path().filename() == "result.json") found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool is_of_tune(const Json& json) {
  return json.is_object() && json.value("finished", false) && json.contains("trials");
}

report::PastRun past_run(const report::Answer& answer, const report::Delivery& kept,
                         const std::filesystem::path& folder, const std::string& data) {
  report::PastRun run;
  run.folder = folder.string();
  run.title = answer.title;
  run.strategy = answer.winner ? answer.arms[*answer.winner].strategy : "";
  run.network = answer.network;
  run.budget = answer.budget;
  run.photographs = answer.data.photographs;
  run.classes = answer.classes.size();
  const auto whole = [](const std::string& path) {
    return std::filesystem::absolute(path).lexically_normal();
  };
  run.same_data = whole(answer.data.path) == whole(data);
  report::Correctness correct(1);
  for (std::size_t j = 0; j < answer.test_labels.size(); ++j)
    correct[0].push_back(kept.test_predictions[j] == answer.test_labels[j]);
  run.accuracy = report::accuracy(correct);
  const auto interval = report::accuracy_interval(correct, RandomStream(0).derive("past"));
  run.low = interval.low;
  run.high = interval.high;
  run.seconds = answer.spent_seconds;
  return run;
}

}  // namespace

Past read_past(const std::vector<std::string>& folders, const std::string& data) {
  Past past;
  std::vector<report::Answer> answers;
  for (const std::string& folder : folders) {
    const std::size_t before = past.runs.size();
    for (const auto& file : results_in(folder)) {
      const Json json = parse_json(read_file(file), file.string());
      if (!is_of_tune(json)) continue;
      const report::Answer answer = report::answer_from_json(json, file.string());
      const auto kept = report::delivery(answer);
      if (!kept) continue;
      past.runs.push_back(past_run(answer, *kept, file.parent_path(), data));
      answers.push_back(answer);
    }
    if (past.runs.size() == before)
      throw InputError(fmt::format("--past {}: no finished run of frugal tune is in it", folder));
  }
  past.gains = report::past_gains(answers);
  return past;
}

}  // namespace frugal::cli
