#include "optimizer/lbfgs.h"

#include <cmath>
#include <deque>
#include <vector>

namespace frugal::optimizer {
namespace {

using Eigen::VectorXd;

struct Pair {
  VectorXd s, y;
  double rho;
};

// -H · gradient by the two-loop recursion, on the free variables only.
VectorXd direction_of(const std::deque<Pair>& pairs, const VectorXd& gradient) {
  VectorXd q = gradient;
  std::vector<double> alpha(pairs.size());
  for (std::size_t i = pairs.size(); i-- > 0;) {
    alpha[i] = pairs[i].rho * pairs[i].s.dot(q);
    q -= alpha[i] * pairs[i].y;
  }
  if (!pairs.empty()) q *= 1 / (pairs.back().rho * pairs.back().y.squaredNorm());
  for (std::size_t i = 0; i < pairs.size(); ++i)
    q += (alpha[i] - pairs[i].rho * pairs[i].y.dot(q)) * pairs[i].s;
  return -q;
}

// The gradient without the entries that push against a bound.
VectorXd projected(const VectorXd& gradient, const VectorXd& x, const VectorXd& lower,
                   const VectorXd& upper) {
  VectorXd result = gradient;
  for (Eigen::Index i = 0; i < x.size(); ++i)
    if ((x[i] <= lower[i] && gradient[i] > 0) || (x[i] >= upper[i] && gradient[i] < 0))
      result[i] = 0;
  return result;
}

}  // namespace

LbfgsSummary minimize(const Objective& objective, const VectorXd& start, const VectorXd& lower,
                      const VectorXd& upper, const LbfgsOptions& options) {
  LbfgsSummary best;
  best.x = start.cwiseMax(lower).cwiseMin(upper);
  VectorXd gradient(start.size());
  best.value = objective(best.x, gradient);
  best.evaluations = 1;
  if (!std::isfinite(best.value) || !gradient.allFinite()) return best;
  std::deque<Pair> pairs;
  while (best.evaluations < options.max_evaluations) {
    const VectorXd free = projected(gradient, best.x, lower, upper);
    if (free.size() == 0 || free.cwiseAbs().maxCoeff() < options.gradient_tolerance) {
      best.is_converged = true;
      break;
    }
    VectorXd direction = direction_of(pairs, free);
    for (Eigen::Index i = 0; i < free.size(); ++i)
      if (free[i] == 0) direction[i] = 0;
    if (!direction.allFinite() || direction.dot(free) >= 0) {
      pairs.clear();
      direction = -free;
    }
    double step = pairs.empty() ? std::min(1.0, 1 / direction.norm()) : 1.0;
    bool has_moved = false;
    while (!has_moved && best.evaluations < options.max_evaluations && step > 1e-8) {
      const VectorXd x = (best.x + step * direction).cwiseMax(lower).cwiseMin(upper);
      VectorXd new_gradient(x.size());
      const double value = objective(x, new_gradient);
      ++best.evaluations;
      const double expected = gradient.dot(x - best.x);
      if (std::isfinite(value) && new_gradient.allFinite() &&
          value <= best.value + 1e-4 * std::min(expected, 0.0) && value < best.value) {
        const VectorXd s = x - best.x, y = new_gradient - gradient;
        if (s.dot(y) > 1e-10 * y.squaredNorm()) pairs.push_back({s, y, 1 / s.dot(y)});
        if (pairs.size() > static_cast<std::size_t>(options.memory)) pairs.pop_front();
        best.is_converged = best.value - value < options.value_tolerance * (1 + std::abs(value));
        best.x = x, best.value = value, gradient = new_gradient;
        has_moved = true;
      } else {
        step *= std::isfinite(value) ? .4 : .1;
      }
    }
    if (best.is_converged) break;
    if (!has_moved) {
      if (pairs.empty()) break;
      pairs.clear();  // once more, by steepest descent
    }
  }
  return best;
}

}  // namespace frugal::optimizer
