#include "cli/coordinator.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

#include "base/file.h"
#include "serve/tokens.h"

namespace frugal::cli {
namespace {

constexpr double kGraceSeconds = 20;  // for workers to write their checkpoints

std::string program_path() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

}  // namespace

Coordinator::Coordinator(RunFolder folder)
    : folder_(std::move(folder)),
      store_(experiment::open_sqlite_store(folder_.store())),
      scheduler_(*store_, clock_),
      meter_(scheduler_, clock_),
      ledger_(scheduler_, clock_) {
  scheduler_.take_back_all();
}

Coordinator::~Coordinator() = default;

void Coordinator::start_workers(unsigned workers, const std::vector<std::string>& options,
                                double dollars_per_hour) {
  if (!std::filesystem::exists(folder_.token()))
    write_file(folder_.token(), serve::make_token(), 0600);
  server_ = std::make_unique<serve::Server>(
      scheduler_, serve::ServerOptions{.token = read_file(folder_.token())});
  launch::LocalOptions local;
  local.command = {
      program_path(),  "worker", "--coordinator", server_->address(), "--token-file",
      folder_.token(), "--name", "{name}",        "--parent",         std::to_string(::getpid())};
  local.command.insert(local.command.end(), options.begin(), options.end());
  local.log_folder = folder_.logs();
  launcher_ = launch::make_local_launcher(local, clock_);
  scheduler_.workers_begin(workers, dollars_per_hour);
  launcher_->start(workers);
}

std::string Coordinator::dashboard() const {
  if (server_ == nullptr) return "";
  return fmt::format("dashboard: {}  (its token is in {})", server_->address(),
                     folder_.token().string());
}

void Coordinator::watch() {
  if (launcher_ != nullptr) launcher_->watch();
  scheduler_.expire();
  if (meter_.save()) ledger_.save();
}

void Coordinator::stop_workers() {
  if (launcher_ != nullptr) launcher_->stop(kGraceSeconds);
  launcher_.reset();
  scheduler_.workers_ended();
  if (server_ != nullptr) server_->stop();
}

}  // namespace frugal::cli
