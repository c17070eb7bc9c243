// How the cores are shared out: how many workers side by side, of how many threads each. Never more
// threads in all than cores. What the user does not say is measured.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/options.h"

namespace frugal::cli {

struct Split {
  unsigned workers = 1;
  unsigned threads = 1;  // of each
  bool operator==(const Split&) const = default;
};

// What the options say; nullopt: nothing. Of two numbers the one that is missing follows from the
// cores. Throws InputError when it would take more than the cores.
std::optional<Split> split_of(const MachineOptions& options, unsigned cores);

// Worth measuring: threads that double from one to all cores, as many workers as then fit, at most
// kMostWorkers, and none that leaves more than a quarter of the cores idle. The most workers come
// first. One core: only one.
std::vector<Split> split_candidates(unsigned cores);
inline constexpr unsigned kMostWorkers = 16;  // each of more would know too little of the others

struct SplitMeasurement {
  Split split;
  // Of all workers together, over the rounds: lowest, median, highest.
  double lowest = 0, images_per_second = 0, highest = 0;
  bool operator==(const SplitMeasurement&) const = default;
};

struct SplitChoice {
  Split split;
  unsigned cores = 1;
  std::string machine;                     // "AMD EPYC, 2 cores"
  std::string work;                        // "fine-tuning resnet18 at 96 × 128 pixels"
  std::vector<SplitMeasurement> measured;  // empty: there was nothing to choose
  bool operator==(const SplitChoice&) const = default;
};

// images_per_second: of one worker while all of them work. Every candidate once a round, for as
// many rounds as another_round(rounds so far) allows, one at least; the highest median wins, of
// equal ones the first.
SplitChoice choose_split(const std::vector<Split>& candidates,
                         const std::function<bool(unsigned)>& another_round,
                         const std::function<double(const Split&)>& images_per_second);

// "2 workers of 1 thread: 112 images/s (109 to 113); ..."
std::string to_text(const SplitChoice& choice);
Json to_json(const SplitChoice& choice);
SplitChoice split_choice_from_json(const Json& json);  // throws InputError

}  // namespace frugal::cli
