#include "vision/data/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <numeric>

#include "base/error.h"
#include "vision/data/codec.h"
#include "vision/data/testing.h"

namespace frugal::data {
namespace {

using ::testing::HasSubstr;
using testing::make_photograph;

std::string golden(const std::string& name) {
  return std::string(FRUGAL_GOLDEN) + "/" + name;
}

int largest_difference(const Image& a, const Image& b) {
  if (a.height != b.height || a.width != b.width) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i)
    largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
  return largest;
}

double mean_difference(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string decode_error(std::string_view bytes, const DecodeOptions& options = {}) {
  return error_of([&] { decode_image(bytes, options, "x"); });
}

struct Golden {
  std::string file;
  int tolerance;  // lossy formats differ by rounding from one release of a codec to the next
};

std::string file_as_test_name(const ::testing::TestParamInfo<Golden>& golden_file) {
  std::string name = golden_file.param.file;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

class DecodedLikePil : public ::testing::TestWithParam<Golden> {};

TEST_P(DecodedLikePil, PixelByPixel) {
  const auto& [file, tolerance] = GetParam();
  const Image image = read_image(golden(file));
  const Image expected = read_image(golden(file + ".expected.png"));
  EXPECT_LE(largest_difference(image, expected), tolerance);
  EXPECT_EQ(image_size(read_file(golden(file)), file), (Size{image.height, image.width}));
}

INSTANTIATE_TEST_SUITE_P(Formats, DecodedLikePil,
                         ::testing::Values(Golden{"rgb.jpg", 2}, Golden{"progressive.jpg", 2},
                                           Golden{"grey.jpg", 2}, Golden{"cmyk.jpg", 3},
                                           Golden{"alpha.png", 1}, Golden{"grey.png", 0},
                                           Golden{"bilevel.png", 0}, Golden{"palette.png", 0},
                                           Golden{"lossy.webp", 2}, Golden{"lossless.webp", 1}),
                         file_as_test_name);

INSTANTIATE_TEST_SUITE_P(
    Orientations, DecodedLikePil,
    ::testing::Values(Golden{"orientation1.jpg", 2}, Golden{"orientation2.jpg", 2},
                      Golden{"orientation3.jpg", 2}, Golden{"orientation4.jpg", 2},
                      Golden{"orientation5.jpg", 2}, Golden{"orientation6.jpg", 2},
                      Golden{"orientation7.jpg", 2}, Golden{"orientation8.jpg", 2},
                      Golden{"turned.png", 0}, Golden{"turned.webp", 0}),
    file_as_test_name);

class ResizedLikePil : public ::testing::TestWithParam<Size> {};

TEST_P(ResizedLikePil, ToOneLevel) {
  const Size size = GetParam();
  const std::string name =
      "resize." + std::to_string(size.height) + "x" + std::to_string(size.width);
  const Image resized = resize(read_image(golden("resize.png")), size);
  EXPECT_LE(largest_difference(resized, read_image(golden(name + ".expected.png"))), 1);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ResizedLikePil,
                         ::testing::Values(Size{16, 20}, Size{80, 90}, Size{37, 11}, Size{12, 120},
                                           Size{1, 1}, Size{36, 52}));

TEST(Resize, ToTheSameSizeChangesNothing) {
  const Image image = make_photograph(1);
  EXPECT_EQ(resize(image, {image.height, image.width}), image);
}

TEST(Resize, KeepsAFlatColourWhateverTheSizes) {
  for (const Size from : {Size{1, 1}, Size{7, 300}, Size{64, 3}}) {
    Image flat{from.height, from.width, std::vector<std::uint8_t>(from.height * from.width * 3)};
    for (std::size_t i = 0; i < flat.pixels.size(); ++i)
      flat.pixels[i] = static_cast<std::uint8_t>(i % 3 == 0 ? 255 : i % 3 == 1 ? 0 : 99);
    for (const Size to : {Size{1, 1}, Size{5, 9}, Size{130, 64}}) {
      const Image resized = resize(flat, to);
      for (std::size_t i = 0; i < resized.pixels.size(); ++i)
        ASSERT_EQ(resized.pixels[i], flat.pixels[i % 3]);
    }
  }
}

TEST(Resize, KeepsTheMeanWhenItShrinksByAWholeFactor) {
  const Image image = make_photograph(2, {64, 96});
  const Image small = resize(image, {8, 12});
  const auto mean = [](const Image& of) {
    return std::accumulate(of.pixels.begin(), of.pixels.end(), 0.0) /
           static_cast<double>(of.pixels.size());
  };
  EXPECT_NEAR(mean(image), mean(small), 2.0);
}

TEST(ResizeAndCenterCrop, IsTheCentreOfTheSmallestResizeThatCovers) {
  const Image image = make_photograph(3, {50, 90});
  const Image covering = resize(image, {30, 54});
  const Image cropped = resize_and_center_crop(image, {30, 20});
  ASSERT_EQ(cropped.height, 30u);
  ASSERT_EQ(cropped.width, 20u);
  for (std::size_t y = 0; y < 30; ++y)
    for (std::size_t x = 0; x < 20 * 3; ++x)
      ASSERT_EQ(cropped.pixels[y * 60 + x], covering.pixels[y * 54 * 3 + 17 * 3 + x]);
}

TEST(ResizeAndCenterCrop, BearsExtremeShapes) {
  EXPECT_EQ(resize_and_center_crop(make_photograph(4, {1, 3000}), {224, 224}).width, 224u);
  EXPECT_EQ(resize_and_center_crop(make_photograph(4, {3000, 1}), {64, 224}).height, 64u);
}

TEST(DctScaling, GivesASmallerPictureOfTheSame) {
  const std::string jpeg = encode_jpeg(make_photograph(5, {480, 640}), 90);
  for (const std::size_t side : {60, 61, 120, 224}) {
    const Image small = decode_image(jpeg, {.at_least_short_side = side}, "x");
    EXPECT_GE(small.height, side);
    EXPECT_LT(small.height, 2 * side + 2);
    const Image reference = resize(decode_image(jpeg, {}, "x"), {small.height, small.width});
    EXPECT_LT(mean_difference(small, reference), 2.0);
  }
  EXPECT_EQ(decode_image(jpeg, {.at_least_short_side = 1000}, "x").height, 480u);
}

TEST(Encoding, PngKeepsEveryPixel) {
  const Image image = make_photograph(6, {31, 17});
  EXPECT_EQ(decode_image(encode_png(image), {}, "x"), image);
}

TEST(Encoding, JpegComesNear) {
  const Image image = make_photograph(7);
  EXPECT_LE(largest_difference(decode_image(encode_jpeg(image, 98), {}, "x"), image), 8);
  EXPECT_LT(mean_difference(decode_image(encode_jpeg(image, 75), {}, "x"), image), 4);
}

TEST(Orientation, OfATiffStructureThatMakesNoSenseIsOne) {
  using namespace std::string_view_literals;
  EXPECT_EQ(exif_orientation(""), 1);
  EXPECT_EQ(exif_orientation("II*\0"sv), 1);
  EXPECT_EQ(exif_orientation("II*\0\xff\xff\xff\xff"sv), 1);
  EXPECT_EQ(exif_orientation("II*\0\x08\0\0\0\xff\xff"sv), 1);
  EXPECT_EQ(exif_orientation("II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x06\0\0\0"sv), 6);
  EXPECT_EQ(exif_orientation("MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x08\0\0"sv), 8);
  EXPECT_EQ(exif_orientation("II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x09\0\0\0"sv), 1);
}

TEST(Decoding, NamesWhatIsNoPhotograph) {
  EXPECT_EQ(decode_error(""), "x: empty file");
  EXPECT_EQ(decode_error("hello"), "x: not an image");
  EXPECT_THAT(decode_error("GIF89a..."), HasSubstr("GIF is not supported"));
  EXPECT_THAT(decode_error("\xff\xd8\xff"), HasSubstr("x: "));
  EXPECT_THAT(error_of([] { read_photograph("/dev/null"); }), HasSubstr("not a regular file"));
  EXPECT_THAT(error_of([] { read_photograph("/nowhere.jpg"); }), HasSubstr("no such file"));
}

TEST(Decoding, RefusesMorePixelsThanAllowedBeforeItAllocates) {
  const DecodeOptions options{.max_pixels = 3071};  // one less than the pictures below have
  const Image image = make_photograph(8);
  EXPECT_THAT(decode_error(encode_jpeg(image, 80), options), HasSubstr("64 x 48 pixels are more"));
  EXPECT_THAT(decode_error(encode_png(image), options), HasSubstr("64 x 48 pixels are more"));
}

TEST(Decoding, RefusesAHeaderThatTheFileCannotBack) {
  std::string jpeg = encode_jpeg(make_photograph(9), 80);
  const std::size_t frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\x30\x00\x30\x00", 4);  // 12288 x 12288
  EXPECT_THAT(decode_error(jpeg), HasSubstr("cannot hold 12288 x 12288 pixels"));

  // A PNG's header carries a checksum, so this one is written out: 12288 x 12288, grey, no data.
  const std::string png(
      "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x30\0\0\0\x30\0\x08\0\0\0\0\x9e\xe9\xcd\x80\0\0\0\4IDAT",
      41);
  EXPECT_THAT(decode_error(png), HasSubstr("cannot hold 12288 x 12288 pixels"));
}

// Every format, as bytes.
std::vector<std::string> samples() {
  std::vector<std::string> files;
  for (const char* name :
       {"rgb.jpg", "progressive.jpg", "cmyk.jpg", "orientation6.jpg", "alpha.png", "palette.png",
        "lossy.webp", "lossless.webp", "turned.png", "turned.webp"})
    files.push_back(read_file(golden(name)));
  return files;
}

TEST(Decoding, NeverTakesATruncatedFile) {
  for (const std::string& whole : samples())
    for (std::size_t length = 0; length + 3 < whole.size(); length += 1 + whole.size() / 97)
      ASSERT_NE(decode_error(whole.substr(0, length)), "no error") << length;
}

TEST(Decoding, OfMutatedFilesEndsInPixelsOrInAnInputError) {
  RandomStream random(10);
  const DecodeOptions options{.max_pixels = 1'000'000};
  std::size_t decoded = 0, refused = 0;
  for (const std::string& whole : samples()) {
    for (int round = 0; round < 300; ++round) {
      std::string bytes = whole;
      for (std::size_t i = 1 + random.below(4); i > 0; --i)
        bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
      if (random.below(4) == 0) bytes.erase(random.below(bytes.size()), random.below(40));
      if (random.below(4) == 0)
        bytes.insert(random.below(bytes.size()), bytes.substr(random.below(bytes.size()), 40));
      try {
        const Image image = decode_image(bytes, options, "x");
        ASSERT_EQ(image.pixels.size(), image.height * image.width * 3);
        ++decoded;
      } catch (const InputError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(decoded, 0u);
  EXPECT_GT(refused, 0u);
}

}  // namespace
}  // namespace frugal::data
