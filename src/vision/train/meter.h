// What a call costs: the seconds on the wall and those of the process's processors since it began.
#pragma once

namespace frugal::train {

class Meter {
 public:
  Meter();
  double wall_seconds() const;
  double cpu_seconds() const;

 private:
  double wall_start_, cpu_start_;
};

}  // namespace frugal::train
