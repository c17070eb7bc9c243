// The formats behind read_weights, each from a whole file in memory. All throw InputError that
// begins with where; none looks at a file's name.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vision/model/weights.h"

namespace frugal::model {

// torch.save since 1.6: a zip of data.pkl and one record per storage.
StateDict parse_zip(std::span<const std::byte> file, const std::string& where);

// torch.save before 1.6: five pickles (magic number, protocol, system, object, storage keys), then
// for each key a count (i64) and its elements.
StateDict parse_legacy(std::span<const std::byte> file, const std::string& where);

// u64 header length, JSON {name: {"dtype", "shape", "data_offsets": [begin, end]}}, data without
// gaps. https://huggingface.co/docs/safetensors
StateDict parse_safetensors(std::span<const std::byte> file, const std::string& where);

}  // namespace frugal::model
