#include "cli/coordinator.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <utility>

#include "base/disk.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/cluster_state.h"
#include "serve/tokens.h"

namespace frugal::cli {
namespace {

constexpr double kGraceSeconds = 20;     // for workers to write their checkpoints
constexpr double kTellEverySeconds = 3;  // for frugal cluster

}  // namespace

Coordinator::Coordinator(RunFolder folder)
    : folder_(std::move(folder)),
      store_(experiment::open_sqlite_store(folder_.store())),
      scheduler_(*store_, clock_),
      meter_(scheduler_, clock_),
      ledger_(scheduler_, clock_),
      samples_(folder_),
      depot_(folder_.path()) {
  scheduler_.take_back_all();
}

Coordinator::~Coordinator() = default;

void Coordinator::start_workers(const Launching& launching, unsigned workers,
                                const std::vector<std::string>& options, double dollars_per_hour,
                                const std::function<void(const std::string&)>& say) {
  if (!std::filesystem::exists(folder_.token()))
    write_file(folder_.token(), serve::make_token(), 0600);
  if (server_ == nullptr)
    server_ = std::make_unique<serve::Server>(
        scheduler_,
        serve::ServerOptions{.host = launching.host(),
                             .port = launching.port(),
                             .token = read_file(folder_.token()),
                             .depot = &depot_,
                             .draw_samples = [this](const auto& experiment, const auto& trial) {
                               return samples_.draw(experiment, trial);
                             }});
  launcher_ = launching.make(folder_, server_->address(), options, say, clock_);
  workers_ = workers;
  dollars_per_hour_ = dollars_per_hour;
  on_cluster_ = launching.on_cluster();
  if (on_cluster_)
    meter_.stand();
  else
    begin();
  launcher_->want(on_cluster_ ? scheduler_.work_at_hand(workers_) : workers_);
}

void Coordinator::begin() {
  has_begun_ = true;
  meter_.go_on();
  scheduler_.workers_begin(workers_, dollars_per_hour_);
}

// What waits in a cluster's queue costs nothing.
void Coordinator::wait_for_the_first() {
  if (has_begun_) return;
  for (const auto& worker : launcher_->status())
    if (worker.running || worker.exit_code || worker.signal) return begin();
}

std::string Coordinator::dashboard() const {
  if (server_ == nullptr) return "";
  return fmt::format("dashboard: {}  (its token is in {})", server_->address(),
                     folder_.token().string());
}

// What fails on a full disk says so in many ways: workers that cannot write their logs, say.
void Coordinator::watch() try {
  if (launcher_ != nullptr) {
    if (on_cluster_) launcher_->want(scheduler_.work_at_hand(workers_));
    launcher_->watch();
    wait_for_the_first();
    take_back_from_the_gone();
    tell();
  }
  scheduler_.expire();
  if (meter_.save()) ledger_.save();
} catch (const Error& error) {
  const std::string full = words_of_full_disk(folder_.path());
  if (full.empty() || std::string(error.what()).find(full) != std::string::npos) throw;
  throw SystemError(fmt::format("{} ({})", full, error.what()));
}

// At once: a lease would take a minute to run out.
void Coordinator::take_back_from_the_gone() {
  if (!on_cluster_) return;
  for (const auto& worker : launcher_->status()) {
    const bool is_there = worker.running || !worker.waiting.empty();
    if (!is_there && gone_.insert(worker.name).second) scheduler_.worker_is_gone(worker.name);
  }
}

void Coordinator::tell() {
  const double now = clock_.now_seconds();
  if (now - told_at_ < kTellEverySeconds) return;
  told_at_ = now;
  ClusterState state;
  state.time = now;
  state.coordinator = server_->address();
  state.spent_seconds = meter_.spent_seconds();
  state.dollars = meter_.spent_seconds() / 3600 * dollars_per_hour_;
  state.workers = launcher_->status();
  state.nodes_left_alone = launcher_->nodes_left_alone();
  for (const auto& experiment : scheduler_.experiments())
    for (const auto& trial : scheduler_.trials(experiment.id)) state.trials.push_back(trial);
  try {
    write_file(folder_.cluster(), to_json(state).dump() + "\n");
  } catch (const SystemError&) {
    // A full disk: whoever looks sees that it is old; the store will say what is wrong.
  }
}

void Coordinator::stop_workers() {
  if (launcher_ != nullptr) {
    launcher_->stop(kGraceSeconds);
    told_at_ = 0;
    tell();
  }
  launcher_.reset();
  if (has_begun_) scheduler_.workers_ended();
  has_begun_ = false;
}

void Coordinator::stop() {
  stop_workers();
  if (server_ != nullptr) server_->stop();
}

}  // namespace frugal::cli
