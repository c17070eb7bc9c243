// The network by oneDNN, https://oneapi-src.github.io/oneDNN: what keeps the processor at its
// arithmetic peak.
//   - Each thread takes small groups of photographs of its own through the whole network, with
//     primitives of one thread: nobody waits for anybody, activations stay in the core's own cache,
//     and the results do not depend on the number of threads.
//   - All activations are channels-last, so that nothing is reordered on the way; weights once.
//   - ReLU and the addition of the shortcut happen while a convolution writes its result; four
//     buffers hold everything.
//   - Pixels enter as whole numbers, pixel − round(mean), which bf16 holds exactly.
// int8: weights by output channel, activations by tensor, 0..255 after ReLU, within what nearly all
// calibration photographs reach; shortcuts are added in these units too.
#pragma once

#include <memory>
#include <string>

#include "vision/engine/engine.h"

namespace frugal::engine {

// Why oneDNN does not run here in that precision; "" when it does.
std::string onednn_obstacle(Precision precision);

std::unique_ptr<InferenceEngine> make_onednn_engine(const model::Network& network,
                                                    const EngineOptions& options);

}  // namespace frugal::engine
