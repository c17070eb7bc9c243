// The inside of a subject, for this room alone.
#pragma once

#include <memory>

#include "vision/explain/subject.h"
#include "vision/train/compute.h"
#include "vision/train/model_folder.h"

namespace frugal::explain {

struct Subject::State {
  train::ModelDescription description;
  train::Compute compute;
  std::unique_ptr<model::Network> network;
};

}  // namespace frugal::explain
