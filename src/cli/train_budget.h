// One training run for a budget of time: how large and how long it is.
#pragma once

#include "cli/console.h"
#include "cli/run_folder.h"
#include "vision/train/recipe.h"

namespace frugal::cli {

struct TrainBudget {
  double seconds = 0;            // of the whole machine, decoding and judging included
  unsigned threads = 1;          // of the run
  unsigned resolution = 0;       // given by the user; 0: choose
  bool with_validation = false;  // the run learns from the validation photographs too
};

// What the run itself may take when so much of the budget is spent; the rest is for judging and
// ending.
double seconds_of_run(const TrainBudget& budget, double spent_seconds);

// The recipe at the size and for the epochs that the budget is best spent on (cli/plan.h). A head
// on frozen features gets the size alone: it is trained in moments, and more time would buy
// nothing. Measures the machine for a few seconds. Throws InputError when the budget holds no run.
train::Recipe recipe_for_budget(const train::Recipe& recipe, const RunData& data,
                                const TrainBudget& budget, double spent_seconds, Console& console);

}  // namespace frugal::cli
