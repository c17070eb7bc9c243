// Core seconds of the colour transforms on a batch of photographs of 224 × 224 pixels that no
// cache holds, on one core, in one round; compare.py runs many, in turn with torchvision's.
// Prints a line a case: its name and microseconds of processor time a photograph.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "vision/augment/color.h"
#include "vision/augment/color_kernels.h"
#include "vision/augment/policy.h"

namespace {

using namespace frugal::augment;  // one file, one subject

constexpr std::size_t kSide = 224, kBytes = kSide * kSide * 3, kPhotographs = 256;

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

using Pixels = std::span<std::uint8_t>;

void measure(const std::string& name, std::vector<std::uint8_t>& batch,
             const std::function<void(Pixels, std::size_t)>& work) {
  double best = 0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double start = processor_seconds();
    for (std::size_t i = 0; i < kPhotographs; ++i)
      work(Pixels(batch).subspan(i * kBytes, kBytes), i);
    const double seconds = processor_seconds() - start;
    best = repeat == 0 ? seconds : std::min(best, seconds);
  }
  std::printf("%s %.3f\n", name.c_str(), 1e6 * best / kPhotographs);
}

// As ColorJitter(0.4, 0.4, 0.4) draws them; near 1, so that the photographs keep their colours.
std::array<ColorStep, 3> steps_of(std::size_t i) {
  const double spread = 0.4 * (static_cast<double>(i % 16) - 7.5) / 8;
  return {{{ColorKind::kBrightness, 1 + spread},
           {ColorKind::kContrast, 1 - spread},
           {ColorKind::kSaturation, 1 + spread}}};
}

void saturate_plainly(Pixels pixels, const ColorStep& step) {
  ValueTable same;
  for (std::size_t v = 0; v < same.size(); ++v) same[v] = static_cast<std::uint8_t>(v);
  plain::saturate(pixels, same, static_cast<float>(step.factor),
                  static_cast<float>(1 - step.factor));
}

}  // namespace

int main() {
  std::vector<std::uint8_t> original(kPhotographs * kBytes);
  frugal::RandomStream random(1);
  for (std::size_t i = 0; i < original.size(); i += 8) {
    const std::uint64_t bits = random.bits();
    std::memcpy(&original[i], &bits, 8);
  }
  std::vector<std::uint8_t> batch = original;
  const auto one = [&](std::size_t step) {
    return [step](Pixels pixels, std::size_t i) { adjust_color(pixels, {&steps_of(i)[step], 1}); };
  };

  measure("copy", batch, [&](Pixels pixels, std::size_t i) {
    std::memcpy(pixels.data(), &original[i * kBytes], kBytes);
  });
  measure("brightness", batch, one(0));
  measure("contrast", batch = original, one(1));
  measure("saturation", batch = original, one(2));
  measure("saturation, plain", batch = original,
          [](Pixels pixels, std::size_t i) { saturate_plainly(pixels, steps_of(i)[2]); });
  measure("hue", batch = original, [](Pixels pixels, std::size_t i) {
    adjust_hue(pixels, 0.1 * (static_cast<double>(i % 16) - 7.5) / 8);
  });
  measure("brightness + contrast, fused", batch = original, [](Pixels pixels, std::size_t i) {
    const auto steps = steps_of(i);
    adjust_color(pixels, std::span(steps).first(2));
  });
  measure("brightness + contrast + saturation, fused", batch = original,
          [](Pixels pixels, std::size_t i) { adjust_color(pixels, steps_of(i)); });
  measure("brightness + contrast + saturation, apart", batch = original,
          [](Pixels pixels, std::size_t i) {
            for (const ColorStep& step : steps_of(i)) adjust_color(pixels, {&step, 1});
          });
  measure("colour group (with hue)", batch = original, [](Pixels pixels, std::size_t i) {
    adjust_color(pixels, steps_of(i));
    adjust_hue(pixels, 0.1 * (static_cast<double>(i % 16) - 7.5) / 8);
  });
  return 0;
}
