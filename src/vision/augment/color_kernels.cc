#include "vision/augment/color_kernels.h"

#include <algorithm>
#include <cstddef>

#if defined(__AVX512VBMI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define FRUGAL_BYTE_PERMUTES 1
#include <immintrin.h>
#ifndef __clang__
// GCC 12 takes the registers that its own intrinsics leave open on purpose for a mistake.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#endif

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;
constexpr float kRed = 0.2989f, kGreen = 0.587f, kBlue = 0.114f;

std::uint8_t grey(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  return static_cast<std::uint8_t>(kRed * static_cast<float>(red) +
                                   kGreen * static_cast<float>(green) +
                                   kBlue * static_cast<float>(blue));
}

}  // namespace

namespace plain {

void look_up(std::span<std::uint8_t> pixels, const ValueTable& table) {
  for (std::uint8_t& value : pixels) value = table[value];
}

std::uint64_t grey_sum(std::span<const std::uint8_t> pixels, const ValueTable& table) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + kChannels <= pixels.size(); i += kChannels)
    sum += grey(table[pixels[i]], table[pixels[i + 1]], table[pixels[i + 2]]);
  return sum;
}

void saturate(std::span<std::uint8_t> pixels, const ValueTable& table, float factor, float rest) {
  for (std::size_t i = 0; i + kChannels <= pixels.size(); i += kChannels) {
    std::uint8_t* pixel = &pixels[i];
    for (std::size_t c = 0; c < kChannels; ++c) pixel[c] = table[pixel[c]];
    const float offset = rest * static_cast<float>(grey(pixel[0], pixel[1], pixel[2]));
    for (std::size_t c = 0; c < kChannels; ++c)
      pixel[c] = static_cast<std::uint8_t>(
          std::clamp(factor * static_cast<float>(pixel[c]) + offset, 0.0f, 255.0f));
  }
}

}  // namespace plain

#ifdef FRUGAL_BYTE_PERMUTES

namespace {

constexpr std::size_t kStep = 64;  // pixels at a time

// A table of 256 bytes in four registers, looked up 64 values at a time.
class TableRegisters {
 public:
  explicit TableRegisters(const ValueTable& table)
      : a_(load(table, 0)), b_(load(table, 64)), c_(load(table, 128)), d_(load(table, 192)) {}

  __m512i operator()(__m512i values) const {
    const __m512i low = _mm512_permutex2var_epi8(a_, values, b_);  // by the low seven bits
    const __m512i high = _mm512_permutex2var_epi8(c_, values, d_);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(values), low, high);
  }

 private:
  static __m512i load(const ValueTable& table, std::size_t from) {
    return _mm512_loadu_si512(table.data() + from);
  }
  __m512i a_, b_, c_, d_;
};

// 64 pixels, a channel in a register.
struct Channels {
  __m512i red, green, blue;
};

// Where the bytes of channel c stand in 192 interleaved ones: first in the first two registers
// (index below 128), then, for those that lie beyond, in the third.
struct Gather {
  alignas(64) std::array<std::uint8_t, 64> pair, third;
  std::uint64_t from_third = 0;
};

constexpr Gather gather_of(std::size_t channel) {
  Gather gather{};
  for (std::size_t i = 0; i < 64; ++i) {
    const std::size_t at = i * kChannels + channel;
    gather.pair[i] = static_cast<std::uint8_t>(at % 128);
    gather.third[i] = static_cast<std::uint8_t>(at % 64);
    if (at >= 128) gather.from_third |= std::uint64_t{1} << i;
  }
  return gather;
}

// Where interleaved byte at of register r comes from: red and green as a pair, or blue.
constexpr Gather scatter_of(std::size_t r) {
  Gather scatter{};
  for (std::size_t i = 0; i < 64; ++i) {
    const std::size_t at = r * 64 + i, pixel = at / kChannels, channel = at % kChannels;
    scatter.pair[i] = static_cast<std::uint8_t>(pixel + (channel == 1 ? 64 : 0));
    scatter.third[i] = static_cast<std::uint8_t>(pixel);
    if (channel == 2) scatter.from_third |= std::uint64_t{1} << i;
  }
  return scatter;
}

constexpr std::array<Gather, 3> kGather = {gather_of(0), gather_of(1), gather_of(2)};
constexpr std::array<Gather, 3> kScatter = {scatter_of(0), scatter_of(1), scatter_of(2)};

__m512i pick(const Gather& from, __m512i a, __m512i b, __m512i c) {
  const __m512i pair = _mm512_permutex2var_epi8(a, _mm512_load_si512(from.pair.data()), b);
  return _mm512_mask_permutexvar_epi8(pair, from.from_third, _mm512_load_si512(from.third.data()),
                                      c);
}

Channels load_pixels(const std::uint8_t* pixels, const TableRegisters& table) {
  const __m512i a = table(_mm512_loadu_si512(pixels));
  const __m512i b = table(_mm512_loadu_si512(pixels + 64));
  const __m512i c = table(_mm512_loadu_si512(pixels + 128));
  return {pick(kGather[0], a, b, c), pick(kGather[1], a, b, c), pick(kGather[2], a, b, c)};
}

void store_pixels(const Channels& channels, std::uint8_t* pixels) {
  for (std::size_t r = 0; r < 3; ++r)
    _mm512_storeu_si512(pixels + r * 64,
                        pick(kScatter[r], channels.red, channels.green, channels.blue));
}

