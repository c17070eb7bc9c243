#include "vision/augment/policy.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "base/error.h"
#include "vision/augment/color.h"
#include "vision/augment/geometry.h"
#include "vision/augment/transforms.h"

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;

// Applies transforms, the colour steps among them as late as they may be.
class Painter {
 public:
  Painter(data::Image& picture, data::Size view) : picture_(picture), view_(view) {}

  void apply(const Row& row, const Values& values, RandomStream& random) {
    if (const auto* color = std::get_if<ColorFunction>(&row.function)) {
      steps_.push_back((*color)(values, random));
    } else if (const auto* function = std::get_if<PictureFunction>(&row.function)) {
      finish();
      (*function)(picture_, view_, values, random);
    }
  }

  void finish() {
    if (!steps_.empty()) adjust_color(picture_.pixels, steps_);
    steps_.clear();
  }

 private:
  data::Image& picture_;
  data::Size view_;
  std::vector<ColorStep> steps_;
};

}  // namespace

const std::vector<Transform>& transforms() {
  static const std::vector<Transform> list = [] {
    std::vector<Transform> made;
    for (const Row& row : rows()) made.push_back(row.transform);
    return made;
  }();
  return list;
}

RandomStream view_stream(std::uint64_t seed, std::size_t epoch, std::size_t photograph) {
  return RandomStream(seed).derive("augment").derive(epoch).derive(photograph);
}

void apply(const Policy& policy, std::span<const std::uint8_t> canvas_pixels, data::Size canvas,
           data::Size view, RandomStream random, std::span<std::uint8_t> view_pixels) {
  FRUGAL_CHECK(canvas_pixels.size() == canvas.height * canvas.width * kChannels);
  thread_local data::Image picture;  // kept for its memory alone
  picture.height = canvas.height;
  picture.width = canvas.width;
  picture.pixels.assign(canvas_pixels.begin(), canvas_pixels.end());
  Painter painter(picture, view);
  for (std::size_t i = 0; i < policy.uses.size(); ++i) {
    const TransformUse& use = policy.uses[i];
    const Row* row = find_row(use.transform);
    FRUGAL_CHECK(row != nullptr, use.transform);
    RandomStream draws = random.derive(i);  // one use's draws do not move another's
    if (draws.uniform() >= use.probability) continue;
    painter.apply(*row, Values(row->transform, use), draws);
  }
  painter.finish();
  center(picture.pixels, {picture.height, picture.width}, view, view_pixels);
}

void center(std::span<const std::uint8_t> canvas_pixels, data::Size canvas, data::Size view,
            std::span<std::uint8_t> view_pixels) {
  FRUGAL_CHECK(view.height <= canvas.height && view.width <= canvas.width);
  FRUGAL_CHECK(canvas_pixels.size() == canvas.height * canvas.width * kChannels);
  FRUGAL_CHECK(view_pixels.size() == view.height * view.width * kChannels);
  const std::size_t top = (canvas.height - view.height) / 2;
  const std::size_t left = (canvas.width - view.width) / 2;
  for (std::size_t y = 0; y < view.height; ++y)
    std::memcpy(view_pixels.data() + y * view.width * kChannels,
                canvas_pixels.data() + ((top + y) * canvas.width + left) * kChannels,
                view.width * kChannels);
}

data::Size canvas_for(data::Size view) {
  const auto larger = [](std::size_t side) { return side + (side + 6) / 7; };
  return {larger(view.height), larger(view.width)};
}

}  // namespace frugal::augment
