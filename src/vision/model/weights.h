// Weight files: PyTorch's .pth (zip and legacy pickles, nested checkpoints, half precision) and
// safetensors. Reading never runs anything: globals in a pickle stay symbols, only the few that
// rebuild tensors are called, and every size, stride and offset is checked against the file.
// All functions are thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace frugal::model {

// In the file's order; names as torchvision has them ("layer1.0.conv1.weight").
using StateDict = std::vector<std::pair<std::string, at::Tensor>>;

// By content, not by name. A "module." prefix is dropped; a checkpoint that nests its state_dict
// ("state_dict", "model", ...) is unwrapped, and what is no tensor in it is left out. Floating
// tensors become fp32; all are contiguous, on the CPU, and own their storage.
// Throws InputError that names the file: not a weight file, truncated, damaged, a whole model
// instead of its weights, a pickle that wants to call something (named). SystemError when the
// file cannot be opened.
StateDict read_weights(const std::string& path);
// The same of a file in memory. where: what it is, for messages.
StateDict parse_weights(std::span<const std::byte> file, const std::string& where);

// Both write contiguous CPU copies, atomically: to a temporary, synced, renamed. Throw SystemError
// (a full disk, no permission); the old file is then untouched.
// A zip-format state_dict that Python loads with weights_only=True, strict=True.
void write_pth(const std::string& path, const StateDict& state);
void write_safetensors(const std::string& path, const StateDict& state);

}  // namespace frugal::model
