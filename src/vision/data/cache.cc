#include "vision/data/cache.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "vision/data/parallel.h"

namespace frugal::data {
namespace {

std::size_t photograph_bytes(Size canvas) {
  return canvas.height * canvas.width * 3;
}

CacheContent content_of(const Dataset& dataset, Size canvas) {
  CacheContent content{.kind = "photographs",
                       .version = 2,
                       .identity = fmt::format("{} x {}\n", canvas.height, canvas.width),
                       .bytes = dataset.photographs.size() * photograph_bytes(canvas)};
  for (const auto& photograph : dataset.photographs) {
    FRUGAL_CHECK(!photograph.content_hash.empty(), "the cache needs checked photographs");
    content.identity += photograph.content_hash;
  }
  return content;
}

std::string read_checked(const Photograph& photograph) {
  std::string bytes = read_photograph(photograph.path);
  if (sha256(bytes) != photograph.content_hash)
    throw InputError(fmt::format(
        "{} changed since the data was checked; put the old file back, or start a new run",
        photograph.path));
  return bytes;
}

void decode_into(std::span<std::byte> out, const Photograph& photograph, Size canvas) {
  const std::string bytes = read_checked(photograph);
  // The long side of the canvas is enough for both sides.
  const std::size_t enough = std::max(canvas.height, canvas.width);
  const Image image = decode_image(bytes, {.at_least_short_side = enough}, photograph.path);
  const Image view = resize_and_center_crop(image, canvas);
  std::memcpy(out.data(), view.pixels.data(), out.size());
}

}  // namespace

PhotographCache PhotographCache::open_or_build(const Dataset& dataset, Size canvas,
                                               const CacheFolder& folder, unsigned threads,
                                               ProgressSink& progress) {
  FRUGAL_CHECK(canvas.height > 0 && canvas.width > 0);
  const std::size_t each = photograph_bytes(canvas), count = dataset.photographs.size();
  const auto fill = [&](std::span<std::byte> payload) {
    for_each_index(count, threads, "decoding photographs", progress, [&](std::size_t i) {
      decode_into(payload.subspan(i * each, each), dataset.photographs[i], canvas);
    });
  };
  return {CacheFile::open_or_build(folder, content_of(dataset, canvas), fill, progress), canvas,
          count};
}

PhotographCache::PhotographCache(CacheFile file, Size canvas, std::size_t count)
    : file_(std::move(file)), canvas_(canvas), count_(count) {}

// By the time of the last change of the file's record (ctime), which no program sets back.
void PhotographCache::require_unchanged(const Dataset& dataset) const {
  for (const Photograph& photograph : dataset.photographs) {
    struct stat status {};
    if (::stat(photograph.path.c_str(), &status) != 0) continue;
    const std::int64_t touched =
        std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec;
    if (touched >= file_.built_at()) read_checked(photograph);
  }
}

std::span<const std::uint8_t> PhotographCache::pixels(std::size_t i) const {
  FRUGAL_CHECK(i < count_);
  const std::size_t each = photograph_bytes(canvas_);
  const std::span<const std::byte> bytes = file_.payload().subspan(i * each, each);
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace frugal::data
