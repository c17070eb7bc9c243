// Where in a run's folder the workers leave things.
#pragma once

#include <filesystem>
#include <string>

#include "experiment/experiment.h"

namespace frugal::worker {

// trials/ID: what one trial leaves.
std::string trial_folder(const std::string& run_folder, experiment::Id trial);

// With all above it. Throws SystemError.
void make_folder(const std::filesystem::path& path);

}  // namespace frugal::worker
