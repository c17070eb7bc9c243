// The process at fixed hyperparameters, given observations: exact, by a Cholesky factor that grows
// by rows, or sparse (FITC: Snelson & Ghahramani 2006; Quiñonero-Candela & Rasmussen 2005, sec. 6)
// on a subset of the observations as inducing points.
//
// Open trials enter at their posterior mean: they change variances and no mean.
//
// Costs, n observations (or inducing points), c points, T tasks asked for:
//   construction n³/3;  append n² a row;  open n² a trial;  predict n² c (T + 1);
//   sparse, of N rows: N n² once, n³/3 for each append.
// Not thread-safe while it is being changed.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "optimizer/gp.h"

namespace frugal::optimizer {

// Of the full task's function at c points, and how observing each task would bear on it. All with
// the constant means.
struct Prediction {
  Eigen::VectorXd mean, variance;                // c: of f
  std::vector<Eigen::VectorXd> task_variance;    // for each task asked for, c: of y_t
  std::vector<Eigen::VectorXd> task_covariance;  // c: of y_t and f
};

class Posterior {
 public:
  // Values (observations.y) are set by set_values. inducing: indices into the observations;
  // empty: exact. Throws NumericalError when no jitter makes the covariance positive definite.
  Posterior(const Shape& shape, const Eigen::VectorXd& theta, const Observations& observations,
            const std::vector<int>& inducing = {});

  const Kernel& kernel() const { return kernel_; }
  Eigen::Index size() const { return observed_; }
  // Observations, or inducing points: what a prediction's price goes by.
  Eigen::Index basis_size() const { return static_cast<Eigen::Index>(task_.size()); }
  void append(const Observations& observations);  // forgets the open trials
  void set_values(const Eigen::VectorXd& y);      // one for each observation
  void open(const Eigen::MatrixXd& x, const std::vector<int>& task);
  void close();  // forgets the open trials

  // x: (c, F).
  Prediction predict(const Eigen::MatrixXd& x, const std::vector<int>& tasks) const;
  // The posterior mean of f_task alone: n c.
  Eigen::VectorXd mean(const Eigen::MatrixXd& x, int task) const;

 private:
  using Matrix = Eigen::MatrixXd;
  // Whitened covariances with what was observed: the covariance of two points given the
  // observations is k(x, x′) − vᵀ v′ + wᵀ w′; w is empty when exact.
  struct Whitened {
    Matrix v, w;
  };
  Whitened whiten(Matrix covariances) const;
  Matrix cross(const Matrix& z, const std::vector<int>& tasks, const Matrix& points,
               int task) const;
  Matrix cross(const Matrix& z, const std::vector<int>& tasks, const Matrix& points,
               const std::vector<int>& point_tasks) const;
  void append_exact(const Matrix& z, const std::vector<int>& task, const Eigen::VectorXd& noise);
  void append_sparse(const Matrix& z, const std::vector<int>& task, const Eigen::VectorXd& noise);

  Kernel kernel_;
  bool is_sparse_;
  Eigen::Index observed_ = 0;
  Matrix z_;                 // scaled rows: observations, or inducing points
  std::vector<int> task_;    // of z_; z_ and factor_ may have rows to spare
  Matrix factor_;            // L of the covariance of z_ (with noise when exact); lower triangle
  Eigen::VectorXd weights_;  // mean = k(x, z_) · weights

  // Sparse only: B = I + Σ u uᵀ / λ, u = L⁻¹ k(z_, x_i), λ = noise + what the subset leaves out.
  Matrix projected_;  // u of each observation, a column each
  Eigen::VectorXd lambda_;
  Matrix information_;         // B; lower triangle
  Matrix information_factor_;  // its Cholesky factor

  Matrix open_z_;  // open trials
  std::vector<int> open_task_;
  Whitened open_;
  Matrix open_covariance_;  // given the observations, with noise
  Matrix open_factor_;      // its Cholesky factor
};

}  // namespace frugal::optimizer
