#include "optimizer/gp.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kSharedMeanVariance = 2, kTaskMeanVariance = 1;
constexpr double kNoiseFloor = .01;  // deviation
const double kSqrt5 = std::sqrt(5.0);

// Pairwise squared distances, (n, m), by one matrix product.
MatrixXd squared_distances(const MatrixXd& a, const MatrixXd& b) {
  MatrixXd squares = -2.0 * a * b.transpose();
  squares.colwise() += a.rowwise().squaredNorm();
  squares.rowwise() += b.rowwise().squaredNorm().transpose();
  return squares.cwiseMax(0.0);
}

// k(r²) and, where asked for, dk/d(r²) = −5/6 (1 + √5 r) exp(−√5 r).
MatrixXd matern(const MatrixXd& squares, MatrixXd* slope = nullptr) {
  const MatrixXd root = kSqrt5 * squares.cwiseSqrt();
  const MatrixXd decay = (-root).array().exp();
  if (slope) *slope = -(5.0 / 6.0) * (1.0 + root.array()) * decay.array();
  return (1.0 + root.array() + (5.0 / 3.0) * squares.array()) * decay.array();
}

// L of the coupling: (T, T), lower triangular.
MatrixXd coupling(const Shape& shape, const VectorXd& theta) {
  const Layout layout(shape);
  MatrixXd result = MatrixXd::Zero(shape.tasks, shape.tasks);
  for (int p = 0; p < shape.tasks; ++p) {
    const double scale = std::exp(theta[layout.log_scale(p)]);
    result(p, p) = scale;
    for (int t = p + 1; t < shape.tasks; ++t) result(t, p) = theta[layout.rho(t, p)] * scale;
  }
  return result;
}

MatrixXd mean_covariance(const Shape& shape) {
  const int t = shape.tasks;
  if (!shape.has_constant_means) return MatrixXd::Zero(t, t);
  return MatrixXd::Constant(t, t, kSharedMeanVariance) +
         kTaskMeanVariance * MatrixXd::Identity(t, t);
}

// Without the floor.
VectorXd noise_variances(const Shape& shape, const VectorXd& theta) {
  const Layout layout(shape);
  VectorXd result(shape.tasks);
  for (int t = 0; t < shape.tasks; ++t)
    result[t] =
        std::exp(2 * (theta[layout.log_noise()] + (t > 0 ? theta[layout.log_noise_ratio(t)] : 0)));
  return result;
}

VectorXd inverse_lengths(const Shape& shape, const VectorXd& theta) {
  VectorXd result(shape.features());
  for (int f = 0; f < shape.features(); ++f)
    result[f] = std::exp(-theta[shape.feature_coordinates[static_cast<std::size_t>(f)]]);
  return result;
}

// Where each task's rows begin; T + 1 entries.
std::vector<Index> task_starts(const Observations& observations, int tasks) {
  const std::vector<int>& task = observations.task;
  FRUGAL_CHECK(std::is_sorted(task.begin(), task.end()), "rows must be sorted by task");
  std::vector<Index> starts;
  for (int t = 0; t <= tasks; ++t)
    starts.push_back(std::lower_bound(task.begin(), task.end(), t) - task.begin());
  return starts;
}

double log_prior(const Prior& prior, const VectorXd& theta, VectorXd* gradient) {
  const VectorXd z = (theta - prior.mean).cwiseQuotient(prior.deviation);
  if (gradient) *gradient -= z.cwiseQuotient(prior.deviation);
  return -.5 * z.squaredNorm();
}

}  // namespace

