// The options of `frugal explain`, described.
#pragma once

#include "cli/options.h"

namespace CLI {
class App;
}

namespace frugal::cli {

// All but those of the voice and of --data.
void describe(CLI::App& command, ExplainOptions& options);

}  // namespace frugal::cli
