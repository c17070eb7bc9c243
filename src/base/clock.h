// Time as an argument, so that tests can move it.
#pragma once

namespace frugal {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual double now_seconds() const = 0;  // since the epoch, 1970-01-01T00:00:00Z
};

class SystemClock final : public Clock {
 public:
  double now_seconds() const override;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(double start_seconds = 0) : now_seconds_(start_seconds) {}
  double now_seconds() const override { return now_seconds_; }
  void advance(double seconds) { now_seconds_ += seconds; }

 private:
  double now_seconds_;
};

}  // namespace frugal
