#include "optimizer/posterior.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>
#include <numeric>

#include "base/random.h"

namespace frugal::optimizer {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

const Shape kShape{3, {0, 1}, {false, false}, true};

Observations random_observations(int n, std::uint64_t seed) {
  RandomStream random(seed);
  Observations data;
  data.x.resize(n, 2), data.y.resize(n), data.variance = VectorXd::Zero(n);
  for (int i = 0; i < n; ++i) {
    data.x.row(i) << random.uniform(), random.uniform();
    data.task.push_back(int(random.below(3)));
    data.y[i] = std::sin(4 * data.x(i, 0)) + data.x(i, 1) + .1 * random.normal();
  }
  return data;
}

Observations rows(const Observations& data, int begin, int count) {
  return {data.x.middleRows(begin, count),
          {data.task.begin() + begin, data.task.begin() + begin + count},
          data.y.segment(begin, count),
          data.variance.segment(begin, count)};
}

VectorXd theta() {
  return default_prior(kShape).mean;
}

MatrixXd covariance(const Kernel& kernel, const Observations& a, const Observations& b) {
  MatrixXd first, others, k(a.size(), b.size());
  kernel.correlations(kernel.scaled(a.x), kernel.scaled(b.x), first, others);
  for (int i = 0; i < a.size(); ++i)
    for (int j = 0; j < b.size(); ++j)
      k(i, j) = kernel.covariance(a.task[std::size_t(i)], b.task[std::size_t(j)], first(i, j),
                                  others(i, j));
  return k;
}

// Textbook formulas with a dense inverse (Rasmussen & Williams 2006, eq. 2.23, 2.24).
TEST(PosteriorTest, PredictionEqualsTheDenseComputation) {
  const Observations data = random_observations(25, 1);
  Posterior posterior(kShape, theta(), data);
  posterior.set_values(data.y);
  const Kernel& kernel = posterior.kernel();
  MatrixXd k = covariance(kernel, data, data);
  for (int i = 0; i < 25; ++i) k(i, i) += kernel.noise_variance(data.task[std::size_t(i)]);
  Observations at = random_observations(7, 2), at_small = at;
  at.task.assign(7, 2), at_small.task.assign(7, 0);
  const Prediction prediction = posterior.predict(at.x, {0, 2});
  const MatrixXd inverse = k.inverse(), to_full = covariance(kernel, data, at),
                 to_small = covariance(kernel, data, at_small);
  EXPECT_TRUE(prediction.mean.isApprox(to_full.transpose() * inverse * data.y, 1e-8));
  EXPECT_TRUE(posterior.mean(at.x, 0).isApprox(to_small.transpose() * inverse * data.y, 1e-8));
  for (int i = 0; i < 7; ++i) {
    const VectorXd full = to_full.col(i), small = to_small.col(i);
    const auto known = [&](const VectorXd& a, const VectorXd& b) { return a.dot(inverse * b); };
    const double full_prior = kernel.at_same_point(2, 2), small_prior = kernel.at_same_point(0, 0);
    EXPECT_NEAR(prediction.variance[i], full_prior - known(full, full), 1e-7);
    EXPECT_NEAR(prediction.task_variance[0][i],
                small_prior - known(small, small) + kernel.noise_variance(0), 1e-7);
    EXPECT_NEAR(prediction.task_covariance[0][i], kernel.at_same_point(0, 2) - known(full, small),
                1e-7);
    EXPECT_NEAR(prediction.task_variance[1][i],
                full_prior - known(full, full) + kernel.noise_variance(2), 1e-7);
    EXPECT_NEAR(prediction.task_covariance[1][i], full_prior - known(full, full), 1e-7);
  }
}

TEST(PosteriorTest, AppendedRowsEqualTheFactorizationFromTheStart) {
  const Observations data = random_observations(60, 3), at = random_observations(9, 4);
  Posterior whole(kShape, theta(), data), grown(kShape, theta(), rows(data, 0, 1));
  grown.append(rows(data, 1, 20));
  for (int i = 21; i < 60; ++i) grown.append(rows(data, i, 1));
  whole.set_values(data.y), grown.set_values(data.y);
  const Prediction a = whole.predict(at.x, {0}), b = grown.predict(at.x, {0});
  EXPECT_TRUE(a.mean.isApprox(b.mean, 1e-8));
  EXPECT_TRUE(a.variance.isApprox(b.variance, 1e-8));
}

class FormTest : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(ExactAndSparse, FormTest, testing::Bool());

std::vector<int> subset(bool is_sparse, int n) {
  std::vector<int> chosen(is_sparse ? std::size_t(n) : 0);
  std::iota(chosen.begin(), chosen.end(), 0);
  return chosen;
}

TEST_P(FormTest, OpenTrialsShrinkVariancesAndMoveNoMean) {
  const Observations data = random_observations(30, 5), at = random_observations(12, 6);
  Posterior posterior(kShape, theta(), data, subset(GetParam(), 15));
  posterior.set_values(data.y);
  const Prediction before = posterior.predict(at.x, {1});
  posterior.open(at.x.topRows(2), {0, 2});
  posterior.open(at.x.middleRows(2, 1), {1});
  const Prediction during = posterior.predict(at.x, {1});
  posterior.close();
  const Prediction after = posterior.predict(at.x, {1});
  EXPECT_TRUE(before.mean.isApprox(during.mean, 1e-9));
  EXPECT_LT(during.variance.sum(), .97 * before.variance.sum());
  for (int i = 0; i < 12; ++i) EXPECT_LE(during.variance[i], before.variance[i] + 1e-9);
  EXPECT_TRUE(before.variance.isApprox(after.variance, 1e-7));
}

TEST_P(FormTest, VarianceNeverExceedsThePrior) {
  const Observations data = random_observations(40, 7), at = random_observations(30, 8);
  Posterior posterior(kShape, theta(), data, subset(GetParam(), 20));
  posterior.set_values(data.y);
  const Prediction prediction = posterior.predict(at.x, {0, 1, 2});
  const double prior = posterior.kernel().at_same_point(2, 2);
  EXPECT_LE(prediction.variance.maxCoeff(), prior);
  EXPECT_GT(prediction.variance.minCoeff(), 0);
}

TEST(PosteriorTest, SparseOnAllPointsIsExact) {
  const Observations data = random_observations(30, 9), at = random_observations(10, 10);
  Posterior exact(kShape, theta(), data), sparse(kShape, theta(), data, subset(true, 30));
  exact.set_values(data.y), sparse.set_values(data.y);
  const Prediction a = exact.predict(at.x, {0, 1}), b = sparse.predict(at.x, {0, 1});
  EXPECT_TRUE(a.mean.isApprox(b.mean, 1e-3));
  EXPECT_TRUE(a.variance.isApprox(b.variance, 1e-3));
  EXPECT_TRUE(a.task_covariance[0].isApprox(b.task_covariance[0], 1e-3));
}

// Quiñonero-Candela & Rasmussen 2005, eq. 24: with Q = K_nm K_mm⁻¹ K_mn in the place of K but on
// the diagonal. More rows than are projected at a time.
TEST(PosteriorTest, SparsePredictionEqualsTheDenseComputation) {
  constexpr int kRows = 1100, kInducing = 25;
  const Observations data = random_observations(kRows, 12), chosen = rows(data, 0, kInducing);
  Observations at = random_observations(6, 13);
  at.task.assign(6, 2);
  Posterior posterior(kShape, theta(), data, subset(true, kInducing));
  posterior.set_values(data.y);
  const Prediction prediction = posterior.predict(at.x, {2});
  const Kernel& kernel = posterior.kernel();
  MatrixXd inner = covariance(kernel, chosen, chosen);
  inner.diagonal().array() += 1e-6;
  const MatrixXd inverse = inner.inverse(), to_data = covariance(kernel, chosen, data),
                 to_at = covariance(kernel, chosen, at);
  MatrixXd q = to_data.transpose() * inverse * to_data;
  for (int i = 0; i < kRows; ++i) {
    const int task = data.task[std::size_t(i)];
    q(i, i) = kernel.at_same_point(task, task) + kernel.noise_variance(task);
  }
  const MatrixXd cross = to_at.transpose() * inverse * to_data;
  const MatrixXd solved = q.partialPivLu().solve(cross.transpose());
  EXPECT_TRUE(prediction.mean.isApprox(solved.transpose() * data.y, 1e-5));
  for (int i = 0; i < 6; ++i)
    EXPECT_NEAR(prediction.variance[i],
                kernel.at_same_point(2, 2) - cross.row(i).dot(solved.col(i)), 1e-5);
}

TEST(PosteriorTest, SparseRowsMayComeInAnyPortions) {
  const Observations data = random_observations(1300, 14), at = random_observations(9, 15);
  Posterior whole(kShape, theta(), data, subset(true, 40));
  Posterior grown(kShape, theta(), rows(data, 0, 600), subset(true, 40));
  grown.append(rows(data, 600, 1));
  grown.append(rows(data, 601, 699));
  whole.set_values(data.y), grown.set_values(data.y);
  const Prediction a = whole.predict(at.x, {0}), b = grown.predict(at.x, {0});
  EXPECT_EQ(whole.size(), grown.size());
  EXPECT_TRUE(a.mean.isApprox(b.mean, 1e-8));
  EXPECT_TRUE(a.variance.isApprox(b.variance, 1e-8));
}

TEST(PosteriorTest, RepeatedPointsDoNotBreakTheFactorization) {
  Observations data = random_observations(50, 11);
  for (int i = 1; i < 50; ++i) data.x.row(i) = data.x.row(0);
  Posterior posterior(kShape, theta(), data);
  posterior.set_values(data.y);
  EXPECT_TRUE(posterior.predict(data.x, {0}).mean.allFinite());
}

}  // namespace
}  // namespace frugal::optimizer
