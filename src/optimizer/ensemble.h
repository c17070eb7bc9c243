// Fits as values that can be made on any thread, away from the belief that wants them.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "optimizer/fit_schedule.h"
#include "optimizer/gp.h"
#include "optimizer/posterior.h"
#include "optimizer/suggest.h"

namespace frugal::optimizer {

struct EnsembleOptions {
  double short_lengths = .35;  // a second member: the mode with lengths · exp(−this); 0: none
  // A member that doubts the cheap tasks: what each dearer one has of its own is taken to be at
  // least this much (in logarithm) above its prior mean. With few full runs, all in one basin, the
  // mode believes that the cheap task tells all, and never looks at the others. nullopt: no such
  // member.
  std::optional<double> least_discrepancy = .5;
  int draws = 0;  // members drawn around the mode (Laplace): measured, and no help
};

// The process at several hyperparameters.
struct Ensemble {
  FitPoint point;
  Eigen::VectorXd theta;                            // the mode
  std::vector<Eigen::VectorXd> offsets;             // of the drawn members, from theta
  std::vector<std::unique_ptr<Posterior>> members;  // the mode first
};

// Everything that an ensemble is made from.
struct EnsembleFit {
  struct Step {
    FitPoint point;
    Observations data;  // what the fit looks at, sorted by task
  };
  Shape shape;
  Prior prior;
  EnsembleOptions options;
  std::uint64_t seed = 0;
  Eigen::VectorXd theta;                 // where a warm first step begins
  std::vector<Eigen::VectorXd> offsets;  // likewise
  std::vector<Step> steps;               // the last is the fit that is wanted
  Observations all;                      // what the members know
  std::vector<int> inducing;             // as Posterior has it

  Ensemble run() const;
};

// The chance of success: hyperparameters of its process.
struct SuccessFit {
  FitPoint point;
  Shape shape;
  Observations data;
  Eigen::VectorXd run() const;
};

struct BeliefFit final : PendingFit {
  std::shared_ptr<const int> history;  // of which history: take() refuses those of another
  std::optional<EnsembleFit> ensemble_fit;
  std::optional<SuccessFit> success_fit;
  Ensemble ensemble;  // what run() gives
  Eigen::VectorXd success_theta;

  void run() override;
};

}  // namespace frugal::optimizer
