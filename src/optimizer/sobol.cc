#include "optimizer/sobol.h"

#include <algorithm>
#include <boost/random/sobol.hpp>

#include "base/random.h"

namespace frugal::optimizer {
namespace {

constexpr std::size_t kTableDimensions = 3667;

std::uint32_t reverse_bits(std::uint32_t x) {
  x = ((x >> 1) & 0x55555555u) | ((x & 0x55555555u) << 1);
  x = ((x >> 2) & 0x33333333u) | ((x & 0x33333333u) << 2);
  x = ((x >> 4) & 0x0f0f0f0fu) | ((x & 0x0f0f0f0fu) << 4);
  return __builtin_bswap32(x);
}

// A permutation in which each bit depends only on the bits below it (Laine & Karras 2011).
std::uint32_t permute(std::uint32_t x, std::uint32_t seed) {
  x += seed;
  x ^= x * 0x6c50b47cu;
  x ^= x * 0xb82f1e52u;
  x ^= x * 0xc7afe638u;
  x ^= x * 0x8d22f6e6u;
  return x;
}

}  // namespace

std::vector<double> scrambled_sobol(std::uint64_t index, std::size_t dimension,
                                    std::uint64_t seed) {
  std::vector<double> point(dimension);
  const std::size_t tabled = std::min(dimension, kTableDimensions);
  boost::random::sobol_engine<std::uint32_t, 32> engine(tabled);
  engine.discard(index % 0x7fffffffu * tabled);
  for (std::size_t j = 0; j < dimension; ++j) {
    RandomStream stream = RandomStream(seed).derive(j);
    if (j >= tabled) {
      point[j] = stream.derive(index).uniform();
      continue;
    }
    const auto scramble = static_cast<std::uint32_t>(stream.bits());
    const auto drawn = static_cast<std::uint32_t>(engine());
    point[j] = reverse_bits(permute(reverse_bits(drawn), scramble)) * 0x1p-32;
  }
  return point;
}

}  // namespace frugal::optimizer
