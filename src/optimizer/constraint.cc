#include "optimizer/constraint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "optimizer/polytope.h"

namespace frugal::optimizer {
namespace {

std::size_t index_of(const std::string& name, const std::vector<Parameter>& parameters) {
  const auto named = [&](const Parameter& p) { return p.name == name; };
  return static_cast<std::size_t>(std::find_if(parameters.begin(), parameters.end(), named) -
                                  parameters.begin());
}

// Tries whole numbers one parameter after the other, each only as far as the bounds of those still
// to come can make the constraints hold.
class WholeNumberSearch {
 public:
  // used: the parameters in it. values: of all parameters; those of used are written.
  WholeNumberSearch(const std::vector<Parameter>& parameters, const std::vector<std::size_t>& used,
                    const std::vector<LinearConstraint>& constraints, std::vector<double>& values)
      : parameters_(parameters), used_(used), values_(values) {
    for (const LinearConstraint& constraint : constraints) {
      const double sign = constraint.less_than ? 1 : -1;
      Row row{{}, sign * constraint.threshold + 1e-12 * magnitude_of(constraint, parameters)};
      bool is_whole = false;
      for (const std::size_t j : used) {
        const auto weight = constraint.weights.find(parameters[j].name);
        is_whole |= weight != constraint.weights.end();
        row.weights.push_back(weight == constraint.weights.end() ? 0 : sign * weight->second);
      }
      if (is_whole) rows_.push_back(row);
    }
  }

  bool run() { return place(0); }
  bool gave_up() const { return tried_ >= kMostTried; }

 private:
  static constexpr int kMostTried = 300000;
  struct Row {
    std::vector<double> weights;  // of used_
    double left = 0;              // weights · values <= left, of the values not placed yet
  };

  bool place(std::size_t depth) {
    if (depth == used_.size()) return true;
    const Parameter& p = parameters_[used_[depth]];
    double low = p.min, high = p.max;
    for (const Row& row : rows_) {
      double least = 0;  // of the parameters still to come
      for (std::size_t k = depth + 1; k < used_.size(); ++k) {
        const Parameter& later = parameters_[used_[k]];
        least += std::min(row.weights[k] * later.min, row.weights[k] * later.max);
      }
      const double weight = row.weights[depth], room = row.left - least;
      if (weight > 0) high = std::min(high, std::floor(room / weight));
      if (weight < 0) low = std::max(low, std::ceil(room / weight));
      if (weight == 0 && room < 0) return false;
    }
    for (double value = low; value <= high; ++value) {
      if (++tried_ > kMostTried) return false;
      values_[used_[depth]] = value;
      for (Row& row : rows_) row.left -= row.weights[depth] * value;
      if (place(depth + 1)) return true;
      for (Row& row : rows_) row.left += row.weights[depth] * value;
      if (value + 1 == value) return false;  // beyond the whole numbers of doubles
    }
    return false;
  }

