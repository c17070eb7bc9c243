#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "vision/data/codec.h"

namespace frugal::data {
namespace {

constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{512} << 20;

// Formats that people take for supported, by their first bytes (from the given offset).
struct Unsupported {
  std::size_t offset;
  std::string_view magic, name;
};
constexpr std::array<Unsupported, 7> kUnsupported{{{0, "GIF8", "GIF"},
                                                   {0, "BM", "BMP"},
                                                   {0, {"II*\0", 4}, "TIFF"},
                                                   {0, {"MM\0*", 4}, "TIFF"},
                                                   {4, "ftypheic", "HEIC"},
                                                   {4, "ftypmif1", "HEIC"},
                                                   {4, "ftypavif", "AVIF"}}};

const Codec& codec_of(std::string_view bytes, std::string_view name) {
  for (const Codec* codec : {&kJpeg, &kPng, &kWebp})
    if (codec->recognizes(bytes)) return *codec;
  if (bytes.empty()) throw InputError(fmt::format("{}: empty file", name));
  for (const auto& format : kUnsupported)
    if (bytes.size() > format.offset && bytes.substr(format.offset).starts_with(format.magic))
      throw InputError(fmt::format("{}: {} is not supported; convert it to JPEG, PNG or WebP", name,
                                   format.name));
  throw InputError(fmt::format("{}: not an image", name));
}

}  // namespace

void require_pixels(Size size, const DecodeOptions& options, std::string_view name) {
  if (size.height * size.width > options.max_pixels)
    throw InputError(fmt::format("{}: {} x {} pixels are more than the {} allowed", name,
                                 size.width, size.height, options.max_pixels));
}

Image blend_onto_white(const std::uint8_t* rgba, Size size) {
  Image image{size.height, size.width, {}};
  image.pixels.resize(size.height * size.width * 3);
  for (std::size_t i = 0; i < size.height * size.width; ++i) {
    const unsigned alpha = rgba[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c)
      image.pixels[3 * i + c] =
          static_cast<std::uint8_t>((rgba[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  return image;
}

Image decode_image(std::string_view bytes, const DecodeOptions& options, std::string_view name) {
  const Codec& codec = codec_of(bytes, name);
  Image image = codec.decode(bytes, options, name);
  return apply_orientation(std::move(image), exif_orientation(codec.exif(bytes)));
}

Size image_size(std::string_view bytes, std::string_view name) {
  const Codec& codec = codec_of(bytes, name);
  Size size = codec.size(bytes, name);
  if (exif_orientation(codec.exif(bytes)) >= 5) std::swap(size.height, size.width);
  return size;
}

std::string read_photograph(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) throw InputError(fmt::format("{}: no such file", path));
  if (!std::filesystem::is_regular_file(status))
    throw InputError(fmt::format("{}: not a regular file", path));
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw SystemError(fmt::format("cannot read {}", path), error.value());
  if (size == 0) throw InputError(fmt::format("{}: empty file", path));
  if (size > kMaxFileBytes)
    throw InputError(fmt::format("{}: {} MiB are more than a photograph has", path, size >> 20));
  return read_file(path);
}

Image read_image(const std::string& path, const DecodeOptions& options) {
  return decode_image(read_photograph(path), options, path);
}

}  // namespace frugal::data
