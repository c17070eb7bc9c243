// How far the fitted process can be trusted: what it would have said of each observation without
// having seen it. From the inverse covariance, without refitting (Rasmussen & Williams 2006,
// eq. 5.10 - 5.12), and for several rows B left out together
//
//   mean_B = y_B − (K⁻¹_BB)⁻¹ (K⁻¹ y)_B,   covariance_B = (K⁻¹_BB)⁻¹,   K with the noise,
//
// at the mode of the hyperparameters, which have seen all rows: with fewer than about ten
// observations for each parameter it flatters. Costs n³.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "optimizer/interval.h"

namespace frugal::optimizer {

class Surrogate;

// A share of observations inside the central interval that should hold `nominal` of them.
struct Coverage {
  double nominal = 0, observed = 0;
  bool operator==(const Coverage&) const = default;
};

struct CalibrationSummary {
  std::string task;       // "" for all together
  std::size_t count = 0;  // observations; with 0 the rest means nothing
  // Of the standardized residuals z = (y − mean) / deviation: near 0 and 1.
  double residual_mean = 0, residual_deviation = 0;  // the latter about 0: root mean square
  std::vector<Coverage> coverage;                    // of 50, 80, 95 %
  double log_density = 0;                            // mean log p(y), y warped
  // Spearman's, of the left-out mean and the observation; nullopt where either is constant.
  std::optional<double> rank_correlation;
  bool operator==(const CalibrationSummary&) const = default;
};

// An observation and what was predicted of it, in the metric's units.
struct LeftOut {
  std::string task;
  double observed = 0;
  Interval predicted;   // of the observation: with noise
  double residual = 0;  // standardized, warped; positive: better than predicted
  bool operator==(const LeftOut&) const = default;
};

struct Calibration {
  CalibrationSummary all;
  std::vector<CalibrationSummary> tasks;  // cheapest first; those with observations
  std::vector<LeftOut> observations;      // sorted by task
  bool operator==(const Calibration&) const = default;
};

enum class Leave {
  kObservation,  // one row: what other tasks and repetitions said of the same assignments is seen
  kAssignments,  // all rows of the same assignments: what the process says of new points
};

// Throws InputError when the surrogate lacks something.
Calibration calibrate(const Surrogate& surrogate, Leave leave);

// The correlation of a task with the full one at the same point, as the process has it (gp.h):
// the mode, with the quantiles of the Laplace draws; an interval of one number when there are none.
struct TaskCorrelation {
  std::string task;
  Interval correlation;
  bool operator==(const TaskCorrelation&) const = default;
};
// Of each task but the full one, cheapest first.
std::vector<TaskCorrelation> task_correlations(const Surrogate& surrogate);

}  // namespace frugal::optimizer
