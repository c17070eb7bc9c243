// The answer of an experiment: everything that `frugal tune` ends with, as plain values. It is
// stored as result.json in the run's folder, and every report is a pure function of it.
//
// An answer may be unfinished: no arms yet, trials still running, failed trials only. Numbers that
// are derived (means, intervals, the sentence) are not here but in summary.h, so that they cannot
// contradict what they are derived from.
//
// Seconds are wall-clock, accuracies shares in [0, 1], dollars those of the whole machine.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace frugal::report {

struct BrokenPhotograph {
  std::string path;
  std::string reason;
  bool operator==(const BrokenPhotograph&) const = default;
};

struct DataSummary {
  std::string path;
  std::size_t photographs = 0;  // that could be used
  std::size_t train = 0, validation = 0, test = 0;
  std::size_t min_per_class = 0, max_per_class = 0;
  std::uint64_t split_seed = 0;
  // The proof of the split: photographs whose content stands in more than one part, counted by
  // hash. Absent: not counted.
  std::optional<std::size_t> shared_content;
  std::string split_hash;  // SHA-256 of the stored split
  std::vector<BrokenPhotograph> broken;
  // Groups of two or more photographs: equal content, alike, equal content in different classes.
  std::size_t duplicates = 0, near_duplicates = 0, conflicting = 0;
  bool operator==(const DataSummary&) const = default;
};

// One training run of an arm, on a fresh seed.
struct SeedResult {
  std::uint64_t seed = 0;
  double validation_accuracy = 0;
  std::optional<double> test_top5;
  std::vector<std::size_t> test_predictions;  // class of each test photograph; empty: not opened
  bool operator==(const SeedResult&) const = default;
};

// One row of the results: a strategy, untuned or tuned.
struct Arm {
  std::string strategy;  // "features", "fine-tune"
  bool tuned = false;
  bool longer = false;  // a run of the recipe for longer than the search's
  std::vector<SeedResult> seeds;
  std::size_t trials = 0;  // spent in search of the recipe
  double search_seconds = 0;
  double run_seconds = 0;  // one training run of the recipe
  double dollars = 0;      // the search and the runs
  Json recipe = Json::object();
  bool operator==(const Arm&) const = default;
};

// One evaluation on the way of a trial.
struct Evaluation {
  double epochs = 0;
  double training_loss = 0;
  double validation_loss = 0;
  double validation_accuracy = 0;
  double wall_seconds = 0;  // since the trial began
  bool operator==(const Evaluation&) const = default;
};

// What a trial observed of a cheaper task on its way.
struct Passing {
  std::string task;
  double cost = 0;   // of that task
  double value = 0;  // validation accuracy
  bool operator==(const Passing&) const = default;
};

inline constexpr const char* kLonger = "longer";  // a Trial::task

struct Trial {
  std::uint64_t id = 0;
  std::string strategy;
  std::string task;             // "small", "medium", "full"; kLonger: beyond the search's tasks
  double cost = 1;              // of the task, in full-task costs
  std::string state;            // "open", "running", "done", "failed", "preempted"
  std::optional<double> value;  // validation accuracy, when done
  std::optional<double> value_stddev;
  Json assignments = Json::object();
  double started_seconds = 0;  // since the experiment began
  // Over all attempts at it, those that failed, were interrupted or lost included.
  double seconds = 0;            // of one worker
  double cpu_seconds = 0;        // of the processors
  double device_seconds = 0;     // of the cores, or accelerators, that it held
  double machine_seconds = 0;    // its share of the experiment's clock
  double peak_memory_bytes = 0;  // the most at one time; 0: not known
  double dollars = 0;
  std::vector<Passing> passings;  // cheaper tasks that it passed through
  std::vector<Evaluation> history;
  std::string reason;  // why it failed, or was stopped
  bool operator==(const Trial&) const = default;
  // It was stopped for its learning curve, and value is a forecast of its end.
  bool is_forecast() const { return state == "done" && !reason.empty(); }
};

struct SearchTask {
  std::string name;
  double cost = 1;
  bool operator==(const SearchTask&) const = default;
};

// What was searched with one strategy.
struct Search {
  std::string strategy;
  Json space = Json::object();    // optimizer::to_json(Space)
  std::vector<SearchTask> tasks;  // in the experiment's order
  std::uint64_t seed = 0;
  bool operator==(const Search&) const = default;
};

// What the experiment's clock was spent on: "checking and splitting photographs", "search", "runs
// on fresh seeds", "workers waiting for work". All of them together are the clock, but for what was
// not accounted for.
struct Stage {
  std::string name;
  double seconds = 0;
  bool operator==(const Stage&) const = default;
};

// The winner's recipe trained once more, on training and validation photographs together and for as
// long as the budget allowed: the model that is kept. No validation photographs are left to judge
// it by.
struct Refit {
  std::size_t photographs = 0;
  Json recipe = Json::object();
  double seconds = 0;
  std::optional<double> test_top5;
  std::vector<std::size_t> test_predictions;
  bool operator==(const Refit&) const = default;
};

struct Answer {
  std::string title;
  bool finished = false;
  double ended_at_seconds = 0;  // since the epoch; 0: not known
  DataSummary data;
  std::vector<std::string> classes;
  std::string network;
  std::string weights;
  std::string command_line;
  std::string budget;  // as it was given: "20m"
  std::string machine;
  std::string version;
  unsigned workers = 1;
  double spent_seconds = 0;
  double spent_dollars = 0;
  double price_per_hour = 0;  // 0: none was given, and dollars are not shown
  std::string price;          // where it is from: "c7a.large on demand, AWS, ..."
  std::vector<Stage> stages;
  std::vector<Arm> arms;
  std::optional<std::size_t> winner;  // index into arms, chosen by validation accuracy alone
  std::optional<Refit> refit;         // absent: the best of the winner's own models is kept
  std::vector<std::size_t> test_labels;
  std::vector<Search> searches;  // none: an answer of before there were any here
  std::vector<Trial> trials;
  bool operator==(const Answer&) const = default;
};

Json to_json(const Answer& answer);  // a number that is not finite becomes null

// Throws InputError that names the place ("result.json: trials[3].task ...") for an unknown key, a
// wrong type, predictions that do not fit the test labels or the classes, a winner that is no arm.
// "summary" (see summary.h) may be there and is not read.
Answer answer_from_json(const Json& json, std::string_view where);

}  // namespace frugal::report