  const std::vector<Parameter>& parameters_;
  const std::vector<std::size_t>& used_;
  std::vector<double>& values_;
  std::vector<Row> rows_;
  int tried_ = 0;
};

// A whole-number point: round, then step single coordinates (and pairs) downhill in violation.
bool repair_integers(std::vector<double>& values, const std::vector<Parameter>& parameters,
                     const std::vector<std::size_t>& used,
                     const std::vector<LinearConstraint>& constraints, RandomStream& random) {
  const auto total = [&] {
    double sum = 0;
    for (const LinearConstraint& constraint : constraints)
      sum += std::max(0.0, violation(constraint, parameters, [&](const std::string& name) {
                        return values[index_of(name, parameters)];
                      }));
    return sum;
  };
  double current = total();
  for (int step = 0; step < 400 && current > 0; ++step) {
    const std::size_t i = used[random.below(used.size())], j = used[random.below(used.size())];
    const double old_i = values[i], old_j = values[j];
    const auto nudge = [&](std::size_t k) {
      const double reach = 1 + std::floor(random.uniform() * random.uniform() * 3);
      values[k] = std::clamp(values[k] + (random.uniform() < .5 ? -reach : reach),
                             parameters[k].min, parameters[k].max);
    };
    nudge(i);
    if (random.uniform() < .5) nudge(j);
    const double next = total();
    if (next > current) values[i] = old_i, values[j] = old_j;
    if (next > current && i == j) values[i] = old_i;
    current = std::min(current, next);
  }
  return current <= 0;
}

}  // namespace

std::string words(const LinearConstraint& constraint) {
  std::vector<std::string> terms;
  for (const auto& [name, weight] : constraint.weights)
    terms.push_back(fmt::format("{} × {}", weight, name));
  return fmt::format("{} {} {}", fmt::join(terms, " + "),
                     constraint.less_than ? "<=" : ">=", constraint.threshold);
}

double magnitude_of(const LinearConstraint& constraint, const std::vector<Parameter>& parameters) {
  double sum = std::abs(constraint.threshold);
  for (const auto& [name, weight] : constraint.weights) {
    const Parameter& p = parameters[index_of(name, parameters)];
    sum += std::abs(weight) * std::max(std::abs(p.min), std::abs(p.max));
  }
  return sum;
}

double violation(const LinearConstraint& constraint, const std::vector<Parameter>& parameters,
                 const std::function<double(const std::string&)>& number) {
  double sum = 0, magnitude = magnitude_of(constraint, parameters);
  for (const auto& [name, weight] : constraint.weights) {
    sum += weight * number(name);
    magnitude += std::abs(weight * number(name));
  }
  const double beyond =
      constraint.less_than ? sum - constraint.threshold : constraint.threshold - sum;
  return beyond - 1e-9 * magnitude;
}

std::vector<double> find_feasible_point(const std::vector<Parameter>& parameters,
                                        const std::vector<LinearConstraint>& constraints) {
  std::vector<HalfSpace> half_spaces;
  for (const LinearConstraint& constraint : constraints) {
    const double sign = constraint.less_than ? 1 : -1;
    HalfSpace half{std::vector<double>(parameters.size(), 0.0), sign * constraint.threshold};
    for (std::size_t j = 0; j < parameters.size(); ++j) {
      const auto weight = constraint.weights.find(parameters[j].name);
      if (weight == constraint.weights.end()) continue;
      half.normal[j] = sign * weight->second * (parameters[j].max - parameters[j].min);
      half.bound -= sign * weight->second * parameters[j].min;
    }
    half_spaces.push_back(half);
  }
  const auto infeasible = [&](const std::string& what) {
    std::vector<std::string> all;
    for (const LinearConstraint& constraint : constraints) all.push_back(words(constraint));
    throw InputError(
        fmt::format("{} satisfies the linear constraints {}", what, fmt::join(all, " and ")));
  };
  const auto inner = inner_point(half_spaces, parameters.size());
  if (!inner) infeasible("no point inside the bounds");
  std::vector<double> values;
  std::vector<std::size_t> used;
  bool has_integers = false;
  for (std::size_t j = 0; j < parameters.size(); ++j) {
    const Parameter& p = parameters[j];
    values.push_back(p.min + (*inner)[j] * (p.max - p.min));
    bool is_used = false;
    for (const LinearConstraint& constraint : constraints)
      is_used |= constraint.weights.contains(p.name);
    if (!is_used || p.type != ParameterType::kInt) continue;
    has_integers = true;
    used.push_back(j);
  }
  if (!has_integers) return values;
  RandomStream random(0);
  for (int start = 0; start < 200; ++start) {
    const int spread = 1 + start / 50;
    std::vector<double> whole = values;
    for (std::size_t j : used)
      whole[j] = start == 0 ? std::round(values[j])
                            : std::clamp(std::floor(values[j] + random.uniform() * spread),
                                         parameters[j].min, parameters[j].max);
    if (repair_integers(whole, parameters, used, constraints, random)) return whole;
  }
  WholeNumberSearch search(parameters, used, constraints, values);
  if (search.run()) return values;
  infeasible(search.gave_up() ? "no whole-number point found inside the bounds"
                              : "no whole-number point inside the bounds");
  return {};
}

}  // namespace frugal::optimizer
