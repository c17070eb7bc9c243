// What this process takes of the machine.
#pragma once

namespace frugal::worker {

// Of this process and of the children that it has waited for.
double cpu_seconds();

// The most memory (resident pages) that this process held since the last forget_peak_memory, or
// since it began where the kernel forgets nothing.
double peak_memory_bytes();
void forget_peak_memory();

}  // namespace frugal::worker
