#include "experiment/worker_time.h"

#include <algorithm>

#include "base/error.h"

namespace frugal::experiment {

void WorkerTime::open(unsigned workers, double now) {
  FRUGAL_CHECK(!is_open_ && workers > 0);
  is_open_ = true;
  count_ = workers;
  busy_ = 0;
  share_ = 1.0 / workers;
  opened_at_ = changed_at_ = now;
}

void WorkerTime::close(double now) {
  if (!is_open_) return;
  totals_ = totals(now);
  idle_ = idle_seconds(now);
  is_open_ = false;
  workers_.clear();
}

// One that was never met is reckoned from the start on: it is of another program's making.
WorkerTime::Worker& WorkerTime::worker(const std::string& name, double now) {
  const auto [found, is_new] = workers_.try_emplace(name);
  if (is_new) {
    found->second.accounted_until = now;
    totals_.starting += share_ * (now - opened_at_);
  }
  return found->second;
}

void WorkerTime::set_busy(Worker& worker, bool busy, double now) {
  if (worker.busy == busy) return;
  idle_ = idle_seconds(now);
  changed_at_ = now;
  worker.busy = busy;
  busy_ = busy ? busy_ + 1 : busy_ - 1;
}

void WorkerTime::met(const std::string& name, double now) {
  if (!is_open_) return;
  Worker& known = worker(name, now);  // new: nothing is lost
  totals_.lost += share_ * (now - known.accounted_until);
  known.accounted_until = now;
}

void WorkerTime::leased(const std::string& name, double now) {
  if (is_open_) set_busy(worker(name, now), true, now);
}

void WorkerTime::heard(const std::string& name, Lease lease, double waited_seconds, double now) {
  if (!is_open_) return;
  Worker& known = worker(name, now);
  if (known.waited_for != lease) totals_.waiting += share_ * waited_seconds;
  known.waited_for = lease;
  known.accounted_until = now;
}

void WorkerTime::ended(const std::string& name, double now) {
  if (is_open_) set_busy(worker(name, now), false, now);
}

WorkerTime::Totals WorkerTime::totals(double now) const {
  Totals all = totals_;
  if (!is_open_) return all;
  for (const auto& [name, known] : workers_)
    (known.busy ? all.lost : all.waiting) += share_ * (now - known.accounted_until);
  const auto unmet = static_cast<double>(count_ - std::min<std::size_t>(count_, workers_.size()));
  all.starting += unmet * share_ * (now - opened_at_);
  return all;
}

double WorkerTime::idle_seconds(double now) const {
  if (!is_open_) return idle_;
  const auto idle = static_cast<double>(count_ - std::min(count_, busy_));
  return idle_ + idle * share_ * (now - changed_at_);
}

}  // namespace frugal::experiment
