// What is tuned, in SigOpt's wire form.
#pragma once

#include "base/json.h"
#include "vision/train/recipe.h"

namespace frugal::train {

// Of a training photograph that a head may read: every augmented one costs a pass of the
// photographs through the frozen network, once.
inline constexpr std::size_t kMostFeatureViews = 3;

// What is tuned around that recipe, as {"parameters": [...], "conditionals": [...]}: keys of
// recipes. Of fine-tuning tuned_parameters alone; of features the kind of head, with what belongs
// to each kind (tuned_parameters belong to SGD), and what heads read. The recipe lies inside, when
// it comes from default_recipe or study_recipe.
Json search_space(const Recipe& recipe);

}  // namespace frugal::train
