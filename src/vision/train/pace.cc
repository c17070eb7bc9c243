#include "vision/train/pace.h"

#include <algorithm>

#include "vision/train/views.h"

namespace frugal::train {
namespace {

constexpr double kLookEvery = 0.02;  // of the seconds
// A forecast from a moment when the machine was busy may be wrong by that; and more epochs than
// that are nobody's wish.
constexpr double kLongest = 2, kMostEpochs = 30;
constexpr double kLeavingSeconds = 1, kMostOfLeaving = 0.02;  // writing the model; of all seconds

}  // namespace

Pace::Pace(const Recipe& recipe, double allowed_seconds, const RunLength& planned, bool judged)
    : recipe_(recipe),
      allowed_seconds_(allowed_seconds),
      planned_steps_(static_cast<double>(planned.steps)),
      most_steps_(std::max(planned_steps_,
                           std::min(kLongest * planned_steps_,
                                    kMostEpochs * static_cast<double>(planned.steps_per_epoch)))),
      judged_(judged) {}

void Pace::begin(double spent_seconds) {
  began_at_ = looked_at_ = spent_seconds;
}

void Pace::evaluated(double seconds) {
  evaluation_seconds_ = seconds;
  evaluating_seconds_ += seconds;
}

double Pace::area_at(double share) const {
  const data::Size view = training_view(recipe_, share);
  return static_cast<double>(view.height * view.width);
}

double Pace::mean_area_after(double share) const {
  constexpr int kPoints = 50;
  double sum = 0;
  for (int i = 0; i < kPoints; ++i) sum += area_at(share + (1 - share) * (i + 0.5) / kPoints);
  return sum / kPoints;
}

RunLength Pace::after(std::size_t step, const RunLength& length, double spent_seconds,
                      double saving_seconds) {
  shown_ += area_at(length.share_at(step - 1));
  if (step == length.steps) return length;
  const double share = length.share_at(step);
  const double a_pixel = (spent_seconds - began_at_ - evaluating_seconds_) / shown_;
  const double leaving = std::min(kLeavingSeconds, kMostOfLeaving * allowed_seconds_);
  const double left =
      allowed_seconds_ - spent_seconds - evaluation_seconds_ - saving_seconds - leaving;
  if (left < a_pixel * area_at(share)) {
    RunLength over = length;
    over.steps = step;
    return over;
  }
  if (spent_seconds - looked_at_ < kLookEvery * allowed_seconds_) return length;
  looked_at_ = spent_seconds;
  const double a_step = a_pixel * mean_area_after(share) +
                        evaluation_seconds_ / static_cast<double>(length.steps_per_epoch);
  // What an evaluation takes is in the plan, and not known here before the first.
  const bool knows_all = !judged_ || evaluation_seconds_ > 0;
  const double most = knows_all ? most_steps_ : planned_steps_;
  const double steps = std::min(static_cast<double>(step) + left / a_step,
                                std::max(most, static_cast<double>(step + 1)));
  return length.revised(step, std::max(static_cast<std::size_t>(steps), step + 1));
}

}  // namespace frugal::train
