#include "worker/worker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "worker/client.h"
#include "worker/training_executor.h"

namespace frugal::cli {
namespace {

std::string default_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("{}-{}", host.data(), ::getpid());
}

}  // namespace

int run_worker(const WorkerOptions& options, Console& console) {
  if (options.parent > 0 && !worker::die_with_parent(options.parent)) return 0;
  const auto stopped = [] { return stop_signal() != 0; };
  worker::Client client({.address = options.coordinator,
                         .token = read_file(options.token_file),
                         .should_hurry = stopped});
  worker::TrainingExecutor executor(options.threads);
  worker::WorkerOptions loop;
  loop.name = options.name.empty() ? default_name() : options.name;
  loop.experiment = options.experiment.empty() ? 0 : std::stoll(options.experiment);
  loop.should_stop = stopped;
  loop.log = [&](const std::string& text) { console.line(text); };
  const auto summary = worker::run_worker(client, executor, loop);
  console.line(fmt::format("{} observed, {} failed, {} given back, {} lost", summary.observed,
                           summary.failed, summary.released, summary.lost));
  return stopped() ? 128 + stop_signal() : 0;
}

}  // namespace frugal::cli
