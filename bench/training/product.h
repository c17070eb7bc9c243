// The measured arithmetic peak: oneDNN's product of two large square matrices.
#pragma once

#include <array>
#include <cstring>

#include "vision/engine/engine.h"
#include "vision/engine/onednn_api.h"

namespace frugal::bench {

using engine::Precision;

// A product of two square matrices, ready to run.
class Product {
 public:
  static constexpr dnnl::memory::dim kSide = 4096;

  explicit Product(Precision precision) : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    using Type = dnnl::memory::data_type;
    const auto matrix = [&](Type type) {
      return dnnl::memory::desc({kSide, kSide}, type, dnnl::memory::format_tag::any);
    };
    const auto types = precision == Precision::kFp32 ? std::array{Type::f32, Type::f32, Type::f32}
                       : precision == Precision::kBf16
                           ? std::array{Type::bf16, Type::bf16, Type::bf16}
                           : std::array{Type::u8, Type::s8, Type::s32};
    const auto described =
        engine::describe_product(matrix(types[0]), matrix(types[1]), matrix(types[2]), engine_);
    product_ = dnnl::matmul(described);
    arguments_ = {{DNNL_ARG_SRC, zeros(described.src_desc())},
                  {DNNL_ARG_WEIGHTS, zeros(described.weights_desc())},
                  {DNNL_ARG_DST, zeros(described.dst_desc())}};
  }

  void run() {
    product_.execute(stream_, arguments_);
    stream_.wait();
  }
  static constexpr double kGflop = 2e-9 * kSide * kSide * kSide;

 private:
  dnnl::memory zeros(const dnnl::memory::desc& shape) const {
    dnnl::memory memory(shape, engine_);
    std::memset(memory.get_data_handle(), 0, shape.get_size());
    return memory;
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::matmul product_;
  engine::Arguments arguments_;
};

}  // namespace frugal::bench
