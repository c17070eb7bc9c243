// Where oneDNN 2 and 3 differ, and nothing else. Version 3 has no operation descriptors, takes
// scales when a primitive runs, and adds the bias after scaling instead of before.
#pragma once

#include <oneapi/dnnl/dnnl_config.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <unordered_map>
#include <vector>

static_assert(
    DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP ||
        DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_SEQ,
    "threads are kept to one by OpenMP; a oneDNN with TBB or a thread pool would start its own");

namespace frugal::engine {

using Arguments = std::unordered_map<int, dnnl::memory>;

#if DNNL_VERSION_MAJOR >= 3
inline dnnl::memory::dims sizes_of(const dnnl::memory::desc& shape) {
  return shape.get_dims();
}
inline dnnl::memory::data_type type_of(const dnnl::memory::desc& shape) {
  return shape.get_data_type();
}
#else
inline dnnl::memory::dims sizes_of(const dnnl::memory::desc& shape) {
  return shape.dims();
}
inline dnnl::memory::data_type type_of(const dnnl::memory::desc& shape) {
  return shape.data_type();
}
#endif

struct ConvolutionShape {
  dnnl::memory::desc source, weights, bias, target;
  dnnl::memory::dim stride = 1, padding = 0;
};

inline dnnl::convolution_forward::primitive_desc describe(const ConvolutionShape& shape,
                                                          const dnnl::primitive_attr& attributes,
                                                          const dnnl::engine& engine) {
  const dnnl::memory::dims stride(2, shape.stride), padding(2, shape.padding);
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
  constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {engine,       kKind,  kAlgorithm, shape.source, shape.weights, shape.bias,
          shape.target, stride, padding,    padding,      attributes};
#else
  return {{kKind, kAlgorithm, shape.source, shape.weights, shape.bias, shape.target, stride,
           padding, padding},
          attributes,
          engine};
#endif
}

// 3 × 3, stride 2, padding 1.
inline dnnl::pooling_forward::primitive_desc describe_max_pool(
    const dnnl::memory::desc& source, const dnnl::memory::desc& target,
    const dnnl::primitive_attr& attributes, const dnnl::engine& engine) {
  const dnnl::memory::dims stride(2, 2), kernel(2, 3), padding(2, 1);
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
  constexpr auto kAlgorithm = dnnl::algorithm::pooling_max;
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::memory::dims dilation(2, 0);
  return {engine, kKind,    kAlgorithm, source,  target,    stride,
          kernel, dilation, padding,    padding, attributes};
#else
  return {
      {kKind, kAlgorithm, source, target, stride, kernel, padding, padding}, attributes, engine};
#endif
}

inline dnnl::matmul::primitive_desc describe_product(const dnnl::memory::desc& left,
                                                     const dnnl::memory::desc& right,
                                                     const dnnl::memory::desc& product,
                                                     const dnnl::engine& engine) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, left, right, product};
#else
  return {{left, right, product}, engine};
#endif
}

inline void append_relu(dnnl::post_ops& operations) {
#if DNNL_VERSION_MAJOR >= 3
  operations.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
#else
  operations.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
#endif
}

// What the sums of each output channel are multiplied by.
inline void set_channel_scales(dnnl::primitive_attr& attributes, const std::vector<float>& scales) {
#if DNNL_VERSION_MAJOR >= 3
  (void)scales;
  attributes.set_scales_mask(DNNL_ARG_WEIGHTS, 1 << 0);
#else
  attributes.set_output_scales(1 << 1, scales);
#endif
}
#if DNNL_VERSION_MAJOR >= 3
inline constexpr bool kBiasIsScaled = false;
inline constexpr int kScalesArgument = DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS;
#else
inline constexpr bool kBiasIsScaled = true;
inline constexpr int kScalesArgument = 0;  // none: they stand in the attributes
#endif

inline bool has(dnnl::cpu_isa wanted) {
  const auto bits = static_cast<unsigned>(wanted);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & bits) == bits;
}

}  // namespace frugal::engine
