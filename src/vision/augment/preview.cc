#include "vision/augment/preview.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "vision/augment/mix.h"

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;
constexpr std::size_t kGap = 4, kFirstGap = 16, kMargin = 8;  // pixels

data::Image blank(data::Size size) {
  return {size.height, size.width,
          std::vector<std::uint8_t>(size.height * size.width * kChannels, 255)};
}

data::Size size_of(const data::Image& image) {
  return {image.height, image.width};
}

void paste(const data::Image& picture, data::Image& sheet, std::size_t top, std::size_t left) {
  const std::size_t row = picture.width * kChannels;
  for (std::size_t y = 0; y < picture.height; ++y)
    std::copy_n(&picture.pixels[y * row], row,
                &sheet.pixels[((top + y) * sheet.width + left) * kChannels]);
}

}  // namespace

std::vector<data::Image> training_views(const Policy& policy,
                                        const std::vector<data::Image>& canvases, data::Size view,
                                        std::uint64_t seed, std::size_t epoch) {
  std::vector<data::Image> views;
  for (std::size_t i = 0; i < canvases.size(); ++i) {
    views.push_back(blank(view));
    apply(policy, canvases[i].pixels, size_of(canvases[i]), view, view_stream(seed, epoch, i),
          views.back().pixels);
  }
  std::vector<data::Image> mixed = views;
  for (std::size_t i = 0; i < views.size(); ++i)
    if (const auto drawn = draw_mix(policy, view, views.size(), view_stream(seed, epoch, i)))
      mix(mixed[i].pixels, views[drawn->partner].pixels, view, *drawn);
  return mixed;
}

std::vector<data::Image> central_views(const std::vector<data::Image>& canvases, data::Size view) {
  std::vector<data::Image> views;
  for (const data::Image& canvas : canvases) {
    views.push_back(blank(view));
    center(canvas.pixels, size_of(canvas), view, views.back().pixels);
  }
  return views;
}

data::Image contact_sheet(const std::vector<std::vector<data::Image>>& rows) {
  FRUGAL_CHECK(!rows.empty() && !rows.front().empty());
  const data::Size cell = size_of(rows.front().front());
  std::size_t columns = 0;
  for (const auto& row : rows) columns = std::max(columns, row.size());
  const std::size_t more = rows.size() - 1;
  data::Image sheet = blank(
      {2 * kMargin + rows.size() * cell.height + (more > 0 ? kFirstGap + (more - 1) * kGap : 0),
       2 * kMargin + columns * cell.width + (columns - 1) * kGap});
  std::size_t top = kMargin;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      FRUGAL_CHECK(size_of(rows[r][c]) == cell, "pictures of two sizes on one sheet");
      paste(rows[r][c], sheet, top, kMargin + c * (cell.width + kGap));
    }
    top += cell.height + (r == 0 ? kFirstGap : kGap);
  }
  return sheet;
}

}  // namespace frugal::augment
