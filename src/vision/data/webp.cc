#include <fmt/format.h>
#include <webp/decode.h>

#include <memory>

#include "base/error.h"
#include "vision/data/codec.h"

namespace frugal::data {
namespace {

const std::uint8_t* unsigned_bytes(std::string_view bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

[[noreturn]] void fail(VP8StatusCode status, std::string_view name) {
  if (status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED)
    throw InputError(fmt::format("{}: truncated WebP", name));
  throw InputError(fmt::format("{}: broken WebP (libwebp status {})", name, int{status}));
}

bool is_webp(std::string_view bytes) {
  return bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP";
}

Size webp_size(std::string_view bytes, std::string_view name) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(unsigned_bytes(bytes), bytes.size(), &features);
  if (status != VP8_STATUS_OK) fail(status, name);
  if (features.has_animation)
    throw InputError(fmt::format("{}: animated WebP; give a still photograph", name));
  return {static_cast<std::size_t>(features.height), static_cast<std::size_t>(features.width)};
}

// A flat WebP of a few bytes may rightly be large, so its length bounds nothing; but libwebp's own
// buffer, unlike a vector, costs address space only until the pixels are really decoded.
Image decode_webp(std::string_view bytes, const DecodeOptions& options, std::string_view name) {
  const Size size = webp_size(bytes, name);
  require_pixels(size, options, name);
  WebPDecoderConfig config;
  FRUGAL_CHECK(WebPInitDecoderConfig(&config));
  config.output.colorspace = MODE_RGBA;
  const std::unique_ptr<WebPDecBuffer, void (*)(WebPDecBuffer*)> owned(&config.output,
                                                                       WebPFreeDecBuffer);
  const VP8StatusCode status = WebPDecode(unsigned_bytes(bytes), bytes.size(), &config);
  if (status != VP8_STATUS_OK) fail(status, name);
  return blend_onto_white(config.output.u.RGBA.rgba, size);
}

// RIFF chunks are four bytes of type, four of length (little-endian), the content padded to an
// even length.
std::string_view webp_exif(std::string_view bytes) {
  using namespace std::string_view_literals;
  std::size_t at = 12;
  while (at + 8 <= bytes.size()) {
    std::size_t length = 0;
    for (std::size_t i = 4; i > 0; --i)
      length = length << 8 | static_cast<std::uint8_t>(bytes[at + 3 + i]);
    if (bytes.substr(at, 4) == "EXIF") {
      std::string_view exif = bytes.substr(at + 8, length);
      if (exif.starts_with("Exif\0\0"sv)) exif.remove_prefix(6);  // some writers keep JPEG's prefix
      return exif;
    }
    at += 8 + length + length % 2;
  }
  return {};
}

}  // namespace

const Codec kWebp{"WebP", is_webp, webp_size, decode_webp, webp_exif};

}  // namespace frugal::data
