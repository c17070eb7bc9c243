// Suggesters: pure functions of a history and a random stream. No files, no clock, no threads;
// the store is the only truth, so any process can suggest at any time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "optimizer/space.h"

namespace frugal::optimizer {

struct Problem {
  Space space;
  bool maximize = true;
  std::vector<Task> tasks = {Task{}};  // any order, exactly one of cost 1
  std::optional<double> budget;        // in full-task costs, when known
};

struct Observation {
  Assignments assignments;
  std::size_t task = 0;                // index into Problem::tasks
  std::optional<double> value;         // absent: the trial failed
  std::optional<double> value_stddev;  // standard error of value, when known
  std::optional<double> cost;          // measured, in full-task costs; absent: the task's
};

struct Suggestion {
  Assignments assignments;
  std::size_t task = 0;
  bool operator==(const Suggestion&) const = default;
};

struct History {
  std::vector<Observation> observations;  // in order of arrival
  std::vector<Suggestion> open;           // suggested, not yet observed
};

class Suggester {
 public:
  virtual ~Suggester() = default;
  // n suggestions, none of them open already, none twice. Fewer only when the space is finite
  // and exhausted. random must be derived from the experiment's seed and the history's size.
  virtual std::vector<Suggestion> suggest(const History& history, std::size_t n,
                                          RandomStream& random) = 0;
  // The assignments to believe in: the evaluated point with the best posterior mean on the full
  // task. nullopt before the first success.
  virtual std::optional<Assignments> recommend(const History& history) = 0;
};

// name: "multitask" (the default), "random", "sobol" and what suggester_names() lists besides.
// Throws InputError that lists the names. seed: for what must be drawn once (scrambling).
std::unique_ptr<Suggester> make_suggester(const std::string& name, Problem problem,
                                          std::uint64_t seed);
std::vector<std::string> suggester_names();

}  // namespace frugal::optimizer
