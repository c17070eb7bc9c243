// What the problems are put together from.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "optimizer/problems.h"

namespace frugal::bench {

using Vector = std::vector<double>;

constexpr double kBias[] = {1, .35, 0};  // of the cheap tasks, in units of each problem's own

inline optimizer::Parameter number(const std::string& name, double min, double max,
                                   bool log = false) {
  optimizer::Parameter p;
  p.name = name, p.min = min, p.max = max, p.log = log;
  return p;
}
inline optimizer::Parameter whole(const std::string& name, double min, double max) {
  optimizer::Parameter p = number(name, min, max);
  p.type = optimizer::ParameterType::kInt;
  return p;
}
inline optimizer::Parameter choice(const std::string& name,
                                   const std::vector<std::string>& categories) {
  optimizer::Parameter p;
  p.name = name, p.type = optimizer::ParameterType::kCategorical, p.categories = categories;
  return p;
}

inline optimizer::Problem over(std::vector<optimizer::Parameter> parameters,
                               std::vector<optimizer::Conditional> conditionals = {}) {
  return {optimizer::Space(std::move(parameters), std::move(conditionals)),
          true,
          {{"small", .1}, {"medium", .5}, {"full", 1}},
          std::nullopt,
          false};
}

inline double get(const optimizer::Assignments& a, const std::string& name) {
  const auto& value = a.at(name);
  if (const auto* whole_number = std::get_if<std::int64_t>(&value)) return double(*whole_number);
  return std::get<double>(value);
}
inline const std::string& text(const optimizer::Assignments& a, const std::string& name) {
  return std::get<std::string>(a.at(name));
}
inline double square(double x) {
  return x * x;
}

// Over the unit cube x0, x1, ...
inline TestProblem on_cube(const std::string& name, std::size_t d, double noise,
                           std::function<double(const Vector&, std::size_t)> f) {
  std::vector<optimizer::Parameter> parameters;
  for (std::size_t j = 0; j < d; ++j) parameters.push_back(number(fmt::format("x{}", j), 0, 1));
  const auto value = [d, f = std::move(f)](const optimizer::Assignments& a,
                                           std::size_t task) -> std::optional<double> {
    Vector x;
    for (std::size_t j = 0; j < d; ++j) x.push_back(get(a, fmt::format("x{}", j)));
    return f(x, task);
  };
  return {name, over(parameters), value, noise, 0, 0};
}

// Kept apart from those that the suggester was developed with: held_out.cc.
std::vector<TestProblem> held_out_problems();
// A random problem, a pure function of the number: drawn.cc.
TestProblem drawn_problem(std::uint64_t number);

}  // namespace frugal::bench
