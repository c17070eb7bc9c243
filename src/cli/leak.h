// What a leaking protocol would have reported, beside the sound one. The 2020 study altered every
// photograph first and split afterwards, so that nearly every photograph that judged had a twin
// among those that taught. That is done here on purpose, to price it; nothing else in this program
// can.
#pragma once

#include <string>

#include "base/json.h"
#include "cli/console.h"
#include "cli/run_folder.h"
#include "vision/train/train.h"

namespace frugal::cli {

// Of the sound run, on parts that it was not trained on.
struct SoundRun {
  train::Evaluation validation, test;
};

struct LeakPrice {
  Json json;
  std::string text;
};

// Gathers the photographs of train and validation (test stays aside), adds an altered copy of each
// by the recipe's policy, splits them at random without regard to which is a copy of which, and
// trains the recipe without further augmentation for as many steps as the sound run took. Its
// validation accuracy is what the protocol would have reported; its accuracy on the untouched test
// part is what the model is worth; the difference is the leak's price, with the 95 % interval of a
// difference between independent accuracies. options: of the sound run.
// Throws InputError when the policy alters nothing or mixes photographs.
LeakPrice reproduce_leak(const train::Recipe& recipe, const RunData& data, const SoundRun& sound,
                         const train::Environment& environment, train::TrainOptions options,
                         const RunFolder& folder, Console& console);

}  // namespace frugal::cli