// 64 bytes as four registers of floats, and back. Within each lane of 16 bytes the first register
// takes the first four, and so on: an order that packing undoes, without crossing lanes.
struct Floats {
  __m512 quarter[4];
};

// Bytes 4 q .. 4 q + 3 of each lane, each with three zero bytes behind it.
constexpr std::array<std::uint8_t, 64> widening(std::size_t q) {
  std::array<std::uint8_t, 64> order{};
  for (std::size_t i = 0; i < 64; ++i)
    order[i] = static_cast<std::uint8_t>(i % 4 == 0 ? 4 * q + i % 16 / 4 : 0x80);
  return order;
}
struct Widening {
  alignas(64) std::array<std::uint8_t, 64> order[4];
};
constexpr Widening kWidening = {widening(0), widening(1), widening(2), widening(3)};

Floats floats(__m512i bytes) {
  Floats result;
  for (std::size_t q = 0; q < 4; ++q)
    result.quarter[q] = _mm512_cvtepi32_ps(
        _mm512_shuffle_epi8(bytes, _mm512_load_si512(kWidening.order[q].data())));
  return result;
}

// Separate multiplications and additions: a fused one would round otherwise than the reference.
__m512i grey_of(__m512 red, __m512 green, __m512 blue) {
  const __m512 sum = _mm512_add_ps(_mm512_mul_ps(_mm512_set1_ps(kRed), red),
                                   _mm512_mul_ps(_mm512_set1_ps(kGreen), green));
  return _mm512_cvttps_epi32(_mm512_add_ps(sum, _mm512_mul_ps(_mm512_set1_ps(kBlue), blue)));
}

struct Offsets {
  __m512 quarter[4];
};

// Truncated; the packing clamps: first to 16 bits with a sign, then to 0..255.
__m512i blended(__m512 factor, const Floats& values, const Offsets& offsets) {
  __m512i whole[4];
  for (std::size_t q = 0; q < 4; ++q)
    whole[q] = _mm512_cvttps_epi32(
        _mm512_add_ps(_mm512_mul_ps(factor, values.quarter[q]), offsets.quarter[q]));
  return _mm512_packus_epi16(_mm512_packs_epi32(whole[0], whole[1]),
                             _mm512_packs_epi32(whole[2], whole[3]));
}

}  // namespace

namespace fast {

void look_up(std::span<std::uint8_t> pixels, const ValueTable& table) {
  const TableRegisters registers(table);
  std::size_t i = 0;
  for (; i + 64 <= pixels.size(); i += 64)
    _mm512_storeu_si512(&pixels[i], registers(_mm512_loadu_si512(&pixels[i])));
  plain::look_up(pixels.subspan(i), table);
}

std::uint64_t grey_sum(std::span<const std::uint8_t> pixels, const ValueTable& table) {
  const TableRegisters registers(table);
  std::uint64_t total = 0;
  std::size_t i = 0;
  while (i + kStep * kChannels <= pixels.size()) {
    __m512i sum = _mm512_setzero_si512();  // 32 bits a lane: good for 2²² steps
    for (std::size_t steps = 0; steps < 1 << 16 && i + kStep * kChannels <= pixels.size();
         ++steps, i += kStep * kChannels) {
      const Channels channels = load_pixels(&pixels[i], registers);
      const Floats r = floats(channels.red), g = floats(channels.green), b = floats(channels.blue);
      for (std::size_t q = 0; q < 4; ++q)
        sum = _mm512_add_epi32(sum, grey_of(r.quarter[q], g.quarter[q], b.quarter[q]));
    }
    alignas(64) std::array<std::uint32_t, 16> lanes;
    _mm512_store_si512(lanes.data(), sum);
    for (const std::uint32_t lane : lanes) total += lane;
  }
  return total + plain::grey_sum(pixels.subspan(i), table);
}

void saturate(std::span<std::uint8_t> pixels, const ValueTable& table, float factor, float rest) {
  const TableRegisters registers(table);
  const __m512 factors = _mm512_set1_ps(factor), rests = _mm512_set1_ps(rest);
  std::size_t i = 0;
  for (; i + kStep * kChannels <= pixels.size(); i += kStep * kChannels) {
    const Channels channels = load_pixels(&pixels[i], registers);
    const Floats r = floats(channels.red), g = floats(channels.green), b = floats(channels.blue);
    Offsets offsets;
    for (std::size_t q = 0; q < 4; ++q)
      offsets.quarter[q] = _mm512_mul_ps(
          rests, _mm512_cvtepi32_ps(grey_of(r.quarter[q], g.quarter[q], b.quarter[q])));
    store_pixels(
        {blended(factors, r, offsets), blended(factors, g, offsets), blended(factors, b, offsets)},
        &pixels[i]);
  }
  plain::saturate(pixels.subspan(i), table, factor, rest);
}

}  // namespace fast

#else

namespace fast {

void look_up(std::span<std::uint8_t> pixels, const ValueTable& table) {
  plain::look_up(pixels, table);
}

std::uint64_t grey_sum(std::span<const std::uint8_t> pixels, const ValueTable& table) {
  return plain::grey_sum(pixels, table);
}

void saturate(std::span<std::uint8_t> pixels, const ValueTable& table, float factor, float rest) {
  plain::saturate(pixels, table, factor, rest);
}

}  // namespace fast

#endif

}  // namespace frugal::augment
