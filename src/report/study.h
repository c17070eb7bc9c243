// The result of a study: several arms (ways to spend the same money) on the same seeds, each
// judged on the same test photographs. It is stored as result.json in the study's folder, and every
// table and report is a pure function of it (study_summary.h, study_tables.h, study_html.h).
//
// A study may be unfinished: runs that wait, that have begun, that failed. Seconds are wall-clock
// of the whole machine, dollars those of the whole machine, accuracies shares in [0, 1].
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "report/answer.h"

namespace frugal::report {

// One arm on one seed: what its whole budget bought.
struct StudyRun {
  std::uint64_t seed = 0;
  std::string state = "waiting";  // "waiting", "begun", "done", "failed"
  std::string reason;             // why it failed
  double seconds = 0;             // all attempts together
  std::size_t trials = 0;         // training runs in it, those of the search included
  Json recipe = Json::object();   // of the model that it delivered
  std::optional<double> test_top5;
  std::vector<std::size_t> test_predictions;  // the delivered model's; empty: not done
  bool operator==(const StudyRun&) const = default;
};

struct StudyArm {
  std::string name;
  std::string strategy;  // "features", "fine-tune"
  std::string network;
  bool tuned = true;
  std::string recipe, augment, suggester;  // as the study names them
  std::string spends;                      // how it spends the budget, in words
  std::string note;       // "the weights of resnet50 are missing ..."; "": nothing to say
  bool left_out = false;  // the note says why; it has no runs
  std::vector<StudyRun> runs;
  bool operator==(const StudyArm&) const = default;
};

struct Study {
  std::string title;
  bool finished = false;
  double ended_at_seconds = 0;  // since the epoch; 0: not known
  DataSummary data;
  std::vector<std::string> classes;
  std::string command_line;
  std::string budget;  // of each run, as it was given: "20m"
  std::string machine;
  std::string version;
  double price_per_hour = 0;  // 0: none was given, and dollars are not shown
  std::string price;
  double shared_seconds = 0;  // checking and splitting, once for all arms: no arm pays for it
  std::size_t baseline = 0;   // index of the arm that others are measured against
  std::vector<StudyArm> arms;
  std::vector<std::size_t> test_labels;
  bool operator==(const Study&) const = default;
};

Json to_json(const Study& study);

// Throws InputError that names the place for an unknown key, a wrong type, predictions that do not
// fit the labels or the classes, a baseline that is no arm. "summary" and "kind" may be there and
// are not read.
Study study_from_json(const Json& json, std::string_view where);

// What a finished run of frugal tune delivers: its kept model's predictions of the test part.
struct Delivery {
  Json recipe = Json::object();
  std::optional<double> test_top5;
  std::vector<std::size_t> test_predictions;
};
// The winner once more where that model was kept, else the winner's run that did best on
// validation. nullopt: the test part was not opened.
std::optional<Delivery> delivery(const Answer& answer);

}  // namespace frugal::report
