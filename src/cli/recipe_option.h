// --recipe: what training or tuning begins from.
#pragma once

#include <string>

#include "vision/train/recipe.h"

namespace frugal::cli {

// "default", "study", or a YAML or JSON file whose keys overrule the defaults. Throws InputError
// that names the file, and the strategy when the file is for another one.
train::Recipe recipe_named(const std::string& name_or_file, train::Strategy strategy);

// Of the default recipe of fine-tuning a pretrained network, once its policy is set: the first
// layers stay as they are, and what they make of a few views of each photograph is computed once,
// where a few are enough (crops and mirror images alone) and the disk has room for them.
void freeze_first_layers(train::Recipe& recipe, std::size_t photographs);

// The strategy that such a file names; fine-tuning when it names none, or is none.
train::Strategy strategy_of_recipe(const std::string& name_or_file);

}  // namespace frugal::cli
