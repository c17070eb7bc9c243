#include "vision/train/lbfgs.h"

#include <cmath>
#include <deque>
#include <ranges>
#include <vector>

#include "base/error.h"

namespace frugal::train {
namespace {

using Eigen::VectorXf;

struct Pair {
  VectorXf step, change;  // of x, of the gradient
  double inverse;         // 1 / (stepᵀ change)
};

double dot(const VectorXf& a, const VectorXf& b) {
  return static_cast<double>(a.dot(b));
}

// −H g by the two loops.
VectorXf direction(const std::deque<Pair>& memory, const VectorXf& gradient) {
  VectorXf q = -gradient;
  std::vector<double> alphas;
  for (const Pair& pair : memory | std::views::reverse) {
    alphas.push_back(pair.inverse * dot(pair.step, q));
    q -= static_cast<float>(alphas.back()) * pair.change;
  }
  if (memory.empty()) return q / std::max(1.0f, q.norm());
  const Pair& last = memory.back();
  q *= static_cast<float>(1 / (last.inverse * dot(last.change, last.change)));
  for (const Pair& pair : memory) {
    const double beta = pair.inverse * dot(pair.change, q);
    q += static_cast<float>(alphas.back() - beta) * pair.step;
    alphas.pop_back();
  }
  return q;
}

}  // namespace

LbfgsSummary minimize(const Objective& objective, VectorXf& x, const LbfgsOptions& options) {
  constexpr double kSufficient = 1e-4;  // decrease, of what the slope promises (Armijo)
  constexpr int kHalvings = 30;
  VectorXf gradient(x.size()), next_gradient(x.size());
  LbfgsSummary summary{.value = objective(x, gradient)};
  if (!std::isfinite(summary.value)) throw NumericalError("the loss of the head is not a number");
  std::deque<Pair> memory;
  for (; summary.iterations < options.iterations; ++summary.iterations) {
    if (gradient.cwiseAbs().maxCoeff() <= options.gradient_tolerance) {
      summary.converged = true;
      break;
    }
    const VectorXf way = direction(memory, gradient);
    const double slope = dot(way, gradient);
    double length = 1, value = 0;
    VectorXf next;
    bool lower = false;
    for (int half = 0; half < kHalvings && !lower; ++half, length /= 2) {
      next = x + static_cast<float>(length) * way;
      value = objective(next, next_gradient);
      lower = value <= summary.value + kSufficient * length * slope;
    }
    // As low as single precision can tell.
    const bool flat = !lower || summary.value - value <=
                                    options.decrease_tolerance * std::max(1.0, std::abs(value));
    if (lower) {
      Pair pair{next - x, next_gradient - gradient, 0};
      const double curvature = dot(pair.step, pair.change);
      pair.inverse = 1 / curvature;
      if (curvature > 1e-10 * dot(pair.change, pair.change)) memory.push_back(std::move(pair));
      if (memory.size() > options.memory) memory.pop_front();
      x.swap(next);
      gradient.swap(next_gradient);
      summary.value = value;
    }
    if (flat) {
      summary.converged = true;
      break;
    }
  }
  return summary;
}

}  // namespace frugal::train
