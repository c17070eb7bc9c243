// Search spaces: parameters, conditions, constraints; assignments and their place in the unit
// cube. Everything that a SigOpt experiment can say about parameters can be said here.
// Values, no I/O; safe to share between threads once built.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/random.h"

namespace frugal::optimizer {

using Value = std::variant<double, std::int64_t, std::string>;
// Parameter (or conditional) name -> value. Inactive parameters are absent.
using Assignments = std::map<std::string, Value>;

enum class ParameterType { kDouble, kInt, kCategorical };

struct NormalPrior {
  double mean = 0, scale = 1;
  bool operator==(const NormalPrior&) const = default;
};
struct BetaPrior {
  double shape_a = 1, shape_b = 1;
  bool operator==(const BetaPrior&) const = default;
};

struct Parameter {
  std::string name;
  ParameterType type = ParameterType::kDouble;
  double min = 0, max = 1;              // double and int; inclusive
  bool log = false;                     // double only, min > 0
  std::vector<double> grid;             // ascending; when not empty the only values
  std::vector<std::string> categories;  // categorical
  std::optional<std::variant<NormalPrior, BetaPrior>> prior;
  std::optional<Value> default_value;
  std::map<std::string, std::vector<std::string>>
      conditions;  // conditional -> values it is active for
  bool operator==(const Parameter&) const = default;
};

struct Conditional {
  std::string name;
  std::vector<std::string> values;
  bool operator==(const Conditional&) const = default;
};

// sum of weight × value, compared with threshold
struct LinearConstraint {
  bool less_than = true;  // else greater_than
  double threshold = 0;
  std::map<std::string, double> weights;
  bool operator==(const LinearConstraint&) const = default;
};

// A fidelity; cost in (0, 1], the full task costs 1.
struct Task {
  std::string name = "full";
  double cost = 1;
  bool operator==(const Task&) const = default;
};

class Space {
 public:
  // Throws InputError that names the parameter: bounds the wrong way round, duplicate names,
  // an infeasible constraint ...
  // A list of parameters is a space: not explicit.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Space(std::vector<Parameter> parameters, std::vector<Conditional> conditionals = {},
        std::vector<LinearConstraint> constraints = {});

  const std::vector<Parameter>& parameters() const { return parameters_; }
  const std::vector<Conditional>& conditionals() const { return conditionals_; }
  const std::vector<LinearConstraint>& constraints() const { return constraints_; }

  // Throws InputError that names the parameter: unknown, missing, inactive, of the wrong type,
  // not in the grid, a constraint broken. A number outside its bounds is let through.
  void validate(const Assignments& assignments) const;

  // default_value where given, else the middle (of the log range), the first category and the
  // first value of each conditional; moved to a feasible point where that breaks a constraint.
  Assignments default_assignments() const;

  // Uniform over the unit cube (or by the priors), snapped, feasible. Under narrow constraints
  // (less than one draw in 200 feasible) by Gibbs steps along segments, priors left out.
  Assignments sample(RandomStream& random) const;

  // The same text for the same trial, whatever the order or the last bits of its numbers.
  std::string canonical_key(const Assignments& assignments) const;

  bool operator==(const Space&) const = default;

 private:
  std::vector<Parameter> parameters_;
  std::vector<Conditional> conditionals_;
  std::vector<LinearConstraint> constraints_;
  // Inside the constraints: one entry for each parameter, in its own units; empty without any.
  std::vector<double> feasible_point_;
  friend class Encoder;
};

// SigOpt's wire form (the keys parameters, conditionals, linear_constraints of an experiment).
// where: what the JSON is, for messages.
Json to_json(const Space& space);
Space space_from_json(const Json& json, std::string_view where);
Json to_json(const Assignments& assignments);
// Typed by the space: 3 for a double parameter is 3.0. Throws InputError like validate.
Assignments assignments_from_json(const Json& json, const Space& space, std::string_view where);
// The same for what was valid when it was stored: a space whose bounds, categories or parameters
// have changed since takes nothing away. What the space does not know keeps the type it was
// written with.
Assignments stored_assignments_from_json(const Json& json, const Space& space,
                                         std::string_view where);

}  // namespace frugal::optimizer
