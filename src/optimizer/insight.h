// What a history teaches about its problem, all at once: what a report, a command or an HTTP route
// shows. A pure function of problem, history and seed; open trials do not matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "optimizer/calibration.h"
#include "optimizer/dependence.h"
#include "optimizer/importance.h"
#include "optimizer/suggest.h"

namespace frugal::optimizer {

struct InsightOptions {
  std::size_t curves = 12;   // partial dependences and slices, of the most important parameters
  std::size_t surfaces = 1;  // partial dependences of the pairs that interact most
  DependenceOptions curve = {};
  DependenceOptions surface = {.grid = 10};
};

struct Insight {
  std::string lacking;             // why there is nothing below; "" when there is
  std::vector<std::string> notes;  // what a reader must know
  std::size_t observations = 0;    // that it rests on
  Importance importance;
  std::vector<Dependence> partial_dependences;  // curves by descending total effect, then surfaces
  std::vector<Dependence> slices;               // the same curves through the best assignments
  Assignments best;
  Calibration left_out_observations, left_out_assignments;
  std::vector<TaskCorrelation> task_correlations;
  bool operator==(const Insight&) const = default;
};

// Throws InputError for tasks that make no sense (ledger.h).
Insight make_insight(const Problem& problem, const History& history, std::uint64_t seed,
                     const InsightOptions& options = {});

// Keys are the members' names throughout; an interval is {"value", "low", "high"}; an insight that
// lacks something says so and has nothing else.
Json to_json(const Insight& insight);
// Throws InputError. where: what the JSON is, for messages.
Insight insight_from_json(const Json& json, std::string_view where);

}  // namespace frugal::optimizer
