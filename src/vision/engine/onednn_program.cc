#ifdef FRUGAL_ONEDNN
#include "vision/engine/onednn_program.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace frugal::engine {
namespace {

using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;

memory::dim dim(std::size_t n) {
  return static_cast<memory::dim>(n);
}

memory::dim after(memory::dim length, memory::dim side, memory::dim stride, memory::dim padding) {
  return (length + 2 * padding - side) / stride + 1;
}

// Weights as whole numbers from −127 to 127, times a scale for each output channel.
struct Quantized {
  std::vector<std::int8_t> values;
  std::vector<float> scales;
};

Quantized quantized(const Convolution& convolution) {
  Quantized result;
  const std::size_t each = convolution.in * convolution.side * convolution.side;
  for (std::size_t k = 0; k < convolution.out; ++k) {
    const float* channel = convolution.weights.data() + k * each;
    float largest = 0;
    for (std::size_t i = 0; i < each; ++i) largest = std::max(largest, std::abs(channel[i]));
    const float scale = largest > 0 ? largest / 127 : 1;
    for (std::size_t i = 0; i < each; ++i)
      result.values.push_back(static_cast<std::int8_t>(std::lround(channel[i] / scale)));
    result.scales.push_back(scale);
  }
  return result;
}

}  // namespace

Program::Program(const FoldedNetwork& network, const std::vector<std::size_t>& layers,
                 Precision precision, const Ranges& ranges, data::Size view, std::size_t group)
    : engine_(dnnl::engine::kind::cpu, 0),
      stream_(engine_),
      precision_(precision),
      group_(group),
      pixel_mean_(network.pixel_mean) {
  const bool int8 = precision == Precision::kInt8;
  FRUGAL_CHECK(!int8 || ranges.size() == network.convolutions.size());
  units_.fill(1);
  for (std::size_t c = 0; c < 3; ++c) {
    pixel_offset_[c] = int8 ? 0 : std::round(pixel_mean_[c]);
    border_[c] = int8 ? std::round(pixel_mean_[c]) : pixel_mean_[c] - pixel_offset_[c];
  }
  held_[Step::kPicture] = {
      {dim(group), 3, dim(view.height + 2 * kBorder), dim(view.width + 2 * kBorder)},
      activation_type(/*rectified=*/true),
      Tag::nhwc};
  for (std::size_t i = 0; i < network.convolutions.size(); ++i) {
    const Convolution& convolution = network.convolutions[i];
    add(i == 0 ? taking_pictures(convolution) : convolution, int8 ? ranges[i] : 0);
    if (i == 0) add_max_pool(convolution.target);
    for (const std::size_t layer : layers)
      if (network.last_of_layer.at(layer - 1) == i)
        outputs_.push_back({steps_.size() - 1, held_.at(convolution.target), convolution.target,
                            units_.at(convolution.target)});
  }
}

// Pixels come minus a whole number, not their mean, and with their border.
Convolution Program::taking_pictures(Convolution stem) const {
  FRUGAL_CHECK(stem.in == 3 && stem.padding == kBorder);
  stem.source = Step::kPicture;
  stem.padding = 0;
  const std::size_t each = stem.side * stem.side;
  for (std::size_t i = 0; i < stem.weights.size(); ++i) {
    const std::size_t c = i / each % 3;
    stem.bias[i / each / 3] += stem.weights[i] * (pixel_offset_[c] - pixel_mean_[c]);
  }
  return stem;
}

Type Program::activation_type(bool rectified) const {
  switch (precision_) {
    case Precision::kFp32:
      return Type::f32;
    case Precision::kBf16:
      return Type::bf16;
    case Precision::kInt8:
      return rectified ? Type::u8 : Type::s8;
  }
  FRUGAL_CHECK(false);
}

