// How the options of studies and advice are called on the command line.
#pragma once

#include "cli/options.h"

namespace CLI {
class App;
}

namespace frugal::cli {

void describe_compare(CLI::App& command, CompareOptions& options);
void describe_advise(CLI::App& command, AdviseOptions& options);

}  // namespace frugal::cli
