#ifdef FRUGAL_ONEDNN
#include "vision/engine/onednn_lane.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

namespace frugal::engine {
namespace {

using Type = dnnl::memory::data_type;
using Tag = dnnl::memory::format_tag;

// f(elements): the picture's, as what they are; bf16 as its 16 bits.
template <typename Function>
void with_elements(const dnnl::memory& picture, const Function& f) {
  void* memory = picture.get_data_handle();
  switch (type_of(picture.get_desc())) {
    case Type::f32:
      return f(static_cast<float*>(memory));
    case Type::bf16:
      return f(static_cast<std::uint16_t*>(memory));
    default:
      return f(static_cast<std::uint8_t*>(memory));
  }
}

// bf16 is cut off, by which whole numbers below 256 lose nothing.
template <typename Element>
Element element_of(float value) {
  if constexpr (std::is_same_v<Element, std::uint16_t>) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<std::uint16_t>(bits >> 16);
  } else {
    return static_cast<Element>(value);
  }
}

}  // namespace

Lane::Lane(const Program& program, bool pooled)
    : program_(program),
      pooled_(pooled),
      stream_(program.engine()),
      picture_(program.picture(), program.engine()),
      scratchpad_(bytes(program.scratchpad_bytes())) {
  draw_border();
  for (std::size_t i = 0; i < kBufferCount; ++i) buffers_[i] = bytes(program.buffer_bytes()[i]);
  for (const Output& output : program.outputs()) {
    const dnnl::memory held = buffer_as(output.shape, output.buffer);
    const dnnl::memory rows({sizes_of(output.shape), Type::f32, Tag::nhwc}, program.engine());
    extractions_.push_back({held, rows, dnnl::reorder(held, rows)});
  }
  for (const Step& step : program.steps()) {
    Arguments arguments = step.constants;
    arguments[DNNL_ARG_SRC] = buffer_as(step.source, step.source_buffer);
    arguments[DNNL_ARG_DST] = buffer_as(step.target, step.target_buffer);
    arguments[DNNL_ARG_SCRATCHPAD] = scratchpad_;
    arguments_.push_back(std::move(arguments));
  }
}

void Lane::run(std::span<const std::uint8_t> pixels, std::span<float> features, std::size_t begin,
               const Observe& observe) {
  place(pixels);
  const auto sizes = sizes_of(program_.picture());
  const auto inner = [](dnnl::memory::dim outer) {
    return static_cast<std::size_t>(outer) - 2 * Program::kBorder;
  };
  const std::size_t n = pixels.size() / (inner(sizes[2]) * inner(sizes[3]) * 3);
  std::size_t output = 0, offset = 0;
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    program_.steps()[i].primitive.execute(stream_, arguments_[i]);
    stream_.wait();
    if (observe) {
      const dnnl::memory& target = arguments_[i].at(DNNL_ARG_DST);
      const std::size_t each = target.get_desc().get_size() / sizeof(float) / program_.group();
      observe(begin, i, {static_cast<const float*>(target.get_data_handle()), each * n});
    }
    if (output == extractions_.size() || program_.outputs()[output].step != i) continue;
    extract(output, offset, n, features);
    offset += static_cast<std::size_t>(sizes_of(program_.outputs()[output++].shape)[1]);
  }
}

// Into the columns of features from offset on.
void Lane::extract(std::size_t output, std::size_t offset, std::size_t n,
                   std::span<float> features) {
  Extraction& extraction = extractions_[output];
  extraction.to_rows.execute(stream_, extraction.held, extraction.rows);
  stream_.wait();
  const auto sizes = sizes_of(program_.outputs()[output].shape);
  const auto channels = static_cast<std::size_t>(sizes[1]);
  const auto positions = static_cast<std::size_t>(sizes[2] * sizes[3]);
  const float unit = program_.outputs()[output].unit;
  const float* row = static_cast<const float*>(extraction.rows.get_data_handle());
  if (!pooled_) {
    std::transform(row, row + features.size(), features.begin(),
                   [unit](float value) { return unit * value; });
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<float> pooled = features.subspan(i * (features.size() / n) + offset, channels);
    std::fill(pooled.begin(), pooled.end(), 0.0f);
    for (std::size_t p = 0; p < positions; ++p, row += channels)
      for (std::size_t c = 0; c < channels; ++c) pooled[c] += row[c];
    for (float& value : pooled) value *= unit / static_cast<float>(positions);
  }
}

std::size_t Lane::memory_bytes() const {
  std::size_t total = 0;
  for (const dnnl::memory* memory : {&picture_, &scratchpad_})
    total += memory->get_desc().get_size();
  for (const Extraction& extraction : extractions_) total += extraction.rows.get_desc().get_size();
  for (const dnnl::memory& buffer : buffers_) total += buffer.get_desc().get_size();
  return total;
}

dnnl::memory Lane::bytes(std::size_t count) const {
  const auto length = static_cast<dnnl::memory::dim>(std::max<std::size_t>(count, 1));
  dnnl::memory memory({{length}, Type::u8, Tag::x}, program_.engine());
  std::memset(memory.get_data_handle(), 0, static_cast<std::size_t>(length));
  return memory;
}

dnnl::memory Lane::buffer_as(const dnnl::memory::desc& shape, std::size_t buffer) const {
  if (buffer == Step::kPicture) return picture_;
  return {shape, program_.engine(), buffers_.at(buffer).get_data_handle()};
}

// Everywhere; the pixels come over it.
void Lane::draw_border() {
  const std::size_t byte_count = program_.picture().get_size();
  with_elements(picture_, [&](auto* elements) {
    using Element = std::remove_pointer_t<decltype(elements)>;
    for (std::size_t i = 0; i < byte_count / sizeof(Element); ++i)
      elements[i] = element_of<Element>(program_.border()[i % 3]);
  });
}

void Lane::place(std::span<const std::uint8_t> pixels) {
  constexpr std::size_t kBorder = Program::kBorder;
  const auto sizes = sizes_of(program_.picture());
  const auto outer_height = static_cast<std::size_t>(sizes[2]),
             outer_width = static_cast<std::size_t>(sizes[3]);
  const std::size_t height = outer_height - 2 * kBorder, width = outer_width - 2 * kBorder;
  const auto& offset = program_.pixel_offset();
  with_elements(picture_, [&](auto* elements) {
    using Element = std::remove_pointer_t<decltype(elements)>;
    for (std::size_t row = 0; row < pixels.size() / (width * 3); ++row) {
      const std::uint8_t* from = pixels.data() + row * width * 3;
      const std::size_t y = row / height * outer_height + row % height + kBorder;
      Element* to = elements + (y * outer_width + kBorder) * 3;
      for (std::size_t x = 0; x < width; ++x, from += 3, to += 3)
        for (std::size_t c = 0; c < 3; ++c)
          to[c] = element_of<Element>(static_cast<float>(from[c]) - offset[c]);
    }
  });
}

}  // namespace frugal::engine
#endif