void Program::add(const Convolution& convolution, float range) {
  const bool int8 = precision_ == Precision::kInt8;
  const memory::desc source = held_.at(convolution.source);
  const memory::dim side = dim(convolution.side), out = dim(convolution.out),
                    stride = dim(convolution.stride), padding = dim(convolution.padding);
  const memory::dims sizes = sizes_of(source);
  const Type type = activation_type(convolution.rectifies);
  const memory::desc target({sizes[0], out, after(sizes[2], side, stride, padding),
                             after(sizes[3], side, stride, padding)},
                            type, Tag::nhwc);
  const float unit = !int8 ? 1 : std::max(range, 1e-20f) / (convolution.rectifies ? 255 : 127);

  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops operations;
  if (convolution.adds)
    operations.append_sum(units_.at(convolution.target) / unit, /*zero_point=*/0,
                          type_of(held_.at(convolution.target)));
  if (convolution.rectifies) append_relu(operations);
  attributes.set_post_ops(operations);

  std::vector<float> bias = convolution.bias, scales;
  Quantized int8_weights;
  if (int8) {
    int8_weights = quantized(convolution);
    for (std::size_t k = 0; k < bias.size(); ++k) {
      const float sum_unit = units_.at(convolution.source) * int8_weights.scales[k];
      scales.push_back(sum_unit / unit);
      bias[k] /= kBiasIsScaled ? sum_unit : unit;
    }
    set_channel_scales(attributes, scales);
  }
  const memory::dims kernel{out, dim(convolution.in), side, side};
  const Type weights_type = int8 ? Type::s8 : type;
  const auto primitive = describe({.source = source,
                                   .weights = {kernel, weights_type, Tag::any},
                                   .bias = {{out}, Type::f32, Tag::x},
                                   .target = target,
                                   .stride = stride,
                                   .padding = padding},
                                  attributes, engine_);
  Step step{dnnl::convolution_forward(primitive),
            source,
            target,
            convolution.source,
            convolution.target,
            {}};
  step.constants[DNNL_ARG_WEIGHTS] =
      int8 ? constant({kernel, Type::s8, Tag::oihw}, int8_weights.values.data(),
                      primitive.weights_desc())
           : constant({kernel, Type::f32, Tag::oihw}, convolution.weights.data(),
                      primitive.weights_desc());
  const memory::desc by_channel({out}, Type::f32, Tag::x);
  step.constants[DNNL_ARG_BIAS] = constant(by_channel, bias.data(), by_channel);
  if (int8 && kScalesArgument != 0)
    step.constants[kScalesArgument] = constant(by_channel, scales.data(), by_channel);
  units_.at(convolution.target) = unit;
  add(std::move(step), primitive.scratchpad_desc());
}

void Program::add_max_pool(std::size_t source_buffer) {
  const memory::desc source = held_.at(source_buffer);
  const memory::dims sizes = sizes_of(source);
  const memory::desc target(
      {sizes[0], sizes[1], after(sizes[2], 3, 2, 1), after(sizes[3], 3, 2, 1)}, type_of(source),
      Tag::nhwc);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const auto primitive = describe_max_pool(source, target, attributes, engine_);
  units_[0] = units_.at(source_buffer);
  add({dnnl::pooling_forward(primitive), source, target, source_buffer, 0, {}},
      primitive.scratchpad_desc());
}

void Program::add(Step step, const memory::desc& scratchpad) {
  std::size_t& bytes = buffer_bytes_.at(step.target_buffer);
  bytes = std::max(bytes, step.target.get_size());
  scratchpad_bytes_ = std::max(scratchpad_bytes_, scratchpad.get_size());
  held_.at(step.target_buffer) = step.target;
  steps_.push_back(std::move(step));
}

memory Program::constant(const memory::desc& given, const void* values,
                         const memory::desc& wanted) {
  memory plain(given, engine_);
  std::memcpy(plain.get_data_handle(), values, given.get_size());
  constant_bytes_ += wanted.get_size();
  if (given == wanted) return plain;
  memory result(wanted, engine_);
  dnnl::reorder(plain, result).execute(stream_, plain, result);
  stream_.wait();
  return result;
}

}  // namespace frugal::engine
#endif
