// The command line: names, help and configuration files bound to options.h.
#pragma once

namespace frugal::cli {

// Exit codes: 0 done, 1 a defect of ours, 2 what was asked cannot be done, 3 stopped before there
// was an answer, 130 and 143 by signals after a clean stop.
int run(int argc, const char* const* argv);

}  // namespace frugal::cli
