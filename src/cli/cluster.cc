// frugal cluster: where a run's workers are and what they do, and what one of them said.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/cluster_state.h"
#include "cli/commands.h"
#include "cli/run_folder.h"
#include "report/table.h"

namespace frugal::cli {
namespace {

using experiment::TrialState;

constexpr double kOldSeconds = 30;  // beyond, the coordinator is not at work

struct Work {
  experiment::Id running = 0;  // 0: none
  std::size_t done = 0, failed = 0, preempted = 0;
  double seconds = 0, dollars = 0;
};

std::map<std::string, Work> work_by_worker(const ClusterState& state) {
  std::map<std::string, Work> all;
  for (const auto& trial : state.trials) {
    Work& work = all[trial.worker];
    if (trial.state == TrialState::kRunning) work.running = trial.id;
    if (trial.state == TrialState::kDone) work.done += 1;
    if (trial.state == TrialState::kFailed) work.failed += 1;
    if (trial.state == TrialState::kPreempted) work.preempted += 1;
    work.seconds += trial.cost.wall_seconds;
    work.dollars += trial.cost.dollars;
  }
  return all;
}

std::string state_of(const launch::WorkerStatus& worker) {
  if (worker.running) return "at work";
  if (!worker.waiting.empty()) return "waits: " + worker.waiting;
  if (worker.exit_code == 0) return "left";
  if (worker.exit_code || worker.signal) return launch::describe_end(worker);
  return "lost";
}

bool is_there(const launch::WorkerStatus& worker) {
  return worker.running || !worker.waiting.empty();
}

std::string table_of(const ClusterState& state) {
  auto work = work_by_worker(state);
  report::Table table{.name = "workers"};
  table.columns = {{"node", "node", false},      {"worker", "worker", false},
                   {"state", "state", false},    {"trial", "trial", true},
                   {"done", "done", true},       {"failed", "failed", true},
                   {"seconds", "seconds", true}, {"dollars", "dollars", true}};
  auto workers = state.workers;
  std::stable_sort(workers.begin(), workers.end(),
                   [](const auto& a, const auto& b) { return a.node < b.node; });
  for (const auto& worker : workers) {
    const Work& w = work[worker.name];
    if (!is_there(worker) && w.done + w.failed == 0 && worker.exit_code.value_or(0) == 0) continue;
    const auto cell = [](const std::string& text) { return report::Cell{text, text}; };
    table.rows.push_back(
        {cell(worker.node.empty() ? "-" : worker.node), cell(worker.name), cell(state_of(worker)),
         cell(w.running == 0 ? "-" : std::to_string(w.running)), cell(std::to_string(w.done)),
         cell(std::to_string(w.failed)), cell(fmt::format("{:.0f}", w.seconds)),
         cell(fmt::format("{:.2f}", w.dollars))});
  }
  return report::to_text(table);
}

std::string counts_of(const ClusterState& state) {
  std::map<TrialState, std::size_t> counts;
  for (const auto& trial : state.trials) counts[trial.state] += 1;
  std::string text;
  for (const auto& [trial_state, count] : counts)
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", count, experiment::to_string(trial_state));
  return text.empty() ? "none" : text;
}

int show(const ClusterState& state, const Json& json, Console& console) {
  const double age = SystemClock().now_seconds() - state.time;
  std::string text = table_of(state);
  const auto at_work = std::count_if(state.workers.begin(), state.workers.end(),
                                     [](const auto& worker) { return worker.running; });
  text += fmt::format("workers    {} at work, {} begun in all\n", at_work, state.workers.size());
  text += fmt::format("trials     {}\n", counts_of(state));
  text += fmt::format("spent      {}, ${:.2f}\n", clock_text(state.spent_seconds), state.dollars);
  if (!state.nodes_left_alone.empty())
    text += fmt::format("left alone {}: workers kept failing there\n",
                        fmt::join(state.nodes_left_alone, ", "));
  text += age < kOldSeconds
              ? fmt::format("as of {:.0f} s ago, by the coordinator at {}", age, state.coordinator)
              : fmt::format("as of {} ago: the coordinator is not at work", clock_text(age));
  console.result(text, json);
  return 0;
}

int show_log(const ClusterState& state, const ClusterOptions& options, Console& console) {
  if (options.trial.empty())
    throw InputError("frugal cluster logs: of which trial? Give --trial ID; status lists them");
  for (const auto& trial : state.trials) {
    if (std::to_string(trial.id) != options.trial) continue;
    for (const auto& worker : state.workers) {
      if (worker.name != trial.worker) continue;
      const std::string text = read_file(worker.log);
      console.result(text, {{"trial", trial.id},
                            {"worker", worker.name},
                            {"node", worker.node},
                            {"log", worker.log.string()},
                            {"content", text}});
      return 0;
    }
    throw InputError(fmt::format("trial {} {}", trial.id,
                                 trial.worker.empty()
                                     ? "has not been begun"
                                     : "was last with " + trial.worker +
                                           ", a worker of an earlier start; its log may be in " +
                                           RunFolder(options.run).logs().string()));
  }
  throw InputError(fmt::format("{} has no trial {}", options.run, options.trial));
}

}  // namespace

int run_cluster(const ClusterOptions& options, Console& console) {
  const RunFolder folder(options.run);
  if (!std::filesystem::exists(folder.cluster()))
    throw InputError(
        fmt::format("{} has no {}: it is not the folder of a run whose workers have begun",
                    options.run, folder.cluster().filename().string()));
  const std::string where = folder.cluster();
  const Json json = parse_json(read_file(where), where);
  const ClusterState state = cluster_state_from_json(json, where);
  return options.what == "status" ? show(state, json, console) : show_log(state, options, console);
}

}  // namespace frugal::cli
