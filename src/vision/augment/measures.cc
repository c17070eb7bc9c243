#include "vision/augment/measures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;
constexpr double kNormal95 = 1.959964;

// Mean and deviation of numbers that come one by one (Welford 1962).
class Moments {
 public:
  void add(double x) {
    const double delta = x - mean_;
    mean_ += delta / ++count_;
    squares_ += delta * (x - mean_);
  }
  double mean() const { return mean_; }
  double deviation() const { return count_ > 0 ? std::sqrt(squares_ / count_) : 0; }
  double variance_of_mean() const { return count_ > 1 ? squares_ / (count_ - 1) / count_ : 0; }

 private:
  double count_ = 0, mean_ = 0, squares_ = 0;
};

double luma(const std::uint8_t* pixel) {
  return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
}

double saturation(const std::uint8_t* pixel) {
  const auto [min, max] = std::minmax({pixel[0], pixel[1], pixel[2]});
  return max == 0 ? 0 : static_cast<double>(max - min) / max;
}

double entropy(const std::vector<double>& grey) {
  std::array<double, 256> counts{};
  for (const double value : grey) counts[static_cast<std::size_t>(std::lround(value))] += 1;
  double bits = 0;
  for (const double count : counts) {
    const double share = count / static_cast<double>(grey.size());
    if (share > 0) bits -= share * std::log2(share);
  }
  return bits;
}

struct Edges {
  double object = 0, clutter = 0;
};

// The border pixels, which lack a neighbour, count to neither.
Edges edges(const std::vector<double>& grey, data::Size size, const Window& object) {
  const auto at = [&](std::size_t y, std::size_t x) { return grey[y * size.width + x] / 255; };
  Moments inside, outside;
  for (std::size_t y = 1; y + 1 < size.height; ++y)
    for (std::size_t x = 1; x + 1 < size.width; ++x) {
      const double dx = at(y - 1, x + 1) + 2 * at(y, x + 1) + at(y + 1, x + 1) - at(y - 1, x - 1) -
                        2 * at(y, x - 1) - at(y + 1, x - 1);
      const double dy = at(y + 1, x - 1) + 2 * at(y + 1, x) + at(y + 1, x + 1) - at(y - 1, x - 1) -
                        2 * at(y - 1, x) - at(y - 1, x + 1);
      const bool within = y >= object.top && y < object.top + object.height && x >= object.left &&
                          x < object.left + object.width;
      (within ? inside : outside).add((dx * dx + dy * dy) / 16);
    }
  return {inside.mean(), outside.mean()};
}

}  // namespace

Measures measure(const data::Image& picture, const std::optional<Window>& object) {
  FRUGAL_CHECK(!picture.pixels.empty());
  const data::Size size{picture.height, picture.width};
  Moments red_green, yellow_blue, saturations, lumas;
  std::vector<double> grey;
  grey.reserve(picture.pixels.size() / kChannels);
  for (std::size_t i = 0; i < picture.pixels.size(); i += kChannels) {
    const std::uint8_t* pixel = &picture.pixels[i];
    red_green.add(pixel[0] - pixel[1]);
    yellow_blue.add(0.5 * (pixel[0] + pixel[1]) - pixel[2]);
    saturations.add(saturation(pixel));
    grey.push_back(luma(pixel));
    lumas.add(grey.back());
  }
  const Window middle{size.height / 4, size.width / 4, (size.height + 1) / 2, (size.width + 1) / 2};
  const Edges energy = edges(grey, size, object.value_or(middle));
  return {.colourfulness = std::hypot(red_green.deviation(), yellow_blue.deviation()) +
                           0.3 * std::hypot(red_green.mean(), yellow_blue.mean()),
          .saturation = saturations.mean(),
          .contrast = lumas.deviation() / 255,
          .object_edges = energy.object,
          .clutter_edges = energy.clutter,
          .entropy = entropy(grey)};
}

const std::vector<MeasureColumn>& measure_columns() {
  static const std::vector<MeasureColumn> columns = {
      {"colourfulness", &Measures::colourfulness}, {"saturation", &Measures::saturation},
      {"contrast", &Measures::contrast},           {"object_edges", &Measures::object_edges},
      {"clutter_edges", &Measures::clutter_edges}, {"entropy", &Measures::entropy},
  };
  return columns;
}

Json to_json(const Measures& measures) {
  Json json = Json::object();
  for (const MeasureColumn& column : measure_columns()) json[column.name] = measures.*column.value;
  return json;
}

std::vector<MeasureChange> compare(std::span<const Measures> before,
                                   std::span<const Measures> after) {
  FRUGAL_CHECK(!before.empty() && !after.empty() && after.size() % before.size() == 0);
  const std::size_t variants = after.size() / before.size();
  std::vector<MeasureChange> changes;
  for (const MeasureColumn& column : measure_columns()) {
    Moments first, second, change;
    for (std::size_t i = 0; i < before.size(); ++i) {
      Moments variant;
      for (std::size_t v = 0; v < variants; ++v)
        variant.add(after[v * before.size() + i].*column.value);
      first.add(before[i].*column.value);
      second.add(variant.mean());
      change.add(variant.mean() - before[i].*column.value);
    }
    changes.push_back({column.name, first.mean(), second.mean(), change.mean(),
                       kNormal95 * std::sqrt(change.variance_of_mean())});
  }
  return changes;
}

Json to_json(const std::vector<MeasureChange>& changes) {
  Json json = Json::object();
  for (const MeasureChange& change : changes)
    json[change.name] = {{"before", change.before},
                         {"after", change.after},
                         {"change", change.change},
                         {"change_margin", change.change_margin}};
  return json;
}

}  // namespace frugal::augment
