// Beside the checkpoint: where a run with a stable schedule stood before its rate began to fall,
// from where a longer one goes on.
#pragma once

#include <string>

namespace frugal::train {

std::string trunk_path(const std::string& checkpoint_path);

}  // namespace frugal::train
