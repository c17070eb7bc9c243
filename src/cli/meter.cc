#include "cli/meter.h"

#include <fmt/format.h>

#include <string>

namespace frugal::cli {
namespace {

constexpr const char* kKey = "spent_seconds";
constexpr double kSaveEverySeconds = 2;

}  // namespace

Meter::Meter(experiment::Scheduler& scheduler, const Clock& clock)
    : scheduler_(scheduler), clock_(clock), started_at_(clock.now_seconds()) {
  if (const auto stored = scheduler.value(kKey)) before_seconds_ = std::stod(*stored);
}

void Meter::stand() {
  before_seconds_ = spent_seconds();
  stands_ = true;
}

void Meter::go_on() {
  if (stands_) started_at_ = clock_.now_seconds();
  stands_ = false;
}

bool Meter::save() {
  const double now = clock_.now_seconds();
  if (now - saved_at_ < kSaveEverySeconds) return false;
  saved_at_ = now;
  scheduler_.set_value(kKey, fmt::format("{:.3f}", spent_seconds()));
  return true;
}

}  // namespace frugal::cli
