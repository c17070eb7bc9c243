#include "optimizer/encode.h"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "optimizer/walk.h"

namespace frugal::optimizer {
namespace {

constexpr int kRejections = 200;

// Rounding at the far ends of a distribution is no reason to stop.
using Policy = boost::math::policies::policy<
    boost::math::policies::domain_error<boost::math::policies::ignore_error>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::evaluation_error<boost::math::policies::ignore_error>>;

double prior_quantile(const Parameter& parameter, double probability) {
  if (const auto* normal = std::get_if<NormalPrior>(&*parameter.prior)) {
    const boost::math::normal_distribution<double, Policy> distribution(normal->mean,
                                                                        normal->scale);
    const double low = cdf(distribution, parameter.min), high = cdf(distribution, parameter.max);
    const double p = std::clamp(low + probability * (high - low), 1e-300, 1 - 1e-16);
    return std::clamp(quantile(distribution, p), parameter.min, parameter.max);
  }
  const auto& beta = std::get<BetaPrior>(*parameter.prior);
  const boost::math::beta_distribution<double, Policy> distribution(beta.shape_a, beta.shape_b);
  return parameter.min + (parameter.max - parameter.min) * quantile(distribution, probability);
}

// Their ratio may be beyond the range of numbers.
double log_span(const Parameter& parameter) {
  return std::log(parameter.max) - std::log(parameter.min);
}

std::size_t level_of(double unit, std::size_t levels) {
  const double position = std::round(std::clamp(unit, 0.0, 1.0) * double(levels - 1));
  return static_cast<std::size_t>(position);
}

}  // namespace

Encoder::Encoder(const Space& space) : space_(space), defaults_(space.default_assignments()) {
  for (const Conditional& conditional : space_.conditionals_) {
    Axis axis;
    axis.is_category = true;
    axis.categories = conditional.values;
    axis.levels = conditional.values.size();
    axes_.push_back(axis);
  }
  for (const Parameter& parameter : space_.parameters_) {
    Axis axis;
    axis.parameter = &parameter;
    axis.is_category = parameter.type == ParameterType::kCategorical;
    axis.categories = parameter.categories;
    if (axis.is_category)
      axis.levels = parameter.categories.size();
    else if (!parameter.grid.empty())
      axis.levels = parameter.grid.size();
    else if (parameter.type == ParameterType::kInt)
      axis.levels = static_cast<std::size_t>(parameter.max - parameter.min) + 1;
    else if (parameter.min == parameter.max)
      axis.levels = 1;
    for (const auto& [name, values] : parameter.conditions) {
      std::size_t index = 0;
      while (space_.conditionals_[index].name != name) ++index;
      std::vector<bool> allowed;
      for (const std::string& value : space_.conditionals_[index].values)
        allowed.push_back(std::find(values.begin(), values.end(), value) != values.end());
      axis.conditions.emplace_back(index, allowed);
    }
    axes_.push_back(axis);
  }
  for (const Axis& axis : axes_) features_ += axis.is_category ? axis.levels : 1;

  const std::size_t first = space_.conditionals_.size();
  for (std::size_t j = 0; j < space_.parameters_.size(); ++j) {
    const auto uses = [&](const LinearConstraint& constraint) {
      return constraint.weights.contains(space_.parameters_[j].name);
    };
    if (std::any_of(space_.constraints_.begin(), space_.constraints_.end(), uses))
      constrained_.push_back(first + j);
  }
  for (const LinearConstraint& constraint : space_.constraints_) {
    const double sign = constraint.less_than ? 1 : -1;
    HalfSpace half{std::vector<double>(constrained_.size(), 0.0), sign * constraint.threshold};
    for (std::size_t k = 0; k < constrained_.size(); ++k) {
      const Parameter& parameter = *axes_[constrained_[k]].parameter;
      const auto weight = constraint.weights.find(parameter.name);
      if (weight == constraint.weights.end()) continue;
      half.normal[k] = sign * weight->second * (parameter.max - parameter.min);
      half.bound -= sign * weight->second * parameter.min;
    }
    half_spaces_.push_back(half);
  }
  if (!space_.feasible_point_.empty())
    for (std::size_t coordinate : constrained_)
      feasible_.push_back(to_unit(axes_[coordinate], space_.feasible_point_[coordinate - first]));
  RandomStream random(0);
  is_narrow_ = !half_spaces_.empty();
  for (int attempt = 0; attempt < kRejections && is_narrow_; ++attempt)
    is_narrow_ = !is_feasible(draw(random));
}

std::size_t Encoder::cardinality(std::size_t limit) const {
  std::size_t product = 1;
  for (const Axis& axis : axes_) {
    if (axis.levels == 0 || product > limit / axis.levels) return 0;
    product *= axis.levels;
  }
  return product;
}

std::vector<Point> Encoder::enumerate(std::size_t limit) const {
  std::vector<Point> points;
  if (cardinality(limit) == 0) return points;
  std::vector<std::size_t> level(axes_.size(), 0);
  while (true) {
    Point point(axes_.size());
    bool distinct = true;  // inactive coordinates count once
    for (std::size_t j = 0; j < axes_.size(); ++j)
      point[j] = axes_[j].is_category   ? double(level[j])
                 : axes_[j].levels == 1 ? 0.0
                                        : double(level[j]) / double(axes_[j].levels - 1);
    for (std::size_t j = 0; j < axes_.size(); ++j)
      if (level[j] > 0 && !is_active(axes_[j], point)) distinct = false;
    settle(point);
    if (distinct && is_feasible(point)) points.push_back(point);
    std::size_t j = 0;
    while (j < axes_.size() && ++level[j] == axes_[j].levels) level[j++] = 0;
    if (j == axes_.size()) return points;
  }
}

bool Encoder::is_active(const Axis& axis, const Point& point) const {
  return std::all_of(axis.conditions.begin(), axis.conditions.end(), [&](const auto& condition) {
    const double value = point[condition.first];
    return value >= 0 && condition.second[static_cast<std::size_t>(value)];
  });
}

double Encoder::snap(const Axis& axis, double unit) const {
  if (axis.levels == 0) return unit;
  if (axis.levels == 1) return 0;
  return double(level_of(unit, axis.levels)) / double(axis.levels - 1);
}

double Encoder::to_unit(const Axis& axis, double value) const {
  const Parameter& p = *axis.parameter;
  if (!std::isfinite(value)) return kInactiveNumber;
  if (!p.grid.empty()) {
    const auto nearer = [&](double a, double b) {
      return std::abs(a - value) < std::abs(b - value);
    };
    const auto nearest = std::min_element(p.grid.begin(), p.grid.end(), nearer);
    return p.grid.size() == 1 ? 0 : double(nearest - p.grid.begin()) / double(p.grid.size() - 1);
  }
  if (p.min == p.max) return 0;
  double unit;
  if (p.log)
    unit = value > 0 ? (std::log(value) - std::log(p.min)) / log_span(p) : -1;
  else
    unit = (value - p.min) / (p.max - p.min);
  return std::clamp(unit, -1.0, 2.0);
}

double Encoder::from_unit(const Axis& axis, double unit) const {
  const Parameter& p = *axis.parameter;
  if (!p.grid.empty()) return p.grid[level_of(unit, p.grid.size())];
  if (p.min == p.max) return p.min;
  if (unit <= 0) return p.min;
  if (unit >= 1) return p.max;
  if (p.type == ParameterType::kInt) return std::round(p.min + unit * (p.max - p.min));
  const double value =
      p.log ? std::exp(std::log(p.min) + unit * log_span(p)) : p.min + unit * (p.max - p.min);
  return std::clamp(value, p.min, p.max);
}

void Encoder::settle(Point& point) const {
  for (std::size_t j = 0; j < axes_.size(); ++j)
    if (!is_active(axes_[j], point))
      point[j] = axes_[j].is_category ? kInactiveCategory : kInactiveNumber;
}

Point Encoder::encode(const Assignments& assignments) const {
  Point point(axes_.size(), 0.0);
  for (std::size_t j = 0; j < axes_.size(); ++j) {
    const Axis& axis = axes_[j];
    const std::string& name = axis.parameter ? axis.parameter->name : space_.conditionals_[j].name;
    const auto look_up = [&name](const Assignments& among) {
      const auto found = among.find(name);
      return found == among.end() ? nullptr : &found->second;
    };
    const Value* value = look_up(assignments);
    if (value == nullptr) value = look_up(defaults_);
    const auto* text = value ? std::get_if<std::string>(value) : nullptr;
    if (axis.is_category) {
      const auto at = text ? std::find(axis.categories.begin(), axis.categories.end(), *text)
                           : axis.categories.end();
      point[j] =
          at == axis.categories.end() ? kInactiveCategory : double(at - axis.categories.begin());
    } else if (!value || text) {
      point[j] = axis.levels == 1 ? 0 : kInactiveNumber;
    } else {
      const auto* integer = std::get_if<std::int64_t>(value);
      point[j] = to_unit(axis, integer ? double(*integer) : std::get<double>(*value));
    }
  }
  settle(point);
  return point;
}

Assignments Encoder::decode(const Point& point) const {
  FRUGAL_CHECK(point.size() == axes_.size());
  Assignments assignments;
  for (std::size_t j = 0; j < axes_.size(); ++j) {
    const Axis& axis = axes_[j];
    const std::string& name = axis.parameter ? axis.parameter->name : space_.conditionals_[j].name;
    if (!is_active(axis, point)) continue;
    if (axis.is_category) {
      const std::size_t index = point[j] < 0 ? 0 : static_cast<std::size_t>(point[j]);
      assignments[name] = axis.categories[std::min(index, axis.levels - 1)];
    } else if (axis.parameter->type == ParameterType::kInt) {
      assignments[name] = static_cast<std::int64_t>(std::llround(from_unit(axis, point[j])));
    } else {
      assignments[name] = from_unit(axis, point[j]);
    }
  }
  return assignments;
}

Point Encoder::from_uniform(const std::vector<double>& probabilities) const {
  FRUGAL_CHECK(probabilities.size() == axes_.size());
  Point point(axes_.size());
  for (std::size_t j = 0; j < axes_.size(); ++j) {
    const Axis& axis = axes_[j];
    if (axis.levels > 0) {
      const double level =
          std::min(std::floor(probabilities[j] * double(axis.levels)), double(axis.levels - 1));
      point[j] = axis.is_category ? level : axis.levels == 1 ? 0 : level / double(axis.levels - 1);
    } else if (axis.parameter->prior) {
      point[j] = to_unit(axis, prior_quantile(*axis.parameter, probabilities[j]));
    } else {
      point[j] = probabilities[j];
    }
  }
  settle(point);
  return point;
}

std::vector<double> Encoder::constrained_part(const Point& point) const {
  std::vector<double> part;
  for (std::size_t coordinate : constrained_) part.push_back(point[coordinate]);
  return part;
}

bool Encoder::is_feasible(const Point& point) const {
  return half_spaces_.empty() || is_inside(half_spaces_, constrained_part(point));
}

Point Encoder::draw(RandomStream& random) const {
  std::vector<double> probabilities(axes_.size());
  for (double& p : probabilities) p = random.uniform();
  return from_uniform(probabilities);
}

Point Encoder::sample(RandomStream& random) const {
  Point point = draw(random);
  if (is_feasible(point)) return point;
  for (int attempt = 1; attempt < kRejections && !is_narrow_; ++attempt) {
    point = draw(random);
    if (is_feasible(point)) return point;
  }
  gibbs(point, random);
  return point;
}

void Encoder::gibbs(Point& point, RandomStream& random) const {
  std::vector<WalkAxis> axes;
  for (std::size_t coordinate : constrained_) {
    const Parameter& p = *axes_[coordinate].parameter;
    axes.push_back({axes_[coordinate].levels, p.max - p.min});
  }
  std::vector<double> x = feasible_;
  walk(half_spaces_, axes, x, random);
  for (std::size_t k = 0; k < constrained_.size(); ++k) point[constrained_[k]] = x[k];
}

Point Encoder::perturb(const Point& point, const std::vector<double>& scale, double probability,
                       RandomStream& random) const {
  Point moved = point;
  std::vector<std::size_t> movable;
  for (std::size_t j = 0; j < axes_.size(); ++j)
    if (axes_[j].levels != 1) movable.push_back(j);
  if (movable.empty()) return point;
  const std::size_t always = movable[random.below(movable.size())];
  for (std::size_t j : movable) {
    if (j != always && random.uniform() >= probability) continue;
    const Axis& axis = axes_[j];
    if (axis.is_category) {
      const double other = double(random.below(axis.levels - 1));
      moved[j] = point[j] >= 0 && other >= point[j] ? other + 1 : other;
      continue;
    }
    const double step = scale[j] * random.normal();
    const double unit = axis.levels ? 1 / double(axis.levels - 1) : 0;
    moved[j] += std::abs(step) < unit ? std::copysign(unit, step) : step;
  }
  // A conditional that flipped wakes parameters that have no value yet.
  for (std::size_t j = 0; j < axes_.size(); ++j)
    if (is_active(axes_[j], moved) && !is_active(axes_[j], point))
      moved[j] = axes_[j].is_category ? double(random.below(axes_[j].levels)) : random.uniform();
  return repair(std::move(moved), point);
}

Point Encoder::repair(Point point, const Point& anchor) const {
  for (std::size_t j = 0; j < axes_.size(); ++j)
    if (!axes_[j].is_category)
      point[j] = snap(axes_[j], std::clamp(point[j], 0.0, 1.0));
    else if (point[j] < 0)
      point[j] = 0;
  settle(point);
  if (is_feasible(point)) return point;
  Point end = point, from = point;
  for (std::size_t j : constrained_) from[j] = snap(axes_[j], std::clamp(anchor[j], 0.0, 1.0));
  if (!is_feasible(from))
    for (std::size_t k = 0; k < constrained_.size(); ++k) from[constrained_[k]] = feasible_[k];
  for (double share = .5; share > 1e-3; share *= .5) {
    for (std::size_t j : constrained_)
      end[j] = snap(axes_[j], std::clamp(from[j] + share * (point[j] - from[j]), 0.0, 1.0));
    if (is_feasible(end)) return end;
  }
  for (std::size_t j : constrained_) end[j] = from[j];
  return end;
}

std::vector<int> Encoder::feature_coordinates() const {
  std::vector<int> coordinates;
  for (std::size_t j = 0; j < axes_.size(); ++j)
    coordinates.insert(coordinates.end(), axes_[j].is_category ? axes_[j].levels : 1, int(j));
  return coordinates;
}

void Encoder::embed(const Point& point, double* features) const {
  for (std::size_t j = 0; j < axes_.size(); ++j) {
    if (!axes_[j].is_category) {
      *features++ = point[j];
      continue;
    }
    for (std::size_t c = 0; c < axes_[j].levels; ++c)
      *features++ = point[j] == double(c) ? 1 / std::numbers::sqrt2 : 0;
  }
}

}  // namespace frugal::optimizer
