// Linear constraints over the parameters of a space: whether values satisfy them, and a point that
// does. Parameters are named by the constraints; all of these must exist.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "optimizer/space.h"

namespace frugal::optimizer {

// 2 × a + -1 × b <= 3
std::string words(const LinearConstraint& constraint);

// The largest sum that the bounds allow, signs left out; what rounding is measured by.
double magnitude_of(const LinearConstraint& constraint, const std::vector<Parameter>& parameters);

// How far the sum is beyond the threshold; <= 0: satisfied, up to rounding. number: the value of
// each parameter by its name.
double violation(const LinearConstraint& constraint, const std::vector<Parameter>& parameters,
                 const std::function<double(const std::string&)>& number);

// A point inside all constraints, in the parameters' own units. Whole numbers are looked for by
// rounding and repairing, then by trying, which is bounded. Throws InputError that shows the
// constraints when there is none, or none was found.
std::vector<double> find_feasible_point(const std::vector<Parameter>& parameters,
                                        const std::vector<LinearConstraint>& constraints);

}  // namespace frugal::optimizer
