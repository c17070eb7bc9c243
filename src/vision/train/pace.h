// How long a run is that is bound by time: as many steps as its seconds hold, judged by what its
// steps took so far. Its learning rate falls with the budget (Li, Yumer & Ramanan 2020, "Budgeted
// Training") wherever the forecast was wrong.
#pragma once

#include "vision/train/recipe.h"
#include "vision/train/schedule.h"

namespace frugal::train {

class Pace {
 public:
  // planned: how long it is when every second is as forecast. judged: it is evaluated after each
  // epoch and at its end.
  Pace(const Recipe& recipe, double allowed_seconds, const RunLength& planned, bool judged);

  // Before the first step of a process; seconds that the run has taken by then, in earlier ones
  // too.
  void begin(double spent_seconds);
  void evaluated(double seconds);
  // After a step, the step-th; the run's length from here on, which ends now when another step and
  // what comes behind the last one (an evaluation; saving) would be too long. It looks again each
  // time that a fiftieth of the seconds is gone. It never plans for more than twice what was
  // planned, nor makes a run longer than 30 epochs.
  RunLength after(std::size_t step, const RunLength& length, double spent_seconds,
                  double saving_seconds);

 private:
  double area_at(double share) const;
  double mean_area_after(double share) const;

  const Recipe& recipe_;
  const double allowed_seconds_;
  const double planned_steps_, most_steps_;
  const bool judged_;
  double began_at_ = 0, looked_at_ = 0;  // on the run's clock
  double evaluating_seconds_ = 0;        // all evaluations since began_at_
  double evaluation_seconds_ = 0;        // the last one
  double shown_ = 0;                     // pixels of the steps since began_at_, for one photograph
};

}  // namespace frugal::train
