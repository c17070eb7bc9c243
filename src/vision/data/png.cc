#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "vision/data/codec.h"

namespace frugal::data {
namespace {

// libpng leaves an error by longjmp, which must not jump over destructors: everything that owns
// memory lives in PngReader, outside of the functions that call setjmp.
class PngReader {
 public:
  PngReader(std::string_view bytes, std::string_view name)
      : rest_(bytes),
        name_(name),
        png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning)),
        info_(png_create_info_struct(png_)) {
    FRUGAL_CHECK(png_ != nullptr && info_ != nullptr);
    png_set_read_fn(png_, this, on_read);
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  Size read_size() {
    if (!read_info()) fail();
    const Size size{png_get_image_height(png_, info_), png_get_image_width(png_, info_)};
    // deflate (RFC 1951) packs at most 1032 bytes into one.
    if (png_get_rowbytes(png_, info_) * size.height / 1032 > rest_.size())
      throw InputError(fmt::format("{}: truncated PNG: {} bytes cannot hold {} x {} pixels", name_,
                                   rest_.size(), size.width, size.height));
    return size;
  }

  // After read_size. 8-bit RGBA rows.
  std::vector<std::uint8_t> read_rgba(Size size) {
    std::vector<std::uint8_t> rgba(size.height * size.width * 4);
    std::vector<png_bytep> rows(size.height);
    for (std::size_t y = 0; y < size.height; ++y) rows[y] = rgba.data() + y * size.width * 4;
    if (!read_rows(rows.data(), size.width * 4)) fail();
    return rgba;
  }

 private:
  bool read_info() {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_info(png_, info_);
    return true;
  }

  bool read_rows(png_bytepp rows, std::size_t row_bytes) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_set_expand(png_);
    png_set_scale_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_filler(png_, 0xff, PNG_FILLER_AFTER);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_rowbytes(png_, info_) != row_bytes) png_error(png_, "rows of another length");
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }

  [[noreturn]] void fail() const {
    if (truncated_) throw InputError(fmt::format("{}: truncated PNG", name_));
    throw InputError(fmt::format("{}: broken PNG: {}", name_, message_));
  }

  static PngReader& self(png_voidp pointer) { return *static_cast<PngReader*>(pointer); }

  static void on_error(png_structp png, png_const_charp message) {
    char* const kept = self(png_get_error_ptr(png)).message_;
    std::strncpy(kept, message, sizeof(PngReader::message_) - 1);
    png_longjmp(png, 1);
  }

  // Warnings concern chunks other than the picture's.
  static void on_warning(png_structp, png_const_charp) {}

  static void on_read(png_structp png, png_bytep out, std::size_t count) {
    PngReader& reader = self(png_get_io_ptr(png));
    if (count > reader.rest_.size()) {
      reader.truncated_ = true;
      png_error(png, "truncated");
    }
    std::memcpy(out, reader.rest_.data(), count);
    reader.rest_.remove_prefix(count);
  }

  std::string_view rest_;
  std::string_view name_;
  bool truncated_ = false;
  char message_[128] = {};
  png_structp png_;
  png_infop info_;
};

constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";

bool is_png(std::string_view bytes) {
  return bytes.starts_with(kSignature);
}

Size png_size(std::string_view bytes, std::string_view name) {
  return PngReader(bytes, name).read_size();
}

Image decode_png(std::string_view bytes, const DecodeOptions& options, std::string_view name) {
  PngReader reader(bytes, name);
  const Size size = reader.read_size();
  require_pixels(size, options, name);
  return blend_onto_white(reader.read_rgba(size).data(), size);
}

// Chunks are four bytes of length, four of type, the content, four of checksum.
std::string_view png_exif(std::string_view bytes) {
  std::size_t at = kSignature.size();
  while (at + 12 <= bytes.size()) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
      length = length << 8 | static_cast<std::uint8_t>(bytes[at + i]);
    if (bytes.substr(at + 4, 4) == "eXIf") return bytes.substr(at + 8, length);
    at += 12 + length;
  }
  return {};
}

// The same precaution as in PngReader: text is owned by the caller.
bool write_png(png_structp png, png_infop info, const Image& image) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.width),
               static_cast<png_uint_32>(image.height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (std::size_t y = 0; y < image.height; ++y)
    png_write_row(png, image.pixels.data() + y * image.width * 3);
  png_write_end(png, nullptr);
  return true;
}

}  // namespace

const Codec kPng{"PNG", is_png, png_size, decode_png, png_exif};

std::string encode_png(const Image& image) {
  FRUGAL_CHECK(image.height > 0 && image.width > 0 &&
               image.pixels.size() == image.height * image.width * 3);
  std::string text;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  FRUGAL_CHECK(png != nullptr && info != nullptr);
  png_set_write_fn(
      png, &text,
      [](png_structp writer, png_bytep data, std::size_t count) {
        static_cast<std::string*>(png_get_io_ptr(writer))
            ->append(reinterpret_cast<const char*>(data), count);
      },
      nullptr);
  const bool written = write_png(png, info, image);
  png_destroy_write_struct(&png, &info);
  if (!written)
    throw InputError(fmt::format("cannot write {} x {} pixels as PNG", image.width, image.height));
  return text;
}

}  // namespace frugal::data
