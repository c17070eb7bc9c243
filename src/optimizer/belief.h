// What a history lets one believe: the multitask process, fitted, and the chance of success.
//
// A belief is a pure function of the ledger's records and the seed. Hyperparameters are those of a
// prefix of the history (fit_schedule.h); between fits, rows are appended. A process that has just
// started repeats only the last cold fit and the warm ones since.
#pragma once

#include <Eigen/Core>
#include <memory>
#include <vector>

#include "base/random.h"
#include "optimizer/ensemble.h"
#include "optimizer/gp.h"
#include "optimizer/ledger.h"
#include "optimizer/posterior.h"

namespace frugal::optimizer {

struct BeliefOptions {
  EnsembleOptions ensemble;
  std::size_t exact_limit = 2000;  // observations; beyond, the sparse form
  std::size_t inducing_limit = 1024;
  std::size_t fit_limit = 400;  // observations that a fit looks at
};

class Belief {
 public:
  Belief(const Ledger& ledger, std::uint64_t seed, BeliefOptions options);

  // Brings everything up to the ledger, of which the first `unchanged` records are as they were.
  void update(std::size_t unchanged);
  // The fit that will be used next, for another thread to make; nullptr: there is none to make.
  std::unique_ptr<BeliefFit> begin_fit() const;
  void take(BeliefFit fit);

  // Whether there is anything to believe: two successes at least.
  bool exists() const { return !ensemble_.members.empty(); }
  // Members of the ensemble: the mode first.
  std::size_t members() const { return ensemble_.members.size(); }
  // With the open trials; valid until the next change.
  const Posterior& member(std::size_t i);
  // A trial is open on the task (a rank). update() forgets it.
  void open(const Point& point, int task);

  Eigen::MatrixXd features(const std::vector<Point>& points) const;  // (c, F)
  Eigen::VectorXd mean(const Eigen::MatrixXd& features) const;       // of the full task
  Eigen::VectorXd success(const Eigen::MatrixXd& features) const;    // probability
  // Of the task with the full one, at the same point.
  double task_correlation(int task) const {
    return ensemble_.members[0]->kernel().task_correlation(task, shape_.tasks - 1);
  }
  const Shape& shape() const { return shape_; }
  const Prior& prior() const { return prior_; }
  const Eigen::VectorXd& theta() const { return ensemble_.theta; }  // the mode
  // Every success, in order of arrival, and the ledger's record of each.
  Observations observations() const { return observations(successes_); }
  const std::vector<std::size_t>& successes() const { return successes_; }
  int rank_of(std::size_t task) const { return rank_[task]; }  // its place in ledger.tasks()

 private:
  Observations observations(const std::vector<std::size_t>& records) const;
  Eigen::VectorXd warped(const std::vector<std::size_t>& records) const;
  Observations success_labels() const;
  EnsembleFit ensemble_fit(const FitPoint& point) const;
  SuccessFit success_fit(const FitPoint& point, const Observations& labels) const;
  void update_success();

  const Ledger& ledger_;
  std::uint64_t seed_;
  BeliefOptions options_;
  Shape shape_;
  Prior prior_;
  std::vector<int> rank_;
  std::vector<std::size_t> successes_;  // records
  std::size_t read_ = 0;                // records that successes_ covers
  std::shared_ptr<const int> history_;  // its identity; another one when it did not only grow
  Ensemble ensemble_, next_;            // in use; made ahead
  std::vector<Point> open_points_;
  std::vector<int> open_tasks_;
  std::vector<std::size_t> opened_;  // by each member, of open_points_

  struct SuccessTheta {
    FitPoint point;
    Eigen::VectorXd theta;
  };
  Shape success_shape_;
  std::size_t failures_ = 0;
  SuccessTheta success_theta_, next_success_theta_;
  std::unique_ptr<Posterior> success_;
};

}  // namespace frugal::optimizer
