// Experiments, trials and observations as values, with their one pair of JSON functions each.
// The words are SigOpt's (docs/http_api.md).
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "experiment/metric.h"
#include "optimizer/suggest.h"

namespace frugal::experiment {

using Id = std::int64_t;

enum class ExperimentState { kActive, kDeleted };

// What a person has asked of an experiment: to go on; to begin no trial for now; to make no new
// suggestion, and to be over when what was suggested has ended.
enum class Search { kOn, kPaused, kEnding };

// One optimization: a search space, one metric, tasks, a budget, a parallel bandwidth. Metrics of
// other strategies are recorded beside it (metric.h).
struct Experiment {
  Id id = 0;  // given by the store
  std::string name;
  std::string type = "offline";  // "random", "grid": no model is asked
  optimizer::Space space;
  std::string metric = "value";  // the first that is optimized
  bool maximize = true;
  std::optional<double> threshold;   // of metric, when there are two
  std::vector<Metric> more_metrics;  // all the others
  std::vector<optimizer::Task> tasks = {optimizer::Task{}};
  std::string suggester = "multitask";
  std::uint64_t seed = 0;
  std::optional<double> budget;  // in full-task costs
  std::optional<int> parallel_bandwidth;
  Json metadata = Json::object();
  ExperimentState state = ExperimentState::kActive;
  Search search = Search::kOn;
  double created = 0;  // seconds since the epoch
  double updated = 0;  // 0: never
  std::string project;
  bool of_runs = false;  // SigOpt's "AI experiment": budget counts training runs
};

enum class TrialState { kOpen, kRunning, kDone, kFailed, kPreempted };

// Of attempts at a trial. The worker measures, on its own clock; the scheduler adds the last two.
struct Cost {
  double wall_seconds = 0;
  double cpu_seconds = 0;        // of its process, and of those that it started
  double device_seconds = 0;     // wall_seconds times the cores, or accelerators, that it held
  double peak_memory_bytes = 0;  // the most at one time: of several attempts, the greatest
  double waited_seconds = 0;     // of the worker, before the attempt and after all else it reported
  double machine_seconds = 0;    // the attempt's share of the clock of all workers together
  double dollars = 0;            // of that share
};

// One attempt at a suggestion. Open: suggested, nobody works on it. Running: leased. Preempted:
// given back with its checkpoint, or lost; the next lease takes it first.
struct Trial {
  Id id = 0;
  Id experiment = 0;
  optimizer::Suggestion suggestion;
  std::string purpose = "search";  // "search": from the suggester; "queued": by request
  Json metadata = Json::object();
  TrialState state = TrialState::kOpen;
  std::int64_t fence = 0;  // grows with every lease
  std::string worker;
  double lease_expires = 0;  // seconds since the epoch; running only
  int attempts = 0;
  Cost cost;                       // over all attempts, the lost ones too
  Cost attempt_cost;               // of the running attempt, at its last heartbeat
  std::string checkpoint;          // where a preempted trial goes on; "": the beginning
  std::string reason;              // of a failure
  Json progress = Json::object();  // the worker's last word
  double created = 0, started = 0, ended = 0;
  bool deleted = false;
};

// What came of a trial, or on its way: the value at a task.
struct Observation {
  Id id = 0;
  Id experiment = 0;
  Id trial = 0;                 // 0: reported from outside, without a suggestion
  optimizer::Suggestion point;  // assignments and task
  std::optional<double> value;  // nullopt: failed
  std::optional<double> value_stddev;
  std::vector<MetricValue> more_values;  // of more_metrics, in any order
  double cost_seconds = 0;               // 0: not known
  Json metadata = Json::object();
  double created = 0;
  bool deleted = false;
  bool on_the_way = false;  // of a cheaper task than its trial's: costs no budget
};

std::string to_string(Search search);
std::string to_string(TrialState state);
TrialState trial_state_named(const std::string& name);

Json to_json(const Experiment& experiment);
// Throws InputError that names the key. where: for messages.
Experiment experiment_from_json(const Json& json, std::string_view where);
Json to_json(const Trial& trial, const Experiment& experiment);
Json to_json(const Cost& cost);  // as the worker reports it
// Attempts added up.
Cost sum(const Cost& a, const Cost& b);
Json to_json(const Observation& observation, const Experiment& experiment);

// All, the first optimized one first.
std::vector<Metric> metrics_of(const Experiment& experiment);
const Metric* second_objective(const Experiment& experiment);  // nullptr: there is but one
// Of one of more_metrics.
std::optional<double> value_of(const Observation& observation, const std::string& metric);
// It succeeded, and keeps every threshold that there is.
bool keeps_thresholds(const Observation& observation, const Experiment& experiment);

// Index into experiment.tasks. Throws InputError that lists them.
std::size_t task_named(const Experiment& experiment, const std::string& name);
std::size_t full_task(const Experiment& experiment);

}  // namespace frugal::experiment
