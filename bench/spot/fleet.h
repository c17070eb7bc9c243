// A fleet of machines that may be taken away, simulated: the scheduler and the store are the real
// ones, the machines and the clock are not. Machines boot, lease trials, send heartbeats, write
// checkpoints, are interrupted with or without a word, and are replaced.
#pragma once

#include <cstdint>
#include <string>

namespace frugal::bench {

struct Market {
  std::string name;
  double interruptions_per_hour = 0;  // of one machine
  double notice_seconds = 120;
  double dollars_per_hour = 0;            // of one machine
  double on_demand_dollars_per_hour = 0;  // of one that is not taken away
};

struct FleetOptions {
  std::size_t machines = 1000;
  std::size_t trials = 2000;
  double trial_seconds = 600;        // median; half of them take between 0.7 and 1.4 of it
  double boot_seconds = 120;         // paid for, and nothing done
  double replacement_seconds = 120;  // until another machine is found
  double checkpoint_every_seconds = 120;
  double checkpoint_seconds = 1;  // to write one
  double silent_share = 0.1;      // of the interruptions come without notice
  std::uint64_t seed = 1;
};

struct FleetResult {
  double hours = 0;          // until the last trial was observed
  double machine_hours = 0;  // paid for
  double dollars = 0;
  std::size_t interruptions = 0, silent = 0;
  double work_hours = 0;        // that the trials needed
  double repeated_hours = 0;    // done again after an interruption
  double checkpoint_hours = 0;  // spent on writing them
  std::size_t observed = 0, doubled = 0;
};

// store: a file that is not there yet.
FleetResult simulate(const Market& market, const FleetOptions& options, const std::string& store);

}  // namespace frugal::bench
