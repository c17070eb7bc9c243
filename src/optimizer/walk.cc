#include "optimizer/walk.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace frugal::optimizer {
namespace {

constexpr std::size_t kDimensionsADirection = 4;  // a random direction is taken every d / 4 steps
constexpr double kTolerance = 5e-11;              // stricter than is_inside

// Along one coordinate (i = j, along_j = 0) or two.
struct Direction {
  std::size_t i = 0, j = 0;
  double along_i = 0, along_j = 0;
};

class Walk {
 public:
  Walk(const std::vector<HalfSpace>& half_spaces, const std::vector<WalkAxis>& axes,
       std::vector<double>& x, RandomStream& random)
      : half_spaces_(half_spaces), axes_(axes), x_(x), random_(random) {
    for (const HalfSpace& h : half_spaces_) {
      double largest = std::abs(h.bound);
      for (double entry : h.normal) largest = std::max(largest, std::abs(entry));
      tolerance_.push_back(kTolerance * largest);
    }
    update_slack();
  }

  void step_along_coordinates() {
    const Direction direction = draw_direction();
    if (axes_[direction.i].levels == 1) return;
    const Segment steps = feasible(direction);
    double t = random_.uniform(steps.low, steps.high);
    if (axes_[direction.i].levels > 0) {
      const double low = std::ceil(steps.low - 1e-9), high = std::floor(steps.high + 1e-9);
      t = low + double(random_.below(static_cast<std::size_t>(std::min(high - low, 1e15)) + 1));
    }
    const double old_i = x_[direction.i], old_j = x_[direction.j];
    move(direction.i, old_i + t * direction.along_i);
    if (direction.along_j != 0) move(direction.j, old_j + t * direction.along_j);
    for (std::size_t h = 0; h < slack_.size(); ++h) {
      if (slack_[h] >= -tolerance_[h]) continue;
      move(direction.i, old_i);
      if (direction.along_j != 0) move(direction.j, old_j);
      return;
    }
  }

  void step_along_random_direction() {
    std::vector<double> direction(x_.size(), 0.0);
    for (std::size_t j = 0; j < x_.size(); ++j)
      if (axes_[j].levels == 0) direction[j] = random_.normal();
    const Segment steps = feasible_steps(half_spaces_, x_, direction);
    const double t = random_.uniform(steps.low, steps.high);
    std::vector<double> next = x_;
    for (std::size_t j = 0; j < x_.size(); ++j)
      if (axes_[j].levels == 0) next[j] = std::clamp(x_[j] + t * direction[j], 0.0, 1.0);
    if (!is_inside(half_spaces_, next)) return;
    x_ = next;
    update_slack();
  }

 private:
  void update_slack() {
    slack_.clear();
    for (const HalfSpace& h : half_spaces_) {
      slack_.push_back(h.bound);
      for (std::size_t j = 0; j < x_.size(); ++j) slack_.back() -= h.normal[j] * x_[j];
    }
  }

  // Two coordinates of the same kind go together every other time.
  Direction draw_direction() {
    const std::size_t i = random_.below(x_.size()), j = random_.below(x_.size());
    const bool is_whole = axes_[i].levels > 0;
    const auto unit = [&](std::size_t axis) {
      return is_whole ? 1 / double(axes_[axis].levels - 1) : axes_[i].range / axes_[axis].range;
    };
    const bool has_pair = i != j && axes_[j].levels != 1 && (axes_[j].levels > 0) == is_whole;
    if (!has_pair || random_.uniform() < .5) return {i, i, unit(i), 0};
    return {i, j, unit(i), random_.uniform() < .5 ? -unit(j) : unit(j)};
  }

  Segment feasible(const Direction& d) const {
    constexpr double kFar = std::numeric_limits<double>::max();
    Segment steps{-kFar, kFar};
    const auto limit = [&](double slope, double slack) {  // slope · t <= slack
      if (slope > 0) steps.high = std::min(steps.high, slack / slope);
      if (slope < 0) steps.low = std::max(steps.low, slack / slope);
    };
    for (std::size_t h = 0; h < half_spaces_.size(); ++h) {
      const std::vector<double>& normal = half_spaces_[h].normal;
      const double a = normal[d.i] * d.along_i, b = normal[d.j] * d.along_j;
      // Along a face the slope is rounding alone, and must not cut the segment.
      if (std::abs(a + b) > 1e-12 * (std::abs(a) + std::abs(b))) limit(a + b, slack_[h]);
    }
    limit(d.along_i, 1 - x_[d.i]), limit(-d.along_i, x_[d.i]);
    limit(d.along_j, 1 - x_[d.j]), limit(-d.along_j, x_[d.j]);
    return {std::min(steps.low, 0.0), std::max(steps.high, 0.0)};
  }

  void move(std::size_t j, double to) {
    to = std::clamp(to, 0.0, 1.0);
    if (const auto levels = double(axes_[j].levels); levels > 1)
      to = std::round(to * (levels - 1)) / (levels - 1);
    for (std::size_t h = 0; h < slack_.size(); ++h)
      slack_[h] -= half_spaces_[h].normal[j] * (to - x_[j]);
    x_[j] = to;
  }

  const std::vector<HalfSpace>& half_spaces_;
  const std::vector<WalkAxis>& axes_;
  std::vector<double>& x_;
  RandomStream& random_;
  std::vector<double> slack_, tolerance_;  // of each half-space: bound − normal · x
};

}  // namespace

void walk(const std::vector<HalfSpace>& half_spaces, const std::vector<WalkAxis>& axes,
          std::vector<double>& x, RandomStream& random) {
  Walk walk(half_spaces, axes, x, random);
  const bool has_continuum =
      std::any_of(axes.begin(), axes.end(), [](const WalkAxis& axis) { return axis.levels == 0; });
  const std::size_t turn = std::max<std::size_t>(2, x.size() / kDimensionsADirection);
  for (std::size_t step = 0; step < 20 * (x.size() + 1); ++step) {
    if (has_continuum && step % turn == 1)
      walk.step_along_random_direction();
    else
      walk.step_along_coordinates();
  }
}

}  // namespace frugal::optimizer
