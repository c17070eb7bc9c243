// Tensors as weight files describe them: element types by the formats' names, and a storage (one
// run of elements) seen through an offset, sizes and strides.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::model {

struct ElementType {
  std::string_view storage;      // torch's storage class, "FloatStorage"
  std::string_view safetensors;  // "F32"
  at::ScalarType type;
  std::size_t byte_count;
};

// nullptr when it is none that weights use.
const ElementType* element_type_of_storage(std::string_view name);
const ElementType* element_type_of_safetensors(std::string_view name);
const ElementType* element_type_of(at::ScalarType type);

// Product of sizes. Throws InputError for a negative size, more than 8 dimensions, an overflow.
// what: the file and the tensor, for messages.
std::int64_t element_count(const std::vector<std::int64_t>& sizes, const std::string& what);

// A one-dimensional tensor that owns a copy of bytes, which need no alignment; a rest that is less
// than an element is left out.
at::Tensor copy_of(std::span<const std::byte> bytes, const ElementType& type);

// The elements storage[offset + i·strides] as a tensor of its own: contiguous; floats as fp32.
// storage: one-dimensional. Throws InputError when any element would lie outside of it, or when
// there are more elements than it has (an expanded tensor is no weight).
at::Tensor copy_out(const at::Tensor& storage, std::int64_t offset,
                    const std::vector<std::int64_t>& sizes,
                    const std::vector<std::int64_t>& strides, const std::string& what);

// Row-major strides of sizes.
std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& sizes);

// "(64, 3, 7, 7)"
std::string shape_text(at::IntArrayRef sizes);

}  // namespace frugal::model
