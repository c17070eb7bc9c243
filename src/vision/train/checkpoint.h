// A run on disk. Written to a temporary, synced, renamed; a file that is torn, of another format
// or of another run is told apart from a good one.
//
// Format (version 1): the line "frugal checkpoint 1\n"; SHA-256 (64 hexadecimal digits, newline)
// of all that follows; length of the JSON in decimal, newline; the JSON (identity, position,
// history); the learner's state to the end of the file.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "vision/train/schedule.h"
#include "vision/train/train.h"

namespace frugal::train {

struct Position {
  std::size_t step = 0;               // steps taken
  std::size_t evaluated_at_step = 0;  // the last evaluation; 0: none yet
  Plateau plateau;
  double loss_sum = 0;  // of the training batches since the last evaluation ...
  std::size_t loss_count = 0;
  double spent_seconds = 0;
  std::optional<RunLength> length;  // of a run that is bound by time
  std::vector<EpochReport> history;
};

struct Checkpoint {
  Json identity;  // what must be equal for a run to go on from here
  Position position;
  std::string state;  // Learner::save
};

std::string serialize(const Checkpoint& checkpoint);
// Throws InputError that names where.
Checkpoint parse_checkpoint(std::string_view bytes, const std::string& where);

// The first key whose value differs, with both values, for a message; "" when they are equal.
std::string difference(const Json& stored, const Json& wanted);

}  // namespace frugal::train
