#include "vision/train/pace.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace frugal::train {
namespace {

const Recipe kOneCycle{.learning_rate = 0.5, .schedule = Schedule::kOneCycle};
constexpr double kEvaluation = 4, kSaving = 0.5;  // seconds

struct TimedRun {
  RunLength length;
  double seconds = 0;  // until the model is judged and written
  std::vector<double> rates;
};

// A run on a clock that is moved by hand; seconds_of: what the step at that share of the run takes.
TimedRun run_on(const Recipe& recipe, double allowed, std::size_t planned,
                const std::function<double(std::size_t, double)>& seconds_of, bool judged = true) {
  TimedRun run{.length = {planned, 100}};
  Pace pace(recipe, allowed, run.length, judged);
  double now = 10;  // what comes before the first step
  pace.begin(now);
  for (std::size_t step = 0; step < run.length.steps;) {
    run.rates.push_back(learning_rate(recipe, {}, run.length, step));
    now += seconds_of(step, run.length.share_at(step));
    ++step;
    run.length = pace.after(step, run.length, now, kSaving);
    if (judged && (step % 100 == 0 || step == run.length.steps)) {
      now += kEvaluation;
      pace.evaluated(kEvaluation);
    }
  }
  run.seconds = now + kSaving;
  return run;
}

TEST(Pace, ARunThatGoesAsForecastKeepsItsLength) {
  // 10 + 700 steps of half a second + 7 evaluations + 1.5
  const TimedRun run = run_on(kOneCycle, 390, 700, [](std::size_t, double) { return 0.5; });
  EXPECT_NEAR(static_cast<double>(run.length.steps), 700, 3);
}

TEST(Pace, ASlowMachineShortensTheRunAndAFastOneMakesItLonger) {
  for (const double step_seconds : {0.45, 0.6, 1.0, 3.0}) {
    const TimedRun run =
        run_on(kOneCycle, 390, 700, [&](std::size_t, double) { return step_seconds; });
    EXPECT_LE(run.seconds, 390);
    EXPECT_GT(run.seconds, 390 - 2 * step_seconds - 2);
    EXPECT_LT(run.rates.back(), 0.002);
  }
}

TEST(Pace, AMachineThatSlowsDownOnTheWayStillEndsInTimeAtARateOfZero) {
  const auto slower = [](std::size_t step, double) { return step < 350 ? 0.5 : 0.9; };
  const TimedRun run = run_on(kOneCycle, 390, 700, slower);
  EXPECT_LE(run.seconds, 390);
  EXPECT_GT(run.seconds, 386);
  EXPECT_LT(run.rates.back(), 0.002);
  for (std::size_t step = 1; step < run.rates.size(); ++step)  // no jumps
    EXPECT_LT(std::abs(run.rates[step] - run.rates[step - 1]), 0.01) << step;
}

TEST(Pace, NeverPlansForMoreThanTwiceWhatWasPlannedNorForMoreThanThirtyEpochs) {
  const TimedRun run = run_on(kOneCycle, 5000, 700, [](std::size_t, double) { return 0.5; });
  EXPECT_NEAR(static_cast<double>(run.length.steps), 1400, 1);
  const TimedRun longest = run_on(kOneCycle, 5000, 2500, [](std::size_t, double) { return 0.5; });
  EXPECT_NEAR(static_cast<double>(longest.length.steps), 3000, 1);
}

TEST(Pace, OneStepIsTakenWhateverTheClockSays) {
  const TimedRun run = run_on(kOneCycle, 1, 700, [](std::size_t, double) { return 0.5; });
  EXPECT_EQ(run.length.steps, 1u);
}

TEST(Pace, KnowsThatLargerViewsWillTakeLonger) {
  Recipe growing = kOneCycle;
  growing.start_scale = 0.5;
  std::size_t longest = 0;
  const auto seconds_of = [&](std::size_t, double share) {
    const double scale = std::min(1.0, 0.5 + 0.5 * share / 0.75);
    return scale * scale;
  };
  const TimedRun run = run_on(growing, 400, 600, seconds_of, /*judged=*/false);
  EXPECT_LE(run.seconds, 400);
  EXPECT_GT(run.seconds, 396);
  // By the first steps alone it would be three times as long; it never plans so.
  Pace pace(growing, 400, {600, 100}, false);
  RunLength length{600, 100};
  double now = 0;
  pace.begin(now);
  for (std::size_t step = 1; step < 60; ++step) {
    now += seconds_of(step, length.share_at(step - 1));
    length = pace.after(step, length, now, 0);
    longest = std::max(longest, length.steps);
  }
  EXPECT_LT(longest, 620u);
}

TEST(RunLength, GoesOnFromTheShareItHadReached) {
  const RunLength planned{40, 10};
  const RunLength shorter = planned.revised(20, 30);
  EXPECT_DOUBLE_EQ(shorter.share_at(20), 0.5);
  EXPECT_DOUBLE_EQ(shorter.share_at(25), 0.75);
  EXPECT_DOUBLE_EQ(shorter.share_at(30), 1);
  const RunLength longer = shorter.revised(25, 75);
  EXPECT_DOUBLE_EQ(longer.share_at(25), 0.75);
  EXPECT_DOUBLE_EQ(longer.share_at(50), 0.875);
}

}  // namespace
}  // namespace frugal::train
