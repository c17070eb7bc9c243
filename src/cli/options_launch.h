// The options that say where workers run, for every command that starts some.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/options.h"

namespace frugal::cli {

void add_launch_options(CLI::App& command, LaunchOptions& options);

}  // namespace frugal::cli
