// The full task's function as a history lets one believe it, as draws of the fitted multitask
// process: what importance.h, dependence.h and calibration.h look at.
//
// A draw is a function that can be evaluated anywhere (pathwise conditioning: Wilson et al. 2020,
// "Efficiently sampling functions from Gaussian process posteriors", eq. 13, sec. 4): a draw of
// the prior plus k(x, X) (K + noise)⁻¹ (y − prior draw at X − noise draw). The prior is drawn by
// random Fourier features (Rahimi & Recht 2007); of Matérn 5/2 their frequencies are Student t
// with 5 degrees of freedom. Hyperparameters come from the Laplace approximation (fit.h).
//
// Values are warped (warp.h): u, linear above the median of what was observed, logarithmic below,
// the larger the better. to_metric leads back.
//
// Costs, n rows (at most most_rows), T tasks, c points, H hyperparameter draws of S functions each,
// m frequencies: the fit of belief.h; Laplace: (size + 1) gradients; H n³/3; evaluate
// H c (2 n + 4 m + (n + 4 m) S). A pure function of problem, history and seed. Safe to read from
// several threads.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "optimizer/belief.h"
#include "optimizer/ledger.h"
#include "optimizer/suggest.h"
#include "optimizer/warp.h"

namespace frugal::optimizer {

struct SurrogateOptions {
  int hyperparameter_draws = 8;  // that get functions; at least 1
  int functions = 16;            // for each of these
  int frequencies = 256;
  std::size_t most_rows = 1000;  // beyond, full-task ones first and the rest evenly over time
};

class Surrogate {
 public:
  // Throws InputError for tasks that make no sense (ledger.h).
  Surrogate(Problem problem, const History& history, std::uint64_t seed,
            SurrogateOptions options = {});
  Surrogate(const Surrogate&) = delete;  // its parts refer to each other
  Surrogate& operator=(const Surrogate&) = delete;

  // Why there is nothing to look at (fewer than two successes); "" when there is. Of what follows
  // only problem(), encoder() and seed() may be called then.
  const std::string& lacking() const { return lacking_; }
  const Problem& problem() const { return problem_; }
  const Encoder& encoder() const { return ledger_.encoder(); }
  std::uint64_t seed() const { return seed_; }

  bool is_constant() const { return is_constant_; }  // every observed value is the same
  // Whether hyperparameters were drawn; false when there are too many: all draws have the mode's.
  bool draws_hyperparameters() const { return thetas_.size() > 1; }

  // (c, H S): a row for each point, a column for each draw.
  Eigen::MatrixXd evaluate(const std::vector<Point>& points) const;
  // A warped value in the metric's own units; none is worse than the worst one observed, where
  // the logarithm's inverse would run away.
  double to_metric(double warped) const;
  // The evaluated point with the best mean of the full task among those that probably succeed.
  const Point& best() const { return best_; }

  // Successful observations, sorted by task; task: by rank, the full one last.
  const Observations& rows() const { return rows_; }
  const std::vector<std::size_t>& records() const { return records_; }  // of ledger(), of each row
  std::size_t successes() const { return belief_.successes().size(); }  // rows() are some of them
  const Ledger& ledger() const { return ledger_; }
  const Shape& shape() const { return belief_.shape(); }
  const Eigen::VectorXd& mode() const { return belief_.theta(); }
  const std::vector<Eigen::VectorXd>& thetas() const { return thetas_; }  // drawn, or the mode

 private:
  // Functions with the same hyperparameters.
  struct Paths {
    Kernel kernel;
    Eigen::MatrixXd z;         // (n, F): rows_, scaled
    Eigen::MatrixXd update;    // (n, S): (K + noise)⁻¹ of what the prior draw does not explain
    Eigen::VectorXf constant;  // S: the constant means of the full task
    // Of u_0 and of u_1, u_2, ...: frequencies (F, m), weights of the full task (2 m, S).
    Eigen::MatrixXf frequencies[2], weights[2];
  };
  void choose_rows(std::size_t most);
  void choose_best();
  void draw_thetas(RandomStream random);
  Paths draw_paths(const Eigen::VectorXd& theta, RandomStream random) const;
  void draw_waves(Paths& paths, int kind, const Eigen::VectorXd& theta, Eigen::MatrixXd& at_rows,
                  RandomStream& random) const;

  Problem problem_;
  std::uint64_t seed_;
  SurrogateOptions options_;
  Ledger ledger_;
  Belief belief_;
  std::string lacking_;
  bool is_constant_ = false;
  Warp warp_{{}};
  double worst_ = 0;  // of the values, in the sense of the ledger
  Observations rows_;
  std::vector<std::size_t> records_;
  Point best_;
  std::vector<Eigen::VectorXd> thetas_;
  std::vector<Paths> paths_;
};

// (n, n): the covariance of what is observed in the rows, noise and reported errors included.
Eigen::MatrixXd observed_covariance(const Kernel& kernel, const Observations& rows);

}  // namespace frugal::optimizer
