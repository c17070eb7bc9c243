// A trained model on disk: model.pth, and model.json, which says what it is and is written last.
// Its "weights" is the SHA-256 of model.pth, so that the two always belong together.
#pragma once

#include <string>
#include <vector>

#include "vision/train/learner.h"
#include "vision/train/recipe.h"

namespace frugal::train {

// folder is made when missing. Throws SystemError.
void write_model_folder(const std::string& folder, const Learner& learner, const Recipe& recipe,
                        const std::vector<std::string>& classes);

struct ModelDescription {
  Recipe recipe;
  std::vector<std::string> classes;
};

// Throws InputError: no model there, one that was only half written, one of a later version.
ModelDescription read_model_description(const std::string& folder);
std::string weights_file(const std::string& folder);

}  // namespace frugal::train
