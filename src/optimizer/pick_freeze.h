// Sobol' indices of functions on a search space, by pick-freeze. What they mean is in importance.h.
//
// A and B are two independent samples of N points (scrambled Sobol; random where constraints bind),
// A_i is A with x_i out of B, B_i is B with x_i out of A, D_i = f(A_i) − f(A), E_i = f(B_i) − f(B):
//   total_i V = mean of (D_i² + E_i²) / 4                  (Jansen 1999)
//   main_i V  = mean of (f(B) D_i + f(A) E_i) / 2          (Saltelli et al. 2010, table 2 b;
//                                                           f centred as in Janon et al. 2014)
//   pair_ij V = mean of (D_i E_j + D_j E_i) / 2            (expand: all other terms cancel)
// Matérn 5/2 of a shared r is no product over the coordinates, hence no closed form. The
// estimator's error is that of the Bayesian bootstrap of the N points (Rubin 1981), which knows
// nothing of how evenly they lie and so overstates it.
//
// Costs: (2 I + 2) N points for I inputs, N a power of two up to most_points / (2 I + 2), 64 at
// least; N for each bound parameter; I² N for each draw and resample.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <vector>

#include "optimizer/encode.h"
#include "optimizer/importance.h"
#include "optimizer/space.h"

namespace frugal::optimizer {

// (c, draws) from c points: functions of a point.
using Functions = std::function<Eigen::MatrixXd(const std::vector<Point>&)>;

// encoder: of the space.
Importance pick_freeze(const Space& space, const Encoder& encoder, const Functions& functions,
                       std::uint64_t seed, const ImportanceOptions& options = {});

}  // namespace frugal::optimizer
