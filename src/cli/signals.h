// Ctrl-C and SIGTERM ask for a clean stop; a second one within it is obeyed at once by the
// system's default.
#pragma once

namespace frugal::cli {

// From now on SIGINT and SIGTERM are remembered instead of fatal. SIGPIPE is ignored.
void catch_stop_signals();

// The signal that asked for a stop, 0 while none has.
int stop_signal();

// Throws Stopped when one has.
void throw_if_stopped();

}  // namespace frugal::cli
