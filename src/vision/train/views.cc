#include "vision/train/views.h"

#include <algorithm>
#include <cmath>

#include "vision/augment/policy.h"

namespace frugal::train {
namespace {

constexpr double kGrowing = 0.75;  // share of the run
constexpr double kMultiple = 16;   // pixels

double area(data::Size size) {
  return static_cast<double>(size.height) * static_cast<double>(size.width);
}

}  // namespace

data::Size test_view(const Recipe& recipe) {
  const data::Size view{recipe.height, recipe.width};
  return recipe.test_view == TestView::kWhole ? augment::canvas_for(view) : view;
}

data::Size training_view(const Recipe& recipe, double done) {
  const double scale =
      std::min(1.0, recipe.start_scale + (1 - recipe.start_scale) * done / kGrowing);
  const auto scaled = [&](std::size_t side) {
    if (scale == 1) return side;
    const double wanted = std::round(scale * static_cast<double>(side) / kMultiple) * kMultiple;
    return std::min(side, static_cast<std::size_t>(std::max(kMultiple, wanted)));
  };
  return {scaled(recipe.height), scaled(recipe.width)};
}

double mean_seconds(const Recipe& recipe, double seconds_at_start, double seconds_at_end) {
  constexpr int kPoints = 100;
  const double first = area(training_view(recipe, 0)), last = area(training_view(recipe, 1));
  if (first == last) return seconds_at_end;
  double sum = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double now = area(training_view(recipe, (i + 0.5) / kPoints));
    sum += seconds_at_start + (seconds_at_end - seconds_at_start) * (now - first) / (last - first);
  }
  return sum / kPoints;
}

}  // namespace frugal::train
