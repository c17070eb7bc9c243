// Weight files: PyTorch's .pth (zip and legacy pickles, nested checkpoints, half precision) and
// safetensors. Reading never runs anything: globals in a pickle stay symbols, only the few that
// rebuild tensors are called, and every size, stride and offset is checked against the file.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace frugal::model {

// In the file's order; names as torchvision has them ("layer1.0.conv1.weight").
using StateDict = std::vector<std::pair<std::string, at::Tensor>>;

// By content, not by name. A "module." prefix is dropped; a checkpoint that nests its state_dict
// ("state_dict", "model", ...) is unwrapped. Floating tensors become fp32.
// Throws InputError: not a weight file, truncated, a pickle that wants to call something (named).
StateDict read_weights(const std::string& path);

// A zip-format state_dict that Python loads with weights_only=True, strict=True. Atomic.
void write_pth(const std::string& path, const StateDict& state);
void write_safetensors(const std::string& path, const StateDict& state);

}  // namespace frugal::model
