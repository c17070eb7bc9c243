#include "optimizer/posterior.h"

#include <Eigen/Cholesky>
#include <algorithm>

#include "base/error.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index kSparseChunk = 512;  // observations projected at a time, to spare memory
constexpr Index kChunk = 256;        // points predicted at a time, so that they stay in the cache

// The Cholesky factor, with jitter where rounding makes it necessary.
MatrixXd factorize(const MatrixXd& a) {
  for (double jitter = 0; jitter < 1; jitter = std::max(1e-9, 10 * jitter)) {
    MatrixXd shifted = a;
    shifted.diagonal().array() += jitter;
    const Eigen::LLT<MatrixXd> cholesky(shifted);
    if (cholesky.info() == Eigen::Success && cholesky.matrixLLT().diagonal().allFinite())
      return cholesky.matrixL();
  }
  throw NumericalError("the covariance of the observations is not positive definite");
}

template <typename Factor>
void solve_lower(const Factor& factor, MatrixXd& right) {
  factor.template triangularView<Eigen::Lower>().solveInPlace(right);
}

}  // namespace

Posterior::Posterior(const Shape& shape, const VectorXd& theta, const Observations& observations,
                     const std::vector<int>& inducing)
    : kernel_(shape, theta), is_sparse_(!inducing.empty()) {
  if (!is_sparse_) {
    append(observations);
    return;
  }
  MatrixXd chosen(static_cast<Index>(inducing.size()), observations.x.cols());
  for (std::size_t i = 0; i < inducing.size(); ++i) {
    chosen.row(static_cast<Index>(i)) = observations.x.row(inducing[i]);
    task_.push_back(observations.task[static_cast<std::size_t>(inducing[i])]);
  }
  z_ = kernel_.scaled(chosen);
  MatrixXd k = cross(z_, task_, z_, task_);
  k.diagonal().array() += 1e-6;
  factor_ = factorize(k);
  information_ = MatrixXd::Identity(z_.rows(), z_.rows());
  append(observations);
}

MatrixXd Posterior::cross(const MatrixXd& z, const std::vector<int>& tasks, const MatrixXd& points,
                          int task) const {
  MatrixXd of_first, of_others;
  kernel_.correlations(z, points, of_first, of_others);
  return kernel_.covariance(tasks, task, of_first, of_others);
}

MatrixXd Posterior::cross(const MatrixXd& z, const std::vector<int>& tasks, const MatrixXd& points,
                          const std::vector<int>& point_tasks) const {
  MatrixXd of_first, of_others, result(z.rows(), points.rows());
  kernel_.correlations(z, points, of_first, of_others);
  for (Index j = 0; j < points.rows(); ++j)
    result.col(j) = kernel_.covariance(tasks, point_tasks[static_cast<std::size_t>(j)],
                                       of_first.col(j), of_others.col(j));
  return result;
}

Posterior::Whitened Posterior::whiten(MatrixXd covariances) const {
  const Index n = covariances.rows();
  Whitened result{std::move(covariances), {}};
  if (n == 0) return result;
  solve_lower(factor_.topLeftCorner(n, n), result.v);
  if (!is_sparse_) return result;
  result.w = result.v;
  solve_lower(information_factor_, result.w);
  return result;
}

void Posterior::append(const Observations& observations) {
  close();
  if (observations.size() == 0) return;
  VectorXd noise = observations.variance;
  for (Index i = 0; i < noise.size(); ++i)
    noise[i] += kernel_.noise_variance(observations.task[static_cast<std::size_t>(i)]);
  const MatrixXd z = kernel_.scaled(observations.x);
  if (is_sparse_)
    append_sparse(z, observations.task, noise);
  else
    append_exact(z, observations.task, noise);
  observed_ += observations.size();
}

