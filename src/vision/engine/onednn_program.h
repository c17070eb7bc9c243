// A folded network made into oneDNN's primitives, for groups of so many photographs and one thread.
// Nothing here changes once it is made: threads share it.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "vision/data/image.h"
#include "vision/engine/engine.h"
#include "vision/engine/folded_network.h"
#include "vision/engine/onednn_api.h"

namespace frugal::engine {

// How large the results of each convolution become: what int8 takes for 255 (127 where they have a
// sign).
using Ranges = std::vector<float>;

struct Step {
  static constexpr std::size_t kPicture = kBufferCount;  // as a source

  dnnl::primitive primitive;
  dnnl::memory::desc source, target;  // channels last
  std::size_t source_buffer = 0, target_buffer = 0;
  Arguments constants;  // weights, bias, scales; none of the pool
};

// What comes out of a step and is kept.
struct Output {
  std::size_t step = 0;
  dnnl::memory::desc shape;  // channels last
  std::size_t buffer = 0;
  float unit = 1;  // the value of 1 in it
};

class Program {
 public:
  // layers: which ones' results are outputs, ascending. ranges: of all convolutions; for int8 only.
  // Throws dnnl::error.
  Program(const FoldedNetwork& network, const std::vector<std::size_t>& layers, Precision precision,
          const Ranges& ranges, data::Size view, std::size_t group);

  static constexpr std::size_t kBorder = 3;  // pixels around a picture: the first kernel's padding
  static constexpr std::size_t kPoolStep =
      1;  // the others are convolutions, in the network's order

  std::size_t group() const { return group_; }
  // What an element of the picture is for a pixel of value p: p − pixel_offset, and border outside.
  const std::array<float, 3>& pixel_offset() const { return pixel_offset_; }
  const std::array<float, 3>& border() const { return border_; }
  const dnnl::memory::desc& picture() const { return steps_.front().source; }

  const std::vector<Step>& steps() const { return steps_; }
  const std::vector<Output>& outputs() const { return outputs_; }

  const std::array<std::size_t, kBufferCount>& buffer_bytes() const { return buffer_bytes_; }
  std::size_t scratchpad_bytes() const { return scratchpad_bytes_; }
  std::size_t constant_bytes() const { return constant_bytes_; }
  const dnnl::engine& engine() const { return engine_; }

 private:
  Convolution taking_pictures(Convolution stem) const;
  void add(const Convolution& convolution, float range);
  void add_max_pool(std::size_t source);
  void add(Step step, const dnnl::memory::desc& scratchpad);
  dnnl::memory::data_type activation_type(bool rectified) const;
  // Values (oihw, or one for each channel) where and as the primitive wants them.
  dnnl::memory constant(const dnnl::memory::desc& given, const void* values,
                        const dnnl::memory::desc& wanted);

  dnnl::engine engine_;
  dnnl::stream stream_;
  Precision precision_;
  std::size_t group_;
  std::array<float, 3> pixel_mean_, pixel_offset_{}, border_{};
  std::vector<Step> steps_;
  std::vector<Output> outputs_;
  // While it is made, what each buffer and, at Step::kPicture, the picture hold: shape, and the
  // value of one unit (1 but for int8).
  std::array<dnnl::memory::desc, kBufferCount + 1> held_;
  std::array<float, kBufferCount + 1> units_{};
  std::array<std::size_t, kBufferCount> buffer_bytes_{};
  std::size_t scratchpad_bytes_ = 0, constant_bytes_ = 0;
};

}  // namespace frugal::engine
