// Seeded random streams. A stream is a pure function of a seed and of the names and numbers
// that it was derived with, so that (seed, epoch, photograph) always draws the same numbers,
// whoever asks and in whatever order. The generator is SplitMix64 (Steele, Lea & Flood 2014);
// the distributions are our own, so that a seed means the same on every platform.
// Not thread-safe; derive a stream for each thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace frugal {

class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed);

  // An independent stream for one purpose: RandomStream(seed).derive("epoch").derive(3).
  RandomStream derive(std::string_view purpose) const;
  RandomStream derive(std::uint64_t number) const;

  std::uint64_t bits();                     // 64 uniform bits
  double uniform();                         // [0, 1)
  double uniform(double low, double high);  // [low, high)
  double normal();                          // mean 0, deviation 1
  std::size_t below(std::size_t n);         // 0 .. n − 1; n > 0
  std::vector<std::size_t> permutation(std::size_t n);

 private:
  std::uint64_t state_;
};

}  // namespace frugal
