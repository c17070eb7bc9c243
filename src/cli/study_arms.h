// From the arms that a study declares to those that can be run with the weights at hand.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/study_file.h"

namespace frugal::cli {

// An arm as it can be run with the weights that are at hand.
struct ResolvedArm {
  DeclaredArm declared;
  std::string network, weights;
  std::string note;       // what differs from the declaration, and why
  bool left_out = false;  // the note says why
};

// Where the weights of an arm's network are missing, the deepest network at hand takes its place,
// unless another arm is that very arm already: then it is left out. Throws InputError when no
// weights are at hand, when a file holds another network than is said, and when fewer than two arms
// are left.
std::vector<ResolvedArm> resolve(const DeclaredStudy& study);

// All that decides the results, for study.json.
Json identity(const DeclaredStudy& study, const std::vector<ResolvedArm>& arms);
// Of two identities, in words; "" when results of one are results of the other. More arms and more
// seeds may come.
std::string study_difference(const Json& before, const Json& now);

}  // namespace frugal::cli
