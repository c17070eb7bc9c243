// Photographs as pixels: decoding (JPEG, PNG, WebP; EXIF orientation applied), resizing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::data {

// RGB, interleaved, row by row: pixels[(y * width + x) * 3 + channel], 0..255.
struct Image {
  std::size_t height = 0, width = 0;
  std::vector<std::uint8_t> pixels;
  bool operator==(const Image&) const = default;
};

struct Size {
  std::size_t height = 0, width = 0;
  bool operator==(const Size&) const = default;
};

struct DecodeOptions {
  // When not 0, the decoder may return any size whose short side is at least this (JPEG's DCT
  // scaling makes that cheap).
  std::size_t at_least_short_side = 0;
  std::size_t max_pixels = 200'000'000;  // a header that claims more is refused before allocation
};

// name: for messages. Throws InputError: "x.jpg: truncated JPEG", "x.txt: not an image" ...
// Grey becomes RGB, alpha is blended onto white, CMYK is converted.
Image decode_image(std::string_view bytes, const DecodeOptions& options, std::string_view name);
Image read_image(const std::string& path, const DecodeOptions& options = {});

// Antialiased (triangle filter, support scaled by the factor, like PIL and torchvision with
// antialias) to exactly size.
Image resize(const Image& image, Size size);
// The smallest resize that covers size, then its centre: the evaluation view.
Image resize_and_center_crop(const Image& image, Size size);

std::string encode_png(const Image& image);
std::string encode_jpeg(const Image& image, int quality);

}  // namespace frugal::data
