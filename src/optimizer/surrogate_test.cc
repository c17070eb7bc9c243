#include "optimizer/surrogate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "optimizer/test_history.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using Eigen::VectorXd;

Problem two_tasks() {
  Problem problem{Space(
      {number_parameter("a"), number_parameter("b"), category_parameter("c", {"x", "y", "z"})})};
  problem.tasks = {{"full", 1}, {"small", .1}};
  return problem;
}

double smooth(const Assignments& x, std::size_t task) {
  return std::sin(3 * number_at(x, "a")) + number_at(x, "b") * (task == 0 ? 1 : .7);
}

std::vector<Point> random_points(const Encoder& encoder, int count) {
  RandomStream random(7);
  std::vector<Point> points;
  for (int i = 0; i < count; ++i) points.push_back(encoder.sample(random));
  return points;
}

// The draws, one by one, against the closed form of the marginals (posterior.h).
TEST(SurrogateTest, DrawsHaveTheMeanAndVarianceOfThePosterior) {
  const Problem problem = two_tasks();
  const Surrogate surrogate(problem, history_of(problem, 12, smooth), 1,
                            {.hyperparameter_draws = 1, .functions = 2000, .frequencies = 1000});
  Posterior posterior(surrogate.shape(), surrogate.thetas()[0], surrogate.rows());
  posterior.set_values(surrogate.rows().y);
  const std::vector<Point> points = random_points(surrogate.encoder(), 20);
  MatrixXd x(20, surrogate.shape().features());
  RowVectorXd row(x.cols());
  for (int i = 0; i < 20; ++i) {
    surrogate.encoder().embed(points[std::size_t(i)], row.data());
    x.row(i) = row;
  }
  const Prediction exact = posterior.predict(x, {});
  const MatrixXd drawn = surrogate.evaluate(points);
  const VectorXd mean = drawn.rowwise().mean();
  const VectorXd variance =
      (drawn.colwise() - mean).rowwise().squaredNorm() / double(drawn.cols() - 1);
  for (int i = 0; i < 20; ++i) {
    EXPECT_NEAR(mean[i], exact.mean[i], 5 * std::sqrt(exact.variance[i] / 2000) + .005);
    EXPECT_NEAR(variance[i] / exact.variance[i], 1, .2);
  }
}

TEST(SurrogateTest, IsAPureFunctionOfHistoryAndSeed) {
  const Problem problem = two_tasks();
  const History history = history_of(problem, 20, smooth);
  const Surrogate a(problem, history, 3), b(problem, history, 3), c(problem, history, 4);
  const std::vector<Point> points = random_points(a.encoder(), 5);
  EXPECT_EQ(a.evaluate(points), b.evaluate(points));
  EXPECT_NE(a.evaluate(points), c.evaluate(points));
}

TEST(SurrogateTest, LeadsBackToTheMetricsUnits) {
  for (bool maximize : {true, false}) {
    Problem problem = two_tasks();
    problem.maximize = maximize;
    History history = history_of(problem, 15, smooth);
    history.observations[3].value = maximize ? -50 : 50;  // diverged
    const Surrogate surrogate(problem, history, 1);
    for (Index i = 0; i < surrogate.rows().size(); ++i) {
      const std::size_t record = surrogate.records()[std::size_t(i)];
      EXPECT_NEAR(surrogate.to_metric(surrogate.rows().y[i]), *history.observations[record].value,
                  1e-9);
    }
    EXPECT_EQ(surrogate.to_metric(-1e9), maximize ? -50 : 50);
  }
}

TEST(SurrogateTest, SaysWhatItLacks) {
  const Problem problem = two_tasks();
  History history;
  EXPECT_NE(Surrogate(problem, history, 1).lacking().find("nothing"), std::string::npos);
  history = history_of(problem, 3, smooth);
  for (Observation& observation : history.observations) observation.value.reset();
  EXPECT_NE(Surrogate(problem, history, 1).lacking().find("failed"), std::string::npos);
  history.observations[0].value = 1;
  EXPECT_NE(Surrogate(problem, history, 1).lacking().find("one value"), std::string::npos);
  history.observations[1].value = 2;
  EXPECT_EQ(Surrogate(problem, history, 1).lacking(), "");
}

TEST(SurrogateTest, KeepsTheFullTaskWhenThereIsTooMuch) {
  const Problem problem = two_tasks();
  const History history = history_of(problem, 60, smooth);
  Index full = 0;
  for (const Observation& observation : history.observations) full += observation.task == 0;
  for (std::size_t most : {10u, 40u, 59u, 60u, 100u}) {
    const Surrogate surrogate(problem, history, 1, {.most_rows = most});
    EXPECT_EQ(surrogate.rows().size(), Index(std::min<std::size_t>(most, 60)));
    Index kept = 0;
    for (int task : surrogate.rows().task) kept += task == 1;  // ranks: the full task is last
    EXPECT_GE(kept, std::min<Index>(full, Index(most) / 2));
    EXPECT_TRUE(std::is_sorted(surrogate.rows().task.begin(), surrogate.rows().task.end()));
  }
}

TEST(SurrogateTest, BestIsNearTheTop) {
  const Problem problem = two_tasks();
  const Surrogate surrogate(problem, history_of(problem, 60, smooth), 1);
  EXPECT_GT(smooth(surrogate.encoder().decode(surrogate.best()), 0), 1.6);
}

}  // namespace
}  // namespace frugal::optimizer
