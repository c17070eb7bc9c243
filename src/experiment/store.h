// The only truth: experiments, trials and observations on disk. One process writes; what a method
// has returned from is durable. docs/store.md has the schema.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiment/experiment.h"

namespace frugal::experiment {

// Not thread-safe: the scheduler calls it under its lock.
class Store {
 public:
  virtual ~Store() = default;

  // Runs the function in one transaction: all of it or none of it.
  virtual void transact(const std::function<void()>& changes) = 0;

  virtual Id add(const Experiment& experiment) = 0;  // returns its id
  virtual void update(const Experiment& experiment) = 0;
  virtual std::vector<Experiment> experiments() = 0;  // by id

  virtual Id add(const Trial& trial) = 0;
  virtual void update(const Trial& trial) = 0;
  virtual std::vector<Trial> trials(Id experiment) = 0;  // by id

  virtual Id add(const Observation& observation) = 0;
  virtual std::vector<Observation> observations(Id experiment) = 0;  // by id

  // Small named values of the whole store ("spent_seconds").
  virtual void set_value(const std::string& key, const std::string& value) = 0;
  virtual std::optional<std::string> value(const std::string& key) = 0;
};

// A SQLite file, made when missing. Throws InputError: not a store, a newer version's, another
// process writes to it (named); SystemError: a full disk.
std::unique_ptr<Store> open_sqlite_store(const std::string& path);

}  // namespace frugal::experiment
