// The experiment's own clock: seconds that it has been at work, over all the times that it was
// started. What is written down survives a kill, but for the last few seconds.
#pragma once

#include "base/clock.h"
#include "experiment/scheduler.h"

namespace frugal::cli {

class Meter {
 public:
  Meter(experiment::Scheduler& scheduler, const Clock& clock);
  double spent_seconds() const {
    return before_seconds_ + (stands_ ? 0 : clock_.now_seconds() - started_at_);
  }
  // When the experiment would have begun, had it never stopped: seconds since the epoch.
  double began_at() const {
    return (stands_ ? clock_.now_seconds() : started_at_) - before_seconds_;
  }
  // The time between the two is not the experiment's.
  void stand();
  void go_on();
  // Writes it down, at most every two seconds. False: not yet.
  bool save();

 private:
  experiment::Scheduler& scheduler_;
  const Clock& clock_;
  double before_seconds_ = 0;
  double started_at_ = 0;
  bool stands_ = false;
  double saved_at_ = 0;
};

}  // namespace frugal::cli
