// What has been tried and what is open, so that no suggester ever hands out a duplicate.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "optimizer/encode.h"
#include "optimizer/suggest.h"

namespace frugal::optimizer {

// An observation as the suggesters use it.
struct Record {
  std::string key;  // Space::canonical_key
  Point point;
  std::size_t task = 0;
  std::optional<double> value;  // finite, the larger the better; absent: failed
  double stddev = 0;            // 0: not known
  double cost = 0;              // in full-task costs
  bool is_valid = true;         // the assignments could be suggested again
};

class Ledger {
 public:
  // The problem must outlive the ledger. Throws InputError for tasks that make no sense.
  explicit Ledger(const Problem& problem);

  const Encoder& encoder() const { return encoder_; }
  // Tasks in ascending order of cost; the last is the full one.
  const std::vector<std::size_t>& tasks() const { return tasks_; }
  std::size_t full_task() const { return tasks_.back(); }

  // Brings the ledger up to the history: O(new observations) when the history has only grown,
  // else from the start. Returns how many records are as they were.
  std::size_t update(const History& history);
  void open(const Suggestion& suggestion);

  const std::vector<Record>& records() const { return records_; }
  const Observation& observation(std::size_t record) const { return observations_[record]; }
  const std::vector<Suggestion>& open_suggestions() const { return open_; }

  bool is_open(const std::string& key, std::size_t task) const;
  bool is_seen(const std::string& key, std::size_t task) const;  // observed or open
  std::size_t count_seen(std::size_t task) const;                // observations and open ones
  // The cost of an observation on the task: the mean of what was measured, else as declared.
  double task_cost(std::size_t task) const;

  // A point that was never seen on the task: by draw, a bounded number of times, then by
  // looking through a finite space. Where all were observed, the least observed that is not
  // open. nullopt when all are open.
  std::optional<Assignments> fresh(std::size_t task, RandomStream& random,
                                   const std::function<Point()>& draw) const;

 private:
  struct Count {
    std::size_t observed = 0, open = 0;
  };
  Count count(const std::string& key, std::size_t task) const;
  void add(const Observation& observation);

  const Problem& problem_;
  Encoder encoder_;
  std::vector<std::size_t> tasks_;
  std::vector<Observation> observations_;
  std::vector<Record> records_;
  std::vector<Suggestion> open_;
  std::vector<std::string> open_keys_;
  std::vector<std::unordered_map<std::string, Count>> counts_;  // for each task
  std::vector<double> measured_cost_;                           // sum, for each task
  std::vector<std::size_t> measured_;
  std::uint64_t lineage_ = 0;  // of the history that it was brought up to last
};

}  // namespace frugal::optimizer
