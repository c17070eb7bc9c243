// Options that several commands have, described once.
#pragma once

#include <string>

#include "cli/options.h"

namespace CLI {
class App;
}

namespace frugal::cli {

inline constexpr const char* kPolicyHelp =
    "none, crop-flip, trivial, study, wide, ..., a list of transforms (frugal augment --list) or "
    "FILE.yml";

void add_data_options(CLI::App& command, DataOptions& data, bool required);
void add_split_options(CLI::App& command, SplitShares& shares);
void add_recipe_option(CLI::App& command, std::string& recipe);
void add_price_options(CLI::App& command, PriceOptions& price);
// Where workers run, of every command that starts some.
void add_launch_options(CLI::App& command, LaunchOptions& options);

}  // namespace frugal::cli
