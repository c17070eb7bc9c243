// A policy taken apart: what it would be without each of its transforms, and with each alone.
#pragma once

#include <string>
#include <vector>

#include "vision/augment/policy.h"

namespace frugal::explain {

struct PolicyVariant {
  enum class Kind { kWhole, kNone, kWithout, kAlone };
  Kind kind = Kind::kWhole;
  std::string name;  // of the transform taken out or alone; "hue 2" for its second use
  augment::Policy policy;
};

// The whole policy, none, then without each and each alone. Of a policy of one transform the whole
// and none; of two, leaving one out and having the other alone are the same, and stand once.
// policy: not empty.
std::vector<PolicyVariant> variants_of(const augment::Policy& policy);

}  // namespace frugal::explain