void Posterior::append_exact(const MatrixXd& z, const std::vector<int>& task,
                             const VectorXd& noise) {
  const Index n = static_cast<Index>(task_.size()), added = z.rows();
  if (factor_.rows() < n + added) {  // room to grow, so that appending seldom copies
    const Index capacity = std::max(n + added, n + n / 4 + 32);
    factor_.conservativeResize(capacity, capacity);
    z_.conservativeResize(capacity, z.cols());
  }
  MatrixXd corner = cross(z, task, z, task);
  corner.diagonal() += noise;
  if (n > 0) {
    const MatrixXd v = whiten(cross(z_.topRows(n), task_, z, task)).v;
    corner -= v.transpose() * v;
    factor_.block(n, 0, added, n) = v.transpose();
  }
  factor_.block(n, n, added, added) = factorize(corner);
  z_.middleRows(n, added) = z;
  task_.insert(task_.end(), task.begin(), task.end());
}

void Posterior::append_sparse(const MatrixXd& z, const std::vector<int>& task,
                              const VectorXd& noise) {
  projected_.conservativeResize(z_.rows(), observed_ + z.rows());
  lambda_.conservativeResize(observed_ + z.rows());
  for (Index begin = 0; begin < z.rows(); begin += kSparseChunk) {
    const Index count = std::min(kSparseChunk, z.rows() - begin);
    const std::vector<int> tasks(task.begin() + begin, task.begin() + begin + count);
    MatrixXd u = cross(z_, task_, z.middleRows(begin, count), tasks);
    solve_lower(factor_, u);
    VectorXd lambda(count);
    for (Index i = 0; i < count; ++i) {
      const int t = tasks[static_cast<std::size_t>(i)];
      lambda[i] =
          noise[begin + i] + std::max(0.0, kernel_.at_same_point(t, t) - u.col(i).squaredNorm());
    }
    projected_.middleCols(observed_ + begin, count) = u;
    lambda_.segment(observed_ + begin, count) = lambda;
    u *= lambda.cwiseSqrt().cwiseInverse().asDiagonal();
    information_.selfadjointView<Eigen::Lower>().rankUpdate(u);
  }
  information_factor_ = factorize(information_);
}

void Posterior::set_values(const VectorXd& y) {
  FRUGAL_CHECK(y.size() == observed_);
  if (observed_ == 0) return;
  if (is_sparse_) {
    weights_ = projected_ * y.cwiseQuotient(lambda_);
    information_factor_.triangularView<Eigen::Lower>().solveInPlace(weights_);
    information_factor_.triangularView<Eigen::Lower>().transpose().solveInPlace(weights_);
    factor_.triangularView<Eigen::Lower>().transpose().solveInPlace(weights_);
  } else {
    const auto l = factor_.topLeftCorner(observed_, observed_);
    weights_ = l.triangularView<Eigen::Lower>().solve(y);
    l.triangularView<Eigen::Lower>().transpose().solveInPlace(weights_);
  }
}

void Posterior::open(const MatrixXd& x, const std::vector<int>& task) {
  if (task.empty()) return;
  const MatrixXd z = kernel_.scaled(x);
  const Index n = static_cast<Index>(task_.size()), old = open_z_.rows(), added = z.rows();
  const Whitened whitened = whiten(cross(z_.topRows(n), task_, z, task));
  const auto append_columns = [](MatrixXd& matrix, const MatrixXd& columns) {
    matrix.conservativeResize(columns.rows(), matrix.cols() + columns.cols());
    matrix.rightCols(columns.cols()) = columns;
  };
  append_columns(open_.v, whitened.v);
  append_columns(open_.w, whitened.w);
  open_z_.conservativeResize(old + added, z.cols());
  open_z_.bottomRows(added) = z;
  open_task_.insert(open_task_.end(), task.begin(), task.end());
  MatrixXd right = cross(open_z_, open_task_, z, task);
  right -= open_.v.transpose() * whitened.v;
  if (is_sparse_) right += open_.w.transpose() * whitened.w;
  for (Index j = 0; j < added; ++j)
    right(old + j, j) += kernel_.noise_variance(task[static_cast<std::size_t>(j)]);
  open_covariance_.conservativeResize(old + added, old + added);
  open_covariance_.rightCols(added) = right;
  open_covariance_.bottomRows(added) = right.transpose();
  open_factor_ = factorize(open_covariance_);
}

