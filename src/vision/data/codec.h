// The three formats behind decode_image: one decoder, one header and one EXIF finder each.
// Decoders return the picture as it is stored, before orientation.
#pragma once

#include <string_view>

#include "vision/data/image.h"

namespace frugal::data {

struct Codec {
  std::string_view name;  // for messages: "JPEG"
  bool (*recognizes)(std::string_view bytes);
  // All three throw InputError; name: the file.
  Size (*size)(std::string_view bytes, std::string_view name);
  Image (*decode)(std::string_view bytes, const DecodeOptions& options, std::string_view name);
  // The TIFF structure of the EXIF block, "" when there is none.
  std::string_view (*exif)(std::string_view bytes);
};

extern const Codec kJpeg;
extern const Codec kPng;
extern const Codec kWebp;

// The EXIF orientation, 1 to 8, of a TIFF structure; 1 when it says none or makes no sense.
// EXIF 2.32, 4.6.4: 2 mirrors left to right, 3 turns by 180°, 4 mirrors top to bottom, 5 is the
// transpose, 6 must be turned 90° clockwise to stand upright, 7 is the anti-transpose, 8 must be
// turned 90° counter-clockwise.
int exif_orientation(std::string_view tiff);
Image apply_orientation(Image image, int orientation);

// Throws InputError: "x.jpg: 70000 x 70000 pixels are more than the 200000000 allowed".
void require_pixels(Size size, const DecodeOptions& options, std::string_view name);

// RGBA over white. rgba: height × width × 4.
Image blend_onto_white(const std::uint8_t* rgba, Size size);

}  // namespace frugal::data
