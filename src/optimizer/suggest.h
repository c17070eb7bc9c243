// Suggesters: pure functions of a history and a random stream. No files, no clock, no threads;
// the store is the only truth, so any process can suggest at any time.
#pragma once

#include <cstddef>
#include <cstdint>
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
  // A trial continues the checkpoint of the same assignments on a cheaper task, and so costs
  // only the difference.
  bool continues = false;
};

struct Observation {
  Assignments assignments;
  std::size_t task = 0;                // index into Problem::tasks
  std::optional<double> value;         // absent, NaN or infinite: the trial failed
  std::optional<double> value_stddev;  // standard error of value, when known
  std::optional<double> cost;          // measured, in full-task costs; absent: the task's
  bool operator==(const Observation&) const = default;
};

struct Suggestion {
  Assignments assignments;
  std::size_t task = 0;
  bool operator==(const Suggestion&) const = default;
};

struct History {
  std::vector<Observation> observations;  // in order of arrival
  std::vector<Suggestion> open;           // suggested, not yet observed
  // Not 0: of two histories with this number the longer one's observations begin with the
  // shorter one's, so that nobody need compare them.
  std::uint64_t lineage = 0;
};

// Fitting a model, apart from the suggester that wants it.
class PendingFit {
 public:
  virtual ~PendingFit() = default;
  virtual void run() = 0;
};

class Suggester {
 public:
  virtual ~Suggester() = default;
  // n suggestions, none of them open already, none twice. A finite space that has been observed
  // altogether starts over; fewer than n come back only when every pair of assignments and task
  // that this suggester would try is open. random must be derived from the experiment's seed and
  // the history's size.
  virtual std::vector<Suggestion> suggest(const History& history, std::size_t n,
                                          RandomStream& random) = 0;
  // The assignments to believe in: the evaluated point with the best posterior mean on the full
  // task. nullopt before the first success.
  virtual std::optional<Assignments> recommend(const History& history) = 0;
  // What will have to be done before a later suggestion, for another thread to do while this
  // suggester goes on; nullptr: nothing. To be given back by take(); until then, or without it,
  // suggest does what it must itself. Changes no answer.
  virtual std::unique_ptr<PendingFit> prepare(const History&) { return nullptr; }
  virtual void take(std::unique_ptr<PendingFit>) {}
};

// name: "multitask" (the default), "random", "sobol" and what suggester_names() lists besides.
// Throws InputError that lists the names. seed: for what must be drawn once (scrambling).
std::unique_ptr<Suggester> make_suggester(const std::string& name, Problem problem,
                                          std::uint64_t seed);
std::vector<std::string> suggester_names();

}  // namespace frugal::optimizer
