// What a history lets one believe: the multitask process, fitted, and the chance of success.
//
// A belief is a pure function of the ledger's records and the seed. Hyperparameters are those of a
// prefix of the history: cold fits, from several starts, when the number of successes has grown by
// 1.4, warm ones in between when it has grown by 1/30; between fits, rows are appended. A process
// that has just started repeats only the last cold fit and the warm ones since.
#pragma once

#include <Eigen/Core>
#include <memory>
#include <vector>

#include "base/random.h"
#include "optimizer/gp.h"
#include "optimizer/ledger.h"
#include "optimizer/posterior.h"

namespace frugal::optimizer {

struct BeliefOptions {
  double short_lengths = .35;  // a second member: the mode with lengths · exp(−this); 0: none
  int draws = 0;               // members drawn around the mode (Laplace): measured, and no help
  std::size_t exact_limit = 2000;  // observations; beyond, the sparse form
  std::size_t inducing_limit = 1024;
  std::size_t fit_limit = 400;  // observations that a fit looks at
};

class Belief {
 public:
  Belief(const Ledger& ledger, std::uint64_t seed, BeliefOptions options);

  // Brings everything up to the ledger, of which the first `unchanged` records are as they were.
  void update(std::size_t unchanged);

  // Whether there is anything to believe: two successes at least.
  bool exists() const { return !members_.empty(); }
  // Members of the ensemble: the mode first.
  std::size_t members() const { return members_.size(); }
  // With the open trials; valid until the next change.
  const Posterior& member(std::size_t i);
  // A trial is open on the task (a rank). update() forgets it.
  void open(const Point& point, int task);

  Eigen::MatrixXd features(const std::vector<Point>& points) const;  // (c, F)
  Eigen::VectorXd mean(const Eigen::MatrixXd& features) const;       // of the full task
  Eigen::VectorXd success(const Eigen::MatrixXd& features) const;    // probability
  // Of the task with the full one, at the same point.
  double task_correlation(int task) const {
    return members_[0]->kernel().task_correlation(task, shape_.tasks - 1);
  }
  const Shape& shape() const { return shape_; }
  int rank_of(std::size_t task) const { return rank_[task]; }  // its place in ledger.tasks()

 private:
  Observations observations(const std::vector<std::size_t>& records) const;
  Eigen::VectorXd warped(const std::vector<std::size_t>& records) const;
  Observations fit_data(std::size_t size) const;
  void refit(std::size_t size, bool is_cold);
  void rebuild();
  void update_failures();

  const Ledger& ledger_;
  std::uint64_t seed_;
  BeliefOptions options_;
  Shape shape_;
  Prior prior_;
  std::vector<int> rank_;
  std::vector<std::size_t> successes_;  // records
  std::size_t read_ = 0;                // records that successes_ covers
  std::size_t fitted_ = 0;              // successes that theta_ has seen
  Eigen::VectorXd theta_;
  std::vector<Eigen::VectorXd> offsets_;  // of the drawn members, from theta_
  std::vector<std::unique_ptr<Posterior>> members_;
  std::vector<Point> open_points_;
  std::vector<int> open_tasks_;
  std::vector<std::size_t> opened_;  // by each member, of open_points_

  Shape failure_shape_;
  std::size_t failures_ = 0;
  std::size_t failure_fitted_ = 0;  // records that failure_theta_ has seen
  Eigen::VectorXd failure_theta_;
  std::unique_ptr<Posterior> failure_;
};

}  // namespace frugal::optimizer
