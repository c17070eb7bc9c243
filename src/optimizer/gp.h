// The multitask Gaussian process: an autoregressive coupling (Kennedy & O'Hagan 2000) of
// independent processes u_0, u_1, ... with unit variance, one for each task, cheapest first:
//
//   f_t = sum over p <= t of L[t, p] u_p,   L[t, p] = rho[t, p] scale[p],  rho[t, t] = 1
//   y   = f_t + m + m_t + noise,            m ~ N(0, 2), m_t ~ N(0, 1): constant means, integrated
//   out
//
// Kernel of u_p: Matérn 5/2 (Rasmussen & Williams 2006, eq. 4.17) of r² = Σ Δ²/l², with one length
// l for each coordinate of a point; u_1, u_2, ... share the lengths l · kappa.
//
// Notation: n observations, d coordinates, F features (categories are one-hot: F >= d), T tasks.
#pragma once

#include <Eigen/Core>
#include <vector>

namespace frugal::optimizer {

// What the rows of the process are.
struct Shape {
  int tasks = 1;
  std::vector<int> feature_coordinates;  // F: the coordinate of each feature
  std::vector<bool> is_category;         // d
  bool has_constant_means = true;

  int coordinates() const { return static_cast<int>(is_category.size()); }
  int features() const { return static_cast<int>(feature_coordinates.size()); }
};

// Hyperparameters lie in one vector theta: log l (d), log kappa, log scale (T),
// rho (T (T − 1)/2, row by row below the diagonal), log noise deviation of the cheapest task, and
// of each other task relative to it (T). The noise of a dear task with few observations thus
// follows that of the cheap one, and is no way to explain away where the two disagree.
class Layout {
 public:
  explicit Layout(const Shape& shape) : d_(shape.coordinates()), t_(shape.tasks) {}
  int size() const { return d_ + 1 + 2 * t_ + t_ * (t_ - 1) / 2; }
  int log_length(int coordinate) const { return coordinate; }
  int log_kappa() const { return d_; }
  int log_scale(int process) const { return d_ + 1 + process; }
  int rho(int task, int process) const { return d_ + 1 + t_ + task * (task - 1) / 2 + process; }
  int log_noise() const { return log_noise_ratio(0); }
  int log_noise_ratio(int task) const { return d_ + 1 + t_ + t_ * (t_ - 1) / 2 + task; }

 private:
  int d_, t_;
};

// Independent normal priors on theta, and the box that it stays in.
struct Prior {
  Eigen::VectorXd mean, deviation, lower, upper;  // of theta's size
};
Prior default_prior(const Shape& shape);

struct Observations {
  Eigen::MatrixXd x;         // (n, F)
  std::vector<int> task;     // n, 0 the cheapest
  Eigen::VectorXd y;         // n
  Eigen::VectorXd variance;  // n: reported standard errors, squared
  Eigen::Index size() const { return x.rows(); }
};

// The covariance function at fixed hyperparameters.
class Kernel {
 public:
  Kernel(const Shape& shape, const Eigen::VectorXd& theta);
  int tasks() const { return static_cast<int>(first_.rows()); }
  int features() const { return static_cast<int>(inverse_length_.size()); }
  // (n, F) divided by the lengths: what the functions below take.
  Eigen::MatrixXd scaled(const Eigen::MatrixXd& x) const;
  // Correlations of u_0 and of u_1, u_2, ... between scaled rows: (n, m) each.
  void correlations(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b, Eigen::MatrixXd& of_first,
                    Eigen::MatrixXd& of_others) const;
  // Covariance of f_s(x) + means and f_t(x′) + means, given the two correlations.
  double covariance(int s, int t, double of_first, double of_others) const {
    return of_first * first_(s, t) + of_others * others_(s, t) + means_(s, t);
  }
  // (n, m) from the correlations between rows of tasks rows and one task.
  Eigen::MatrixXd covariance(const std::vector<int>& rows, int task,
                             const Eigen::MatrixXd& of_first,
                             const Eigen::MatrixXd& of_others) const;
  // Prior covariance of two tasks at the same point.
  double at_same_point(int s, int t) const { return covariance(s, t, 1, 1); }
  double noise_variance(int task) const { return noise_[task]; }
  // Correlation of f_s and f_t at the same point, means left out.
  double task_correlation(int s, int t) const;
  double length(int feature) const { return 1 / inverse_length_[feature]; }

 private:
  Eigen::VectorXd inverse_length_;  // F
  double inverse_kappa_squared_ = 1;
  Eigen::MatrixXd first_, others_, means_;  // (T, T): the coefficients of covariance()
  Eigen::VectorXd noise_;                   // T
};

// log p(y | theta) + log p(theta) up to a constant, and its gradient. −infinity where the
// covariance is not positive definite. O(n³ + n² F). Rows of observations must be sorted by task.
double log_posterior(const Shape& shape, const Prior& prior, const Observations& observations,
                     const Eigen::VectorXd& theta, Eigen::VectorXd* gradient);

}  // namespace frugal::optimizer
