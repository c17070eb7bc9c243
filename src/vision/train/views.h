// The size of what the network is shown, in training and in test.
#pragma once

#include "vision/data/image.h"
#include "vision/train/recipe.h"

namespace frugal::train {

// What judges: cut from the centre of the canvas that belongs to the recipe's view.
data::Size test_view(const Recipe& recipe);

// What teaches, at that share (0 to 1) of the run: the sides grow from start_scale to 1 in the
// first three quarters of it, in multiples of 16 pixels, and stay.
data::Size training_view(const Recipe& recipe, double done);

// Seconds of a photograph on average over a run, from what it takes at the smallest and at the
// full size: in between along a line over the number of pixels.
double mean_seconds(const Recipe& recipe, double seconds_at_start, double seconds_at_end);

}  // namespace frugal::train
