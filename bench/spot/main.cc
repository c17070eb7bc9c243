// What trials cost on machines that can be taken away, against on-demand ones: bench/spot/fleet.h.
//
//   bench_spot [--machines 1000] [--trials 2000] [--folder DIR]
//
// Interruption rates: AWS's Spot Instance Advisor publishes bands of how many machines of a kind
// were taken in the month before (below 5 % to above 20 %), with a notice of two minutes; of
// Google's, known is that they end after a day at the latest, so that 15 % a day is an assumption.
// The last row is no market's: it shows what would break. Prices: src/cli/prices.yml.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "spot/fleet.h"

namespace frugal::bench {
namespace {

constexpr double kHoursOfAMonth = 730;
constexpr double kAws = 0.10264, kAwsSpot = 0.046;         // c7a.large
constexpr double kGoogle = 0.06701, kGoogleSpot = 0.0268;  // e2-standard-2

// Taken with that probability in so many hours.
double rate(double share, double hours) {
  return -std::log(1 - share) / hours;
}

int run(const FleetOptions& options, const std::string& folder) {
  const Market markets[] = {
      {"AWS, on demand", 0, 0, kAws, kAws},
      {"AWS spot, 20 % a month", rate(0.20, kHoursOfAMonth), 120, kAwsSpot, kAws},
      {"Google spot, 15 % a day (assumed)", rate(0.15, 24), 30, kGoogleSpot, kGoogle},
      {"AWS spot, once an hour", 1, 120, kAwsSpot, kAws}};
  double undisturbed_hours = 0;  // of machines
  fmt::print(
      "| market | hours | machine hours | dollars | on demand | interruptions (silent) | repeated "
      "| "
      "checkpoints | observed | doubled | simulated in |\n"
      "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  for (const Market& market : markets) {
    const std::string store = fmt::format("{}/bench-spot-{}.db", folder, ::getpid());
    const auto began = std::chrono::steady_clock::now();
    const FleetResult r = simulate(market, options, store);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (market.interruptions_per_hour == 0) undisturbed_hours = r.machine_hours;
    fmt::print(
        "| {} | {:.2f} | {:.0f} | {:.2f} | {:.2f} | {} ({}) | {:.2f} % | {:.2f} % | {} | {} | "
        "{:.0f} s |\n",
        market.name, r.hours, r.machine_hours, r.dollars,
        undisturbed_hours * market.on_demand_dollars_per_hour, r.interruptions, r.silent,
        100 * r.repeated_hours / r.work_hours, 100 * r.checkpoint_hours / r.work_hours, r.observed,
        r.doubled, took.count());
    std::fflush(stdout);
    for (const char* end : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(store + end);
  }
  return 0;
}

}  // namespace
}  // namespace frugal::bench

int main(int argc, char** argv) {
  frugal::bench::FleetOptions options;
  std::string folder = "/tmp";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--machines") options.machines = std::stoul(value);
    if (name == "--trials") options.trials = std::stoul(value);
    if (name == "--folder") folder = value;
  }
  return frugal::bench::run(options, folder);
}
