// Which parameters mattered: functional ANOVA (Hutter, Hoos & Leyton-Brown 2014) of the full task's
// function over the search space, as Sobol' indices: shares of its variance.
//
//   V = Var f
//   main_i  = Var(E[f | x_i]) / V
//   pair_ij = Var(E[f | x_i, x_j]) / V − main_i − main_j
//   total_i = E[Var(f | all but x_i)] / V
//
// What the inputs are. x_i is drawn by its prior, else uniformly over its range: logarithmic where
// declared, levels of integers, grids and categories alike. A conditional is an input like any
// other. A parameter that it makes inactive has no influence there, so it is charged for the part
// of the space where it is active. A parameter with one value has the share 0.
// Linear constraints: parameters that they bind depend on each other, and pick-freeze is not valid
// for them one by one. Together they are one input, independent of the rest, drawn uniformly inside
// (its main effect names them all). Each has a total effect of its own, E[Var(f | the others)],
// by redrawing it where the others leave it room (Kucherenko, Tarantola & Annoni 2012).
//
// What the interval means: 95 % of draws of the process and of its hyperparameters, each with the
// estimator's own error (Le Gratiet, Cannamela & Iooss 2014; the estimator is in pick_freeze.h). It
// is honest if the process is: covering what it should for functions like its prior, too narrow for
// others (docs/decisions/0006-importance.md has figures), so look at the calibration first
// (calibration.h). What is not known looks like interaction: a total effect is never quite 0. It
// says nothing of causes outside the space and nothing of failures.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "optimizer/interval.h"

namespace frugal::optimizer {

class Surrogate;

// The share of the variance that these parameters have.
struct Effect {
  std::vector<std::string> parameters;
  Interval share;
  bool operator==(const Effect&) const = default;
};

struct Decomposition {
  std::vector<Effect> main;   // one parameter each, or all that constraints bind; space's order
  std::vector<Effect> pairs;  // of two inputs; the largest ones, descending
  std::vector<Effect> total;  // one parameter each; space's order, conditionals first
  bool operator==(const Decomposition&) const = default;
};

struct Importance {
  Decomposition overall;  // of f
  // Of max(f, q), where q leaves the share `top` of the space above it, for each draw its own: what
  // makes good points better, whatever makes bad ones bad (Hutter et al. 2014, sec. 4.3).
  Decomposition near_top;
  bool operator==(const Importance&) const = default;
};

struct ImportanceOptions {
  double top = .25;
  std::size_t most_points = 16384;
  std::size_t most_pairs = 20;
  std::size_t resamples = 200;  // at least; one for each draw if there are more draws
};

// The importances in warped units (surrogate.h). The warp is linear in the better half of what was
// observed, and logarithmic in the worse one: in the metric's own units the few points where
// training diverges would make up nearly all of the variance, and the process, which is Gaussian
// in warped units only, would put its exponentiated uncertainty there. In the metric's units see
// dependence.h. All shares are 0 when every observed value is the same.
// Throws InputError when the surrogate lacks something.
Importance importance(const Surrogate& surrogate, const ImportanceOptions& options = {});

}  // namespace frugal::optimizer