void Posterior::close() {
  open_z_.resize(0, 0), open_task_.clear();
  open_ = {};
  open_covariance_.resize(0, 0), open_factor_.resize(0, 0);
}

VectorXd Posterior::mean(const MatrixXd& x, int task) const {
  if (observed_ == 0) return VectorXd::Zero(x.rows());
  const MatrixXd k = cross(z_.topRows(weights_.size()), task_, kernel_.scaled(x), task);
  return k.transpose() * weights_;
}

Prediction Posterior::predict(const MatrixXd& x, const std::vector<int>& tasks) const {
  const Index c = x.rows(), n = static_cast<Index>(task_.size());
  const int full = kernel_.tasks() - 1;
  std::vector<int> columns = {full};  // tasks whose covariances are needed
  std::vector<Index> column;          // of each task asked for
  for (int task : tasks) {
    column.push_back(task == full ? 0 : static_cast<Index>(columns.size()));
    if (task != full) columns.push_back(task);
  }
  Prediction result;
  result.mean = VectorXd::Zero(c);
  result.variance.resize(c);
  result.task_variance.assign(tasks.size(), VectorXd(c));
  result.task_covariance.assign(tasks.size(), VectorXd(c));
  const MatrixXd points = kernel_.scaled(x);
  for (Index begin = 0; begin < c; begin += kChunk) {
    const Index count = std::min(kChunk, c - begin);
    const auto covariances = [&](const MatrixXd& z, const std::vector<int>& z_tasks) {
      MatrixXd of_first, of_others, all(z.rows(), static_cast<Index>(columns.size()) * count);
      kernel_.correlations(z, points.middleRows(begin, count), of_first, of_others);
      for (std::size_t t = 0; t < columns.size(); ++t)
        all.middleCols(static_cast<Index>(t) * count, count) =
            kernel_.covariance(z_tasks, columns[t], of_first, of_others);
      return all;
    };
    MatrixXd k = covariances(z_.topRows(n), task_);
    if (weights_.size())
      result.mean.segment(begin, count) = k.leftCols(count).transpose() * weights_;
    const Whitened of_points = whiten(std::move(k));
    MatrixXd of_open;
    if (!open_task_.empty()) {
      of_open = covariances(open_z_, open_task_) - open_.v.transpose() * of_points.v;
      if (is_sparse_) of_open += open_.w.transpose() * of_points.w;
      solve_lower(open_factor_, of_open);
    }
    // What is known of the covariance of the columns of blocks a and b, point by point.
    const auto reduction = [&](Index a, Index b) {
      Eigen::ArrayXd sum = Eigen::ArrayXd::Zero(count);
      const auto add = [&](const MatrixXd& m, double sign) {
        if (m.rows() == 0) return;
        sum += sign * m.middleCols(a * count, count)
                          .cwiseProduct(m.middleCols(b * count, count))
                          .colwise()
                          .sum()
                          .transpose()
                          .array();
      };
      add(of_points.v, 1), add(of_points.w, -1), add(of_open, 1);
      return sum;
    };
    result.variance.segment(begin, count) =
        (kernel_.at_same_point(full, full) - reduction(0, 0)).max(1e-10);
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      result.task_covariance[t].segment(begin, count) =
          kernel_.at_same_point(tasks[t], full) - reduction(0, column[t]);
      result.task_variance[t].segment(begin, count) =
          (kernel_.at_same_point(tasks[t], tasks[t]) - reduction(column[t], column[t])).max(1e-10) +
          kernel_.noise_variance(tasks[t]);
    }
  }
  return result;
}

}  // namespace frugal::optimizer
