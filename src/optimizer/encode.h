// Assignments <-> points: one coordinate for each conditional, then one for each parameter.
//   number    its place in [0, 1], linear, logarithmic or by rank in its grid; integers and
//             grids are snapped, so that no two points of the same trial look different
//   category  its index 0, 1, ...
//   inactive  kInactiveNumber for a number, kInactiveCategory for a category: the same for all
// Features are what a kernel sees: numbers as they are, categories one-hot times 1/sqrt(2), so
// that the squared distance of two categories is 1 and of two inactive parameters 0.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/random.h"
#include "optimizer/polytope.h"
#include "optimizer/space.h"

namespace frugal::optimizer {

using Point = std::vector<double>;
inline constexpr double kInactiveNumber = 0.5;
inline constexpr double kInactiveCategory = -1;

class Encoder {
 public:
  explicit Encoder(const Space& space);
  Encoder(const Encoder&) = delete;  // axes_ point into space_
  Encoder& operator=(const Encoder&) = delete;

  std::size_t coordinates() const { return axes_.size(); }
  // Distinct values of a coordinate; 0: a continuum.
  std::size_t levels(std::size_t coordinate) const { return axes_[coordinate].levels; }
  bool is_category(std::size_t coordinate) const { return axes_[coordinate].is_category; }
  bool is_fixed(std::size_t coordinate) const { return axes_[coordinate].levels == 1; }
  // Distinct points; 0 when there is a continuum or more than limit.
  std::size_t cardinality(std::size_t limit) const;
  // Every feasible point of a space with a cardinality.
  std::vector<Point> enumerate(std::size_t limit) const;

  // Total: what is missing takes its default, what is unknown is left out, numbers outside their
  // bounds keep a place outside [0, 1] (at most one range away).
  Point encode(const Assignments& assignments) const;
  // Clamped to the bounds, snapped; inactive parameters absent.
  Assignments decode(const Point& point) const;

  // probabilities: one in [0, 1) for each coordinate. The quantiles of the priors; may break
  // a linear constraint.
  Point from_uniform(const std::vector<double>& probabilities) const;
  bool is_feasible(const Point& point) const;
  // Space::sample's distribution.
  Point sample(RandomStream& random) const;
  // A feasible neighbour: numbers move by scale[j] times a normal draw (integers by one at
  // least), categories flip. Each coordinate takes part with the given probability, one always.
  Point perturb(const Point& point, const std::vector<double>& scale, double probability,
                RandomStream& random) const;
  // Clamps, snaps, settles what is active; then, where constraints are broken, moves towards
  // anchor, a feasible point with the same categories.
  Point repair(Point point, const Point& anchor) const;

  std::size_t features() const { return features_; }
  // The coordinate that each feature comes from.
  std::vector<int> feature_coordinates() const;
  void embed(const Point& point, double* features) const;

 private:
  struct Axis {
    bool is_category = false;
    std::size_t levels = 0;
    const Parameter* parameter = nullptr;  // null for a conditional
    std::vector<std::string> categories;
    // (coordinate of a conditional, which of its values make this one active)
    std::vector<std::pair<std::size_t, std::vector<bool>>> conditions;
  };
  bool is_active(const Axis& axis, const Point& point) const;
  double snap(const Axis& axis, double unit) const;
  double to_unit(const Axis& axis, double value) const;
  double from_unit(const Axis& axis, double unit) const;
  void settle(Point& point) const;
  Point draw(RandomStream& random) const;  // may break a linear constraint
  void gibbs(Point& point, RandomStream& random) const;
  std::vector<double> constrained_part(const Point& point) const;

  Space space_;
  Assignments defaults_;
  std::vector<Axis> axes_;
  std::size_t features_ = 0;
  std::vector<std::size_t> constrained_;  // coordinates in any constraint
  std::vector<HalfSpace> half_spaces_;    // over constrained_
  Point feasible_;                        // of constrained_
  bool is_narrow_ = false;                // hardly a draw satisfies the constraints
};

}  // namespace frugal::optimizer
