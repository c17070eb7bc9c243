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
#include "worker/mirror.h"
#include "worker/needs.h"
#include "worker/program_executor.h"
#include "worker/training_executor.h"

namespace frugal::cli {
namespace {

// A wait for work delays the answer to a signal, and launchers are not patient.
constexpr double kWaitUnderALauncherSeconds = 1;

// Does what the experiment of a trial says: trains a network, or runs a program.
class AnyExecutor final : public worker::Executor {
 public:
  AnyExecutor(const WorkerOptions& options, worker::Client& client, Console& console)
      : training_(options.threads),
        mirror_(client, worker::NodeCache(worker::default_cache_folder()),
                [&](const std::string& text) { console.line(text); }),
        programs_(options.programs) {}

  worker::Outcome run(const worker::Lease& lease, worker::Context& context) override {
    if (checked_ != lease.experiment.id) prepare(lease.experiment);
    checked_ = lease.experiment.id;
    if (!lease.experiment.metadata.contains("program")) return training_.run(lease, context);
    if (!programs_)
      throw SystemError(
          "the experiment names a program, and this worker runs none; start it with --programs if "
          "you trust whoever has the coordinator's token");
    return program_.run(lease, context);
  }

 private:
  // Either all that its trials need is here, or it comes from the coordinator.
  void prepare(const experiment::Experiment& experiment) {
    training_.use(nullptr);
    try {
      worker::require_on_this_machine(experiment);
    } catch (const SystemError&) {
      if (!experiment.metadata.contains("training") || !mirror_.is_offered()) throw;
      training_.use(&mirror_);
    }
  }

  worker::TrainingExecutor training_;
  worker::ProgramExecutor program_;
  worker::Mirror mirror_;
  bool programs_;
  experiment::Id checked_ = 0;  // whose needs this machine has
};

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
  AnyExecutor executor(options, client, console);
  worker::WorkerOptions loop;
  loop.name = options.name.empty() ? default_name() : options.name;
  loop.experiment = options.experiment.empty() ? 0 : std::stoll(options.experiment);
  if (options.parent > 0 || options.leave_after_seconds > 0)
    loop.wait_seconds = kWaitUnderALauncherSeconds;
  loop.leave_after_seconds = options.leave_after_seconds;
  loop.devices = options.threads;
  loop.should_stop = stopped;
  loop.log = [&](const std::string& text) { console.line(text); };
  const auto summary = worker::run_worker(client, executor, loop);
  console.line(fmt::format("{} observed, {} failed, {} given back, {} lost", summary.observed,
                           summary.failed, summary.released, summary.lost));
  return stopped() ? 128 + stop_signal() : 0;
}

}  // namespace frugal::cli
