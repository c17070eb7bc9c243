#include "optimizer/calibration.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>

#include "optimizer/surrogate.h"
#include "optimizer/test_history.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Problem three_tasks() {
  Problem problem{Space({number_parameter("a"), number_parameter("b")})};
  problem.tasks = {{"small", .1}, {"medium", .5}, {"full", 1}};
  return problem;
}

// Noisy, with a bias of the cheap tasks; noise that repeats itself.
double noisy(const Assignments& x, std::size_t task) {
  const double a = number_at(x, "a"), b = number_at(x, "b");
  RandomStream random = RandomStream(5).derive(std::uint64_t(1e9 * a)).derive(task);
  return std::sin(5 * a) + b * b - .2 * a * double(2 - task) + .1 * random.normal();
}

// Without those rows, by Gaussian elimination.
struct Without {
  double mean, variance;
};
Without predict_without(const MatrixXd& k, const VectorXd& y, Index row,
                        const std::vector<Index>& left_out) {
  std::vector<Index> kept;
  for (Index i = 0; i < y.size(); ++i)
    if (std::find(left_out.begin(), left_out.end(), i) == left_out.end()) kept.push_back(i);
  const MatrixXd of_kept = k(kept, kept);
  const VectorXd to_row = k(kept, row);
  const VectorXd solved = of_kept.partialPivLu().solve(to_row);
  return {solved.dot(y(kept).eval()), k(row, row) - solved.dot(to_row)};
}

TEST(CalibrationTest, LeaveOneOutEqualsFactorizingWithoutThePoint) {
  const Problem problem = three_tasks();
  History history = history_of(problem, 40, noisy);
  // A trial that passed all tasks, and a repetition.
  for (std::size_t task : {0u, 1u, 1u, 2u}) {
    Observation again = history.observations[0];
    again.task = task, again.value = noisy(again.assignments, task) + .01 * double(task);
    history.observations.push_back(again);
  }
  const Surrogate surrogate(problem, history, 1);
  const MatrixXd k =
      observed_covariance(Kernel(surrogate.shape(), surrogate.mode()), surrogate.rows());
  const VectorXd& y = surrogate.rows().y;
  const Calibration one = calibrate(surrogate, Leave::kObservation),
                    block = calibrate(surrogate, Leave::kAssignments);
  ASSERT_EQ(one.observations.size(), 44u);
  double log_density = 0;
  for (Index i = 0; i < y.size(); ++i) {
    const auto [mean, variance] = predict_without(k, y, i, {i});
    const double z = (y[i] - mean) / std::sqrt(variance);
    EXPECT_NEAR(one.observations[std::size_t(i)].residual, z, 1e-7);
    EXPECT_NEAR(one.observations[std::size_t(i)].predicted.value, surrogate.to_metric(mean), 1e-7);
    log_density += -.5 * z * z - .5 * std::log(2 * M_PI * variance);
    std::vector<Index> same;
    for (Index j = 0; j < y.size(); ++j)
      if ((surrogate.rows().x.row(j) - surrogate.rows().x.row(i)).norm() == 0) same.push_back(j);
    const auto alone = predict_without(k, y, i, same);
    EXPECT_NEAR(block.observations[std::size_t(i)].residual,
                (y[i] - alone.mean) / std::sqrt(alone.variance), 1e-7);
  }
  EXPECT_NEAR(one.all.log_density, log_density / 44, 1e-7);
  EXPECT_GT(one.all.log_density, block.all.log_density);
}

TEST(CalibrationTest, AWellSpecifiedProcessIsCalibrated) {
  const Problem problem = three_tasks();
  const Surrogate surrogate(problem, history_of(problem, 250, noisy), 1);
  const Calibration found = calibrate(surrogate, Leave::kObservation);
  EXPECT_EQ(found.all.count, 250u);
  EXPECT_NEAR(found.all.residual_mean, 0, .2);
  EXPECT_NEAR(found.all.residual_deviation, 1, .2);
  ASSERT_EQ(found.all.coverage.size(), 3u);
  EXPECT_NEAR(found.all.coverage[0].observed, .5, .1);
  EXPECT_NEAR(found.all.coverage[1].observed, .8, .08);
  EXPECT_NEAR(found.all.coverage[2].observed, .95, .05);
  EXPECT_GT(found.all.rank_correlation.value(), .9);
  ASSERT_EQ(found.tasks.size(), 3u);
  EXPECT_EQ(found.tasks[0].task, "small");
  std::size_t count = 0, inside = 0;
  for (const CalibrationSummary& task : found.tasks) count += task.count;
  EXPECT_EQ(count, 250u);
  for (const LeftOut& o : found.observations)
    inside += o.predicted.low <= o.observed && o.observed <= o.predicted.high;
  EXPECT_NEAR(double(inside) / 250, found.all.coverage[2].observed, 1e-9);
}

TEST(CalibrationTest, PureNoiseCorrelatesWithNothing) {
  const Problem problem{Space({number_parameter("a"), number_parameter("b")})};
  RandomStream random(2);
  const Surrogate surrogate(
      problem, history_of(problem, 80, [&](const auto&, std::size_t) { return random.normal(); }),
      1);
  const Calibration found = calibrate(surrogate, Leave::kObservation);
  EXPECT_LT(found.all.rank_correlation.value_or(0), .4);
  EXPECT_TRUE(task_correlations(surrogate).empty());
}

TEST(CalibrationTest, KnowsWhichTasksAreAlike) {
  Problem problem = three_tasks();
  const auto f = [](const Assignments& x, std::size_t task) {
    const double a = number_at(x, "a"), b = number_at(x, "b");
    return task == 0 ? std::cos(9 * b) * std::cos(7 * a) : std::sin(5 * a) + b;
  };
  const Surrogate surrogate(problem, history_of(problem, 120, f), 1);
  const auto found = task_correlations(surrogate);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].task, "small");
  EXPECT_LT(found[0].correlation.value, .6);
  EXPECT_GT(found[1].correlation.value, .9);
  for (const TaskCorrelation& task : found) {
    EXPECT_LT(task.correlation.low, task.correlation.high);
    EXPECT_LE(task.correlation.high, 1 + 1e-12);
  }
}

TEST(CalibrationTest, AConstantHasNoRankCorrelationAndNoNaN) {
  const Problem problem = three_tasks();
  const Surrogate surrogate(problem,
                            history_of(problem, 9, [](const auto&, std::size_t) { return 4.; }), 1);
  const Calibration found = calibrate(surrogate, Leave::kAssignments);
  EXPECT_FALSE(found.all.rank_correlation);
  EXPECT_TRUE(std::isfinite(found.all.log_density));
  for (const LeftOut& o : found.observations) EXPECT_EQ(o.predicted.value, 4);
}

}  // namespace
}  // namespace frugal::optimizer
