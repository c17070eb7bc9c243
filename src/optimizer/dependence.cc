#include "optimizer/dependence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "optimizer/sobol.h"
#include "optimizer/surrogate.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr std::size_t kTriesForOne = 20;  // points drawn for one in which the value is feasible

// The coordinates of the names.
std::vector<std::size_t> coordinates_of(const Space& space, const std::vector<std::string>& names) {
  if (names.empty() || names.size() > 2 || (names.size() == 2 && names[0] == names[1]))
    throw InputError("a dependence is on one or two different parameters");
  std::vector<std::string> known;
  for (const Conditional& conditional : space.conditionals()) known.push_back(conditional.name);
  for (const Parameter& parameter : space.parameters()) known.push_back(parameter.name);
  std::vector<std::size_t> coordinates;
  for (const std::string& name : names) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) throw InputError(fmt::format("there is no parameter {}", name));
    coordinates.push_back(static_cast<std::size_t>(found - known.begin()));
  }
  return coordinates;
}

// Places of a coordinate: levels of a category, numbers in [0, 1] else.
std::vector<double> grid_of(const Encoder& encoder, std::size_t coordinate, std::size_t most) {
  const std::size_t levels = encoder.levels(coordinate);
  const bool is_category = encoder.is_category(coordinate);
  std::vector<double> places;
  if (is_category || (levels > 0 && levels <= most)) {
    for (std::size_t level = 0; level < levels; ++level)
      places.push_back(is_category || levels == 1 ? double(level)
                                                  : double(level) / double(levels - 1));
    return places;
  }
  for (std::size_t i = 0; i < most; ++i) {
    double place = double(i) / double(most - 1);
    if (levels > 0) place = std::round(place * double(levels - 1)) / double(levels - 1);
    if (places.empty() || place > places.back()) places.push_back(place);
  }
  return places;
}

using Places = std::vector<double>;  // one for each name

std::vector<Places> cells_of(const Encoder& encoder, const std::vector<std::size_t>& coordinates,
                             std::size_t most) {
  std::vector<Places> cells = {{}};
  for (std::size_t coordinate : coordinates) {
    std::vector<Places> longer;
    for (const Places& cell : cells)
      for (double place : grid_of(encoder, coordinate, most)) {
        longer.push_back(cell);
        longer.back().push_back(place);
      }
    cells = std::move(longer);
  }
  return cells;
}

// A grid's cell with the points that it is the mean of.
struct Cell {
  std::vector<Value> at;
  std::vector<Point> points;
};

// The values of the names in a point; nullopt when one of them is inactive.
std::optional<std::vector<Value>> values_at(const Encoder& encoder, const Point& point,
                                            const std::vector<std::string>& names) {
  const Assignments assignments = encoder.decode(point);
  std::vector<Value> values;
  for (const std::string& name : names) {
    const auto found = assignments.find(name);
    if (found == assignments.end()) return std::nullopt;
    values.push_back(found->second);
  }
  return values;
}

Dependence evaluate(const Surrogate& surrogate, const std::vector<std::string>& names,
                    const std::vector<Cell>& cells) {
  std::vector<Point> points;
  for (const Cell& cell : cells)
    points.insert(points.end(), cell.points.begin(), cell.points.end());
  Dependence result{names, {}};
  if (points.empty()) return result;
  const MatrixXd values =
      surrogate.evaluate(points).unaryExpr([&](double u) { return surrogate.to_metric(u); });
  Index begin = 0;
  for (const Cell& cell : cells) {
    const auto count = static_cast<Index>(cell.points.size());
    const Eigen::RowVectorXd means = values.middleRows(begin, count).colwise().mean();
    result.points.push_back({cell.at, interval_of({means.begin(), means.end()})});
    begin += count;
  }
  return result;
}

}  // namespace

Dependence partial_dependence(const Surrogate& surrogate, const std::vector<std::string>& names,
                              const DependenceOptions& options) {
  if (!surrogate.lacking().empty()) throw InputError("no dependence: " + surrogate.lacking());
  const Encoder& encoder = surrogate.encoder();
  const Space& space = surrogate.problem().space;
  const std::vector<std::size_t> coordinates = coordinates_of(space, names);
  const std::size_t first = space.conditionals().size();
  std::vector<std::size_t> bound;
  for (std::size_t j = first; j < encoder.coordinates(); ++j)
    for (const LinearConstraint& constraint : space.constraints())
      if (constraint.weights.contains(space.parameters()[j - first].name)) bound.push_back(j);

  // Background: the others' values. A conditional is set before the point is made of them, so that
  // what it wakes has a value.
  RandomStream random = RandomStream(surrogate.seed()).derive("background");
  std::vector<std::vector<double>> uniform;
  std::vector<Point> feasible;
  for (std::size_t i = 0; i < kTriesForOne * options.background; ++i) {
    uniform.push_back(scrambled_sobol(i, encoder.coordinates(), surrogate.seed()));
    if (!bound.empty()) feasible.push_back(encoder.sample(random));
  }
  const auto point_of = [&](std::size_t i, const Places& places) {
    std::vector<double> u = uniform[i];
    for (std::size_t k = 0; k < places.size(); ++k)
      if (encoder.is_category(coordinates[k]))
        u[coordinates[k]] = (places[k] + .5) / double(encoder.levels(coordinates[k]));
    Point point = encoder.from_uniform(u);
    for (std::size_t j : bound) point[j] = feasible[i][j];
    return point;
  };
  std::vector<Cell> cells;
  for (const Places& places : cells_of(encoder, coordinates, options.grid)) {
    Cell cell;
    for (std::size_t i = 0; i < uniform.size() && cell.points.size() < options.background; ++i) {
      Point point = point_of(i, places);
      if (!values_at(encoder, point, names)) continue;
      for (std::size_t k = 0; k < places.size(); ++k) point[coordinates[k]] = places[k];
      if (!encoder.is_feasible(point)) continue;
      cell.at = *values_at(encoder, point, names);
      cell.points.push_back(std::move(point));
    }
    if (!cell.points.empty()) cells.push_back(std::move(cell));
  }
  return evaluate(surrogate, names, cells);
}

Dependence slice(const Surrogate& surrogate, const std::vector<std::string>& names,
                 const DependenceOptions& options) {
  if (!surrogate.lacking().empty()) throw InputError("no slice: " + surrogate.lacking());
  const Encoder& encoder = surrogate.encoder();
  const std::vector<std::size_t> coordinates = coordinates_of(surrogate.problem().space, names);
  std::vector<Cell> cells;
  for (const Places& places : cells_of(encoder, coordinates, options.grid)) {
    Point point = surrogate.best();
    for (std::size_t k = 0; k < places.size(); ++k) point[coordinates[k]] = places[k];
    // What a conditional wakes takes its default; what it sends to sleep goes.
    point = encoder.encode(encoder.decode(point));
    auto values = values_at(encoder, point, names);
    if (values && encoder.is_feasible(point)) cells.push_back({*std::move(values), {point}});
  }
  return evaluate(surrogate, names, cells);
}

}  // namespace frugal::optimizer
