#include <fmt/format.h>
#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/error.h"
#include "vision/data/codec.h"

namespace frugal::data {
namespace {

using Handle = std::unique_ptr<void, int (*)(tjhandle)>;

struct Header {
  Size size;
  bool cmyk = false;
};

const unsigned char* unsigned_bytes(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// libjpeg goes on after a warning with invented pixels. Oddities that leave the pixels whole are
// let pass; the rest (a premature end, a bad code) is an error.
void require_intact(tjhandle handle, std::string_view name) {
  const std::string_view message = tjGetErrorStr2(handle);
  const bool harmless = message.find("extraneous bytes before marker") != message.npos ||
                        message.find("unknown JFIF revision") != message.npos ||
                        message.find("Unknown Adobe color transform") != message.npos;
  if (tjGetErrorCode(handle) == TJERR_WARNING && harmless) return;
  if (message.find("remature end") != message.npos)
    throw InputError(fmt::format("{}: truncated JPEG", name));
  throw InputError(fmt::format("{}: broken JPEG: {}", name, message));
}

Header read_header(tjhandle handle, std::string_view bytes, std::string_view name) {
  int width = 0, height = 0, subsampling = 0, colour_space = 0;
  if (tjDecompressHeader3(handle, unsigned_bytes(bytes), bytes.size(), &width, &height,
                          &subsampling, &colour_space) != 0)
    require_intact(handle, name);
  if (width <= 0 || height <= 0) throw InputError(fmt::format("{}: JPEG without a size", name));
  const Size size{static_cast<std::size_t>(height), static_cast<std::size_t>(width)};
  // A Huffman-coded picture spends at least one bit on each block of 8 × 8.
  if (size.height * size.width / 512 > bytes.size())
    throw InputError(fmt::format("{}: truncated JPEG: {} bytes cannot hold {} x {} pixels", name,
                                 bytes.size(), size.width, size.height));
  return {size, colour_space == TJCS_CMYK || colour_space == TJCS_YCCK};
}

// The smallest size that DCT scaling by a power of two gives (the ones with fast code) and whose
// short side is at least that long.
Size scaled_size(Size size, std::size_t at_least_short_side) {
  if (at_least_short_side == 0) return size;
  for (const std::size_t divisor : {8, 4, 2}) {
    const Size scaled{(size.height + divisor - 1) / divisor, (size.width + divisor - 1) / divisor};
    if (std::min(scaled.height, scaled.width) >= at_least_short_side) return scaled;
  }
  return size;
}

Image from_inverted_cmyk(const std::vector<std::uint8_t>& cmyk, Size size) {
  Image image{size.height, size.width, {}};
  image.pixels.resize(size.height * size.width * 3);
  for (std::size_t i = 0; i < size.height * size.width; ++i)
    for (std::size_t c = 0; c < 3; ++c)
      image.pixels[3 * i + c] =
          static_cast<std::uint8_t>((cmyk[4 * i + c] * cmyk[4 * i + 3] + 127) / 255);
  return image;
}

bool is_jpeg(std::string_view bytes) {
  return bytes.starts_with("\xff\xd8\xff");
}

Size jpeg_size(std::string_view bytes, std::string_view name) {
  const Handle handle(tjInitDecompress(), tjDestroy);
  FRUGAL_CHECK(handle != nullptr);
  return read_header(handle.get(), bytes, name).size;
}

Image decode_jpeg(std::string_view bytes, const DecodeOptions& options, std::string_view name) {
  const Handle handle(tjInitDecompress(), tjDestroy);
  FRUGAL_CHECK(handle != nullptr);
  const Header header = read_header(handle.get(), bytes, name);
  require_pixels(header.size, options, name);
  const Size size = scaled_size(header.size, options.at_least_short_side);
  const int format = header.cmyk ? TJPF_CMYK : TJPF_RGB;
  std::vector<std::uint8_t> pixels(size.height * size.width * (header.cmyk ? 4 : 3));
  if (tjDecompress2(handle.get(), unsigned_bytes(bytes), bytes.size(), pixels.data(),
                    static_cast<int>(size.width), 0, static_cast<int>(size.height), format,
                    TJFLAG_LIMITSCANS) != 0)
    require_intact(handle.get(), name);
  if (header.cmyk) return from_inverted_cmyk(pixels, size);
  return {size.height, size.width, std::move(pixels)};
}

// Segments are FF, marker, two bytes of length (itself included), content; the EXIF block is the
// APP1 (E1) whose content begins with "Exif" and two zeros. It stands before the scan (DA).
std::string_view jpeg_exif(std::string_view bytes) {
  using namespace std::string_view_literals;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  std::size_t at = 2;
  while (at + 4 <= bytes.size() && byte(at) == 0xff && byte(at + 1) != 0xda) {
    if (byte(at + 1) == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const std::size_t length = std::size_t{byte(at + 2)} << 8 | byte(at + 3);
    if (length < 2) break;
    const std::string_view content = bytes.substr(at + 4, length - 2);
    if (byte(at + 1) == 0xe1 && content.starts_with("Exif\0\0"sv)) return content.substr(6);
    at += 2 + length;
  }
  return {};
}

}  // namespace

const Codec kJpeg{"JPEG", is_jpeg, jpeg_size, decode_jpeg, jpeg_exif};

std::string encode_jpeg(const Image& image, int quality, JpegStyle style) {
  FRUGAL_CHECK(quality >= 1 && quality <= 100);
  FRUGAL_CHECK(image.height > 0 && image.width > 0 &&
               image.pixels.size() == image.height * image.width * 3);
  const Handle handle(tjInitCompress(), tjDestroy);
  FRUGAL_CHECK(handle != nullptr);
  const bool libjpeg = style == JpegStyle::kLibjpeg;
  unsigned char* data = nullptr;
  unsigned long size = 0;
  const int status = tjCompress2(handle.get(), image.pixels.data(), static_cast<int>(image.width),
                                 0, static_cast<int>(image.height), TJPF_RGB, &data, &size,
                                 quality < 95 || libjpeg ? TJSAMP_420 : TJSAMP_444, quality,
                                 libjpeg ? TJFLAG_ACCURATEDCT : 0);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned(data, tjFree);
  if (status != 0)
    throw InputError(fmt::format("cannot write {} x {} pixels as JPEG: {}", image.width,
                                 image.height, tjGetErrorStr2(handle.get())));
  return std::string(reinterpret_cast<const char*>(data), size);
}

}  // namespace frugal::data
