#include "vision/explain/policy_variants.h"

#include <fmt/format.h>

#include <map>

#include "base/error.h"

namespace frugal::explain {

std::vector<PolicyVariant> variants_of(const augment::Policy& policy) {
  using Kind = PolicyVariant::Kind;
  FRUGAL_CHECK(!policy.uses.empty(), "no policy");
  std::vector<PolicyVariant> variants = {{Kind::kWhole, "", policy}, {Kind::kNone, "", {}}};
  if (policy.uses.size() == 1) return variants;
  std::map<std::string, int> seen;
  std::vector<std::string> names;
  for (const augment::TransformUse& use : policy.uses) {
    const int count = ++seen[use.transform];
    names.push_back(count == 1 ? use.transform : fmt::format("{} {}", use.transform, count));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    augment::Policy without = policy;
    without.uses.erase(without.uses.begin() + static_cast<std::ptrdiff_t>(i));
    variants.push_back({Kind::kWithout, names[i], std::move(without)});
  }
  if (policy.uses.size() == 2) return variants;
  for (std::size_t i = 0; i < names.size(); ++i)
    variants.push_back({Kind::kAlone, names[i], {{policy.uses[i]}}});
  return variants;
}

}  // namespace frugal::explain
