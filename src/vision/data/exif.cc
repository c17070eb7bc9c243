#include <cstdint>
#include <utility>

#include "vision/data/codec.h"

namespace frugal::data {
namespace {

constexpr unsigned kOrientationTag = 0x0112;
constexpr unsigned kShort = 3;

// Reads unsigned numbers of either byte order inside the bounds of a block; 0 outside of them.
class TiffReader {
 public:
  TiffReader(std::string_view tiff, bool big_endian) : tiff_(tiff), big_endian_(big_endian) {}

  std::uint32_t number(std::size_t offset, std::size_t bytes) const {
    if (offset > tiff_.size() || bytes > tiff_.size() - offset) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
      const std::size_t at = big_endian_ ? offset + i : offset + bytes - 1 - i;
      value = (value << 8) | static_cast<std::uint8_t>(tiff_[at]);
    }
    return value;
  }

 private:
  std::string_view tiff_;
  bool big_endian_;
};

}  // namespace

int exif_orientation(std::string_view tiff) {
  if (!tiff.starts_with("II") && !tiff.starts_with("MM")) return 1;
  const TiffReader reader(tiff, tiff[0] == 'M');
  if (reader.number(2, 2) != 42) return 1;
  const std::size_t directory = reader.number(4, 4);
  const std::size_t entries = reader.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    if (entry >= tiff.size()) break;
    if (reader.number(entry, 2) != kOrientationTag || reader.number(entry + 2, 2) != kShort)
      continue;
    const auto orientation = static_cast<int>(reader.number(entry + 8, 2));
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

Image apply_orientation(Image image, int orientation) {
  if (orientation == 1) return image;
  // The upright picture is the stored one, transposed or not, read from the right, from the bottom,
  // or from both.
  const bool transposed = orientation >= 5;
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image upright{.height = image.height, .width = image.width, .pixels = {}};
  if (transposed) std::swap(upright.height, upright.width);
  upright.pixels.resize(image.pixels.size());
  std::uint8_t* out = upright.pixels.data();
  for (std::size_t y = 0; y < upright.height; ++y) {
    for (std::size_t x = 0; x < upright.width; ++x) {
      std::size_t stored_x = transposed ? y : x;
      std::size_t stored_y = transposed ? x : y;
      if (from_right) stored_x = image.width - 1 - stored_x;
      if (from_bottom) stored_y = image.height - 1 - stored_y;
      const std::uint8_t* in = image.pixels.data() + (stored_y * image.width + stored_x) * 3;
      for (int c = 0; c < 3; ++c) *out++ = in[c];
    }
  }
  return upright;
}

}  // namespace frugal::data
