// Photographs as pixels: decoding (JPEG, PNG, WebP; EXIF orientation applied), resizing,
// encoding. Nothing here trusts a file: no allocation is made on the word of a header that the
// length of the file cannot back. All functions are thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
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
  // scaling makes that cheap), or the full size when that is smaller.
  std::size_t at_least_short_side = 0;
  std::size_t max_pixels = 200'000'000;  // a header that claims more is refused before allocation
};

// name: for messages. Throws InputError: "x.jpg: truncated JPEG", "x.txt: not an image" ...
// Grey becomes RGB, alpha is blended onto white, 16 bits become 8, CMYK is converted (inverted,
// as Adobe writes it and PIL reads it). Colour profiles and gamma are ignored, as by PIL.
// Harmless oddities of JPEG files (stray bytes between segments) are let pass.
Image decode_image(std::string_view bytes, const DecodeOptions& options, std::string_view name);

// The full size, after orientation, from the header alone. Throws InputError as decode_image.
Size image_size(std::string_view bytes, std::string_view name);

// The bytes of a photograph's file. Throws InputError when it is no regular file, is empty or
// larger than any photograph (512 MiB), SystemError when the system refuses.
std::string read_photograph(const std::string& path);
// read_photograph and decode_image.
Image read_image(const std::string& path, const DecodeOptions& options = {});

// Antialiased (triangle filter, support scaled by the factor, like PIL and torchvision with
// antialias) to exactly size. Neither size may be empty.
Image resize(const Image& image, Size size);
// The smallest resize that covers size, then its centre: the evaluation view.
Image resize_and_center_crop(const Image& image, Size size);

std::string encode_png(const Image& image);
// kQuick: chroma is halved (4:2:0) below 95, kept whole (4:4:4) from there on; below 96 the
// transform is a fast approximation. kLibjpeg: libjpeg's defaults, which PIL and torchvision keep:
// halved chroma, the accurate transform.
enum class JpegStyle { kQuick, kLibjpeg };
// quality: 1 to 100.
std::string encode_jpeg(const Image& image, int quality, JpegStyle style = JpegStyle::kQuick);

}  // namespace frugal::data
