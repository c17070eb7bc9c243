// The loops over pixels behind adjust_color. Each exists twice: plain, which is the reference, and
// as fast as this processor allows (AVX-512 with byte permutes where the compiler may use it, else
// the plain one). Both give the same bytes.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace frugal::augment {

// What becomes of each value of a channel.
using ValueTable = std::array<std::uint8_t, 256>;

// pixels: RGB, interleaved. Grey is ITU-R BT.601's luma, truncated, as torchvision's
// rgb_to_grayscale has it.
namespace plain {
void look_up(std::span<std::uint8_t> pixels, const ValueTable& table);
// The sum of the greys of table[pixels].
std::uint64_t grey_sum(std::span<const std::uint8_t> pixels, const ValueTable& table);
// v = table[pixel] becomes factor × v + rest × grey, clamped to 0..255 and truncated.
void saturate(std::span<std::uint8_t> pixels, const ValueTable& table, float factor, float rest);
}  // namespace plain

namespace fast {
void look_up(std::span<std::uint8_t> pixels, const ValueTable& table);
std::uint64_t grey_sum(std::span<const std::uint8_t> pixels, const ValueTable& table);
void saturate(std::span<std::uint8_t> pixels, const ValueTable& table, float factor, float rest);
}  // namespace fast

}  // namespace frugal::augment
