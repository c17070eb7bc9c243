#include "cli/study_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/run_folder.h"
#include "report/answer.h"

namespace frugal::cli {
namespace {

Json read_json(const std::filesystem::path& file) {
  return parse_json(read_file(file), file.string());
}

// What a run left of the model that it delivered; nullopt: it is not done.
std::optional<report::Delivery> delivered(const Json& result, bool tuned, std::size_t& trials) {
  if (tuned) {
    const report::Answer answer = report::answer_from_json(result, "result.json");
    trials = answer.trials.size();
    return answer.finished ? report::delivery(answer) : std::nullopt;
  }
  trials = 1;
  return report::Delivery{result.at("recipe"), result.at("test").at("top5_accuracy").get<double>(),
                          result.at("test_predictions").get<std::vector<std::size_t>>()};
}

std::vector<std::size_t> labels_of(const Json& result) {
  return result.at("test_labels").get<std::vector<std::size_t>>();
}

report::StudyRun collect_run(const std::filesystem::path& folder, std::uint64_t seed, bool tuned,
                             const std::vector<std::size_t>& labels) {
  report::StudyRun run{.seed = seed};
  if (const auto file = cost_file(folder); std::filesystem::exists(file)) {
    run.state = "begun";
    run.seconds = read_json(file).at("seconds").get<double>();
  }
  if (const auto file = failure_file(folder); std::filesystem::exists(file)) {
    run.state = "failed";
    run.reason = read_json(file).at("reason").get<std::string>();
    return run;
  }
  const auto file = RunFolder(folder).result();
  if (!std::filesystem::exists(file)) return run;
  try {
    const Json result = read_json(file);
    const auto model = delivered(result, tuned, run.trials);
    if (!model) return run;
    if (labels_of(result) != labels) throw InputError("it was judged on other photographs");
    run.state = "done";
    run.recipe = model->recipe;
    run.test_top5 = model->test_top5;
    run.test_predictions = model->test_predictions;
  } catch (const Error& error) {
    run.state = "failed";
    run.reason = error.what();
  } catch (const Json::exception& error) {
    run.state = "failed";
    run.reason = fmt::format("{}: {}", file.string(), error.what());
  }
  return run;
}

report::DataSummary data_summary(const StudyState& state, const RunData& data) {
  report::DataSummary summary;
  summary.path = state.study->data.data;
  summary.photographs = data.dataset.photographs.size();
  summary.train = data.split.train.size();
  summary.validation = data.split.validation.size();
  summary.test = data.split.test.size();
  summary.min_per_class = data.check.at("min_per_class");
  summary.max_per_class = data.check.at("max_per_class");
  summary.split_seed = state.study->split_seed;
  summary.split_hash = sha256(read_file(RunFolder(state.folder->data()).split()));
  return summary;
}

// The named one; else the first that is untuned and has runs, else the first.
std::size_t baseline_of(const DeclaredStudy& study, const std::vector<report::StudyArm>& arms) {
  const auto is = [&](auto wanted) {
    return static_cast<std::size_t>(std::find_if(arms.begin(), arms.end(), wanted) - arms.begin());
  };
  if (!study.baseline.empty())
    return is([&](const report::StudyArm& arm) { return arm.name == study.baseline; });
  const std::size_t untuned =
      is([](const report::StudyArm& arm) { return !arm.tuned && !arm.left_out; });
  return untuned < arms.size() ? untuned : 0;
}

}  // namespace

report::Study collect_study(const StudyState& state) {
  const RunFolder data_folder(state.folder->data());
  const RunData data = data_folder.load_data();
  report::Study study;
  study.title = state.study->name;
  study.data = data_summary(state, data);
  study.classes = data.dataset.classes;
  study.command_line = state.command_line;
  study.budget = state.study->budget;
  study.machine = state.machine;
  study.version = "0.1.0";
  study.price_per_hour = state.price.per_hour;
  study.price = state.price.source;
  study.finished = state.ended_at_seconds > 0;
  study.ended_at_seconds = state.ended_at_seconds;
  if (const auto file = cost_file(state.folder->data()); std::filesystem::exists(file))
    study.shared_seconds = read_json(file).at("seconds").get<double>();
  for (const std::size_t i : data.split.test)
    study.test_labels.push_back(data.dataset.photographs[i].label);
  for (const ResolvedArm& resolved : *state.arms) {
    const DeclaredArm& declared = resolved.declared;
    report::StudyArm arm{.name = declared.name,
                         .strategy = to_string(declared.strategy),
                         .network = resolved.network,
                         .tuned = declared.tuned,
                         .recipe = declared.recipe,
                         .augment = declared.augment,
                         .suggester = declared.tuned ? declared.suggester : "",
                         .spends = spends(declared),
                         .note = resolved.note,
                         .left_out = resolved.left_out};
    if (!arm.left_out)
      for (const std::uint64_t seed : state.study->seeds)
        arm.runs.push_back(collect_run(state.folder->run(declared.name, seed), seed, declared.tuned,
                                       study.test_labels));
    study.arms.push_back(std::move(arm));
  }
  study.baseline = baseline_of(*state.study, study.arms);
  return study;
}

}  // namespace frugal::cli
