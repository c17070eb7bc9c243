#include "vision/model/stored_tensor.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"

namespace frugal::model {
namespace {

constexpr std::size_t kMaxDimensions = 8;

constexpr std::array kElementTypes{
    ElementType{"FloatStorage", "F32", at::kFloat, 4},
    ElementType{"HalfStorage", "F16", at::kHalf, 2},
    ElementType{"BFloat16Storage", "BF16", at::kBFloat16, 2},
    ElementType{"DoubleStorage", "F64", at::kDouble, 8},
    ElementType{"LongStorage", "I64", at::kLong, 8},
    ElementType{"IntStorage", "I32", at::kInt, 4},
    ElementType{"ShortStorage", "I16", at::kShort, 2},
    ElementType{"CharStorage", "I8", at::kChar, 1},
    ElementType{"ByteStorage", "U8", at::kByte, 1},
    ElementType{"BoolStorage", "BOOL", at::kBool, 1},
};

template <typename Name>
const ElementType* find(Name ElementType::*field, const Name& name) {
  const auto* found = std::find_if(kElementTypes.begin(), kElementTypes.end(),
                                   [&](const ElementType& type) { return type.*field == name; });
  return found == kElementTypes.end() ? nullptr : found;
}

[[noreturn]] void does_not_fit(const std::string& what) {
  throw InputError(
      fmt::format("{}: its size, stride or offset does not fit its data: truncated "
                  "or damaged",
                  what));
}

// Index of the last element plus one, seen from offset.
std::int64_t extent(const std::vector<std::int64_t>& sizes,
                    const std::vector<std::int64_t>& strides, const std::string& what) {
  std::int64_t last = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    std::int64_t step = 0;
    if (strides[i] < 0 || __builtin_mul_overflow(sizes[i] - 1, strides[i], &step) ||
        __builtin_add_overflow(last, step, &last))
      does_not_fit(what);
  }
  return last + 1;
}

}  // namespace

const ElementType* element_type_of_storage(std::string_view name) {
  return find(&ElementType::storage, name);
}

const ElementType* element_type_of_safetensors(std::string_view name) {
  return find(&ElementType::safetensors, name);
}

const ElementType* element_type_of(at::ScalarType type) {
  return find(&ElementType::type, type);
}

std::int64_t element_count(const std::vector<std::int64_t>& sizes, const std::string& what) {
  std::int64_t count = 1;
  if (sizes.size() > kMaxDimensions) does_not_fit(what);
  for (const std::int64_t size : sizes)
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) does_not_fit(what);
  return count;
}

at::Tensor copy_of(std::span<const std::byte> bytes, const ElementType& type) {
  const auto count = static_cast<std::int64_t>(bytes.size() / type.byte_count);
  at::Tensor copy = at::empty({count}, type.type);
  if (count > 0) std::memcpy(copy.data_ptr(), bytes.data(), copy.nbytes());
  return copy;
}

at::Tensor copy_out(const at::Tensor& storage, std::int64_t offset,
                    const std::vector<std::int64_t>& sizes,
                    const std::vector<std::int64_t>& strides, const std::string& what) {
  const std::int64_t count = element_count(sizes, what);
  const std::int64_t held = storage.numel();
  if (strides.size() != sizes.size() || count > held || offset < 0 || offset > held)
    does_not_fit(what);
  if (count > 0 && extent(sizes, strides, what) > held - offset) does_not_fit(what);
  const at::Tensor view =
      count > 0 ? storage.as_strided(sizes, strides, offset) : at::empty(sizes, storage.options());
  return view.to(view.is_floating_point() ? at::kFloat : view.scalar_type(),
                 /*non_blocking=*/false, /*copy=*/true, at::MemoryFormat::Contiguous);
}

std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> strides(sizes.size(), 1);
  for (std::size_t i = sizes.size(); i > 1; --i) strides[i - 2] = strides[i - 1] * sizes[i - 1];
  return strides;
}

std::string shape_text(at::IntArrayRef sizes) {
  return fmt::format("({})", fmt::join(sizes.begin(), sizes.end(), ", "));
}

}  // namespace frugal::model
