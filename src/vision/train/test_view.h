// What the network is shown of a photograph that judges it.
#pragma once

#include "vision/augment/policy.h"
#include "vision/train/recipe.h"

namespace frugal::train {

// Cut from the centre of the canvas that belongs to the recipe's view.
inline data::Size test_view(const Recipe& recipe) {
  const data::Size view{recipe.height, recipe.width};
  return recipe.test_view == TestView::kWhole ? augment::canvas_for(view) : view;
}

}  // namespace frugal::train
