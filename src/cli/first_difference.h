// Two values of JSON apart, in words: "parameters.lr.bounds.max was 0.1 and is now 1".
#pragma once

#include <string>

#include "base/json.h"

namespace frugal::cli {

// The first of their differences; "" for equal ones. what: how the whole is called, "" for nothing.
// Lists of things that have names are compared by the names.
std::string first_difference(const std::string& what, const Json& before, const Json& now);

}  // namespace frugal::cli