Prior default_prior(const Shape& shape) {
  const Layout layout(shape);
  const int d = shape.coordinates(), tasks = shape.tasks;
  Prior prior;
  for (VectorXd* v : {&prior.mean, &prior.deviation, &prior.lower, &prior.upper})
    v->resize(layout.size());
  const auto set = [&](int i, double mean, double deviation, double lower, double upper) {
    prior.mean[i] = mean, prior.deviation[i] = deviation;
    prior.lower[i] = lower, prior.upper[i] = upper;
  };
  const double length = std::log(.35 * std::sqrt(std::max(1, d) / 2.0));
  for (int j = 0; j < d; ++j)
    set(layout.log_length(j), shape.is_category[static_cast<std::size_t>(j)] ? 0 : length, .9,
        std::log(.02), std::log(50.0));
  set(layout.log_kappa(), 0, .4, std::log(.2), std::log(5.0));
  for (int p = 0; p < tasks; ++p) {
    const bool is_last = p == tasks - 1;
    const double mean = p == 0 ? 0 : std::log(is_last ? .25 : .3);
    set(layout.log_scale(p), mean, p == 0 ? .5 : .6, std::log(.02), std::log(10.0));
  }
  for (int t = 1; t < tasks; ++t)
    for (int p = 0; p < t; ++p) {
      const bool is_full_on_cheapest = p == 0 && t == tasks - 1;
      set(layout.rho(t, p), is_full_on_cheapest ? .9 : 1,
          p > 0                 ? .5
          : is_full_on_cheapest ? .3
                                : .25,
          -.5, 2.5);
    }
  const double noise = std::log(tasks == 1 ? .08 : .15);  // .08 on the full task either way
  set(layout.log_noise(), noise, .8, std::log(.01), std::log(2.0));
  for (int t = 1; t < tasks; ++t)
    set(layout.log_noise_ratio(t), std::log(.08 / .15) * t / (tasks - 1), .3, -2, 1.5);
  return prior;
}

Kernel::Kernel(const Shape& shape, const VectorXd& theta)
    : inverse_length_(inverse_lengths(shape, theta)), means_(mean_covariance(shape)) {
  const Layout layout(shape);
  FRUGAL_CHECK(theta.size() == layout.size());
  inverse_kappa_squared_ = std::exp(-2 * theta[layout.log_kappa()]);
  const MatrixXd l = coupling(shape, theta);
  first_ = l.col(0) * l.col(0).transpose();
  others_ = l.rightCols(shape.tasks - 1) * l.rightCols(shape.tasks - 1).transpose();
  noise_.resize(shape.tasks);
  noise_ = noise_variances(shape, theta).array() + kNoiseFloor * kNoiseFloor;
}

MatrixXd Kernel::scaled(const MatrixXd& x) const {
  return x * inverse_length_.asDiagonal();
}

void Kernel::correlations(const MatrixXd& a, const MatrixXd& b, MatrixXd& of_first,
                          MatrixXd& of_others) const {
  const MatrixXd squares = squared_distances(a, b);
  of_first = matern(squares);
  if (tasks() > 1)
    of_others = matern(inverse_kappa_squared_ * squares);
  else
    of_others.setZero(squares.rows(), squares.cols());
}

MatrixXd Kernel::covariance(const std::vector<int>& rows, int task, const MatrixXd& of_first,
                            const MatrixXd& of_others) const {
  VectorXd a(of_first.rows()), b(of_first.rows()), c(of_first.rows());
  for (Index i = 0; i < of_first.rows(); ++i) {
    const int s = rows[static_cast<std::size_t>(i)];
    a[i] = first_(s, task), b[i] = others_(s, task), c[i] = means_(s, task);
  }
  MatrixXd result = a.asDiagonal() * of_first;
  if (tasks() > 1) result += b.asDiagonal() * of_others;
  result.colwise() += c;
  return result;
}

double Kernel::task_correlation(int s, int t) const {
  const MatrixXd sum = first_ + others_;
  return sum(s, t) / std::sqrt(sum(s, s) * sum(t, t));
}

