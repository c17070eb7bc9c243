// What one thread needs to run a program: memory of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "vision/engine/onednn_program.h"

namespace frugal::engine {

// The results of a step, fp32: (n, height, width, channels) of the photographs from begin on.
using Observe =
    std::function<void(std::size_t begin, std::size_t step, std::span<const float> values)>;

class Lane {
 public:
  // program: outlives it. Throws dnnl::error, as run.
  Lane(const Program& program, bool pooled);

  // pixels: (n, height, width, 3), n up to the group. features: (n, the outputs one after the
  // other): their means over positions, or not pooled the one output.
  // observe: of programs in fp32; may be empty. begin: which photograph the first one is, for it.
  void run(std::span<const std::uint8_t> pixels, std::span<float> features, std::size_t begin,
           const Observe& observe);
  std::size_t memory_bytes() const;

 private:
  dnnl::memory bytes(std::size_t count) const;
  dnnl::memory buffer_as(const dnnl::memory::desc& shape, std::size_t buffer) const;
  void draw_border();
  void place(std::span<const std::uint8_t> pixels);
  void extract(std::size_t output, std::size_t offset, std::size_t n, std::span<float> features);

  // An output where it lies, and in fp32.
  struct Extraction {
    dnnl::memory held, rows;
    dnnl::reorder to_rows;
  };

  const Program& program_;
  const bool pooled_;
  dnnl::stream stream_;
  dnnl::memory picture_, scratchpad_;
  std::array<dnnl::memory, kBufferCount> buffers_;
  std::vector<Arguments> arguments_;  // of each step
  std::vector<Extraction> extractions_;
};

}  // namespace frugal::engine
