// The network's own forward pass: the reference, and what runs where there is no oneDNN.
#pragma once

#include <memory>

#include "vision/engine/engine.h"

namespace frugal::engine {

std::unique_ptr<InferenceEngine> make_libtorch_engine(model::Network& network,
                                                      const EngineOptions& options);

}  // namespace frugal::engine