double log_posterior(const Shape& shape, const Prior& prior, const Observations& observations,
                     const VectorXd& theta, VectorXd* gradient) {
  const Layout layout(shape);
  const Index n = observations.size();
  const int tasks = shape.tasks;
  if (gradient) gradient->setZero(layout.size());
  const double of_prior = log_prior(prior, theta, gradient);
  if (n == 0) return of_prior;

  const std::vector<Index> starts = task_starts(observations, tasks);
  const MatrixXd z = observations.x * inverse_lengths(shape, theta).asDiagonal();
  const MatrixXd l = coupling(shape, theta);
  const MatrixXd first = l.col(0) * l.col(0).transpose();
  const MatrixXd others = l.rightCols(tasks - 1) * l.rightCols(tasks - 1).transpose();
  const MatrixXd means = mean_covariance(shape);
  const double kappa_scale = std::exp(-2 * theta[layout.log_kappa()]);

  const MatrixXd squares = squared_distances(z, z);
  MatrixXd slope_first, slope_others;
  const MatrixXd of_first = matern(squares, gradient ? &slope_first : nullptr);
  MatrixXd of_others;
  if (tasks > 1) of_others = matern(kappa_scale * squares, gradient ? &slope_others : nullptr);
  const auto block = [&](auto& matrix, int s, int t) {
    const auto at = [&](int task) { return starts[static_cast<std::size_t>(task)]; };
    return matrix.block(at(s), at(t), at(s + 1) - at(s), at(t + 1) - at(t));
  };
  MatrixXd k(n, n);
  for (int s = 0; s < tasks; ++s)
    for (int t = 0; t < tasks; ++t) {
      auto part = block(k, s, t);
      part = first(s, t) * block(of_first, s, t);
      if (tasks > 1) part += others(s, t) * block(of_others, s, t);
      part.array() += means(s, t);
    }
  const VectorXd noise = noise_variances(shape, theta);
  for (Index i = 0; i < n; ++i)
    k(i, i) += noise[observations.task[static_cast<std::size_t>(i)]] + kNoiseFloor * kNoiseFloor +
               observations.variance[i];

  const Eigen::LLT<MatrixXd> cholesky(k);
  if (cholesky.info() != Eigen::Success) return -std::numeric_limits<double>::infinity();
  const VectorXd alpha = cholesky.solve(observations.y);
  const double log_determinant = 2 * cholesky.matrixLLT().diagonal().array().log().sum();
  const double value = of_prior - .5 * observations.y.dot(alpha) - .5 * log_determinant;
  if (!std::isfinite(value)) return -std::numeric_limits<double>::infinity();
  if (!gradient) return value;

  // d value = Σ_ij g_ij dK_ij
  MatrixXd g = .5 * alpha * alpha.transpose();
  g -= .5 * cholesky.solve(MatrixXd::Identity(n, n));
  for (Index i = 0; i < n; ++i) {
    const int task = observations.task[static_cast<std::size_t>(i)];
    const double share = 2 * g(i, i) * noise[task];
    (*gradient)[layout.log_noise()] += share;
    if (task > 0) (*gradient)[layout.log_noise_ratio(task)] += share;
  }
  MatrixXd sum_first(tasks, tasks), sum_others = MatrixXd::Zero(tasks, tasks);
  MatrixXd m(n, n);  // Σ_ij m_ij d(r²)_ij is the share of the lengths
  double of_kappa = 0;
  for (int s = 0; s < tasks; ++s)
    for (int t = 0; t < tasks; ++t) {
      const auto part = block(g, s, t).array();
      sum_first(s, t) = (part * block(of_first, s, t).array()).sum();
      auto target = block(m, s, t);
      target = first(s, t) * part * block(slope_first, s, t).array();
      if (tasks == 1) continue;
      sum_others(s, t) = (part * block(of_others, s, t).array()).sum();
      const MatrixXd share =
          (others(s, t) * kappa_scale) * part * block(slope_others, s, t).array();
      of_kappa -= 2 * share.cwiseProduct(block(squares, s, t)).sum();
      target += share;
    }
  (*gradient)[layout.log_kappa()] += of_kappa;
  const VectorXd row_sums = m.rowwise().sum();
  const MatrixXd mz = m * z;
  for (int f = 0; f < shape.features(); ++f) {
    const double spread =
        2 * (row_sums.array() * z.col(f).array().square()).sum() - 2 * z.col(f).dot(mz.col(f));
    (*gradient)[shape.feature_coordinates[static_cast<std::size_t>(f)]] -= 2 * spread;
  }
  MatrixXd of_coupling(tasks, tasks);
  of_coupling.col(0) = 2 * sum_first * l.col(0);
  of_coupling.rightCols(tasks - 1) = 2 * sum_others * l.rightCols(tasks - 1);
  for (int p = 0; p < tasks; ++p) {
    const double scale = std::exp(theta[layout.log_scale(p)]);
    for (int t = p; t < tasks; ++t) {
      (*gradient)[layout.log_scale(p)] += of_coupling(t, p) * l(t, p);
      if (t > p) (*gradient)[layout.rho(t, p)] += of_coupling(t, p) * scale;
    }
  }
  return value;
}

}  // namespace frugal::optimizer
