#include "vision/draw/dataset.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "vision/data/image.h"
#include "vision/data/parallel.h"

namespace frugal::draw {
namespace {

namespace fs = std::filesystem;

constexpr int kGeneration = 1;  // raised when the same options draw other pictures
constexpr const char* kRecord = ".drawn.json";

Json record(const DrawOptions& options) {
  return {
      {"generation", kGeneration},  {"task", options.task == Task::kSource ? "source" : "target"},
      {"classes", options.classes}, {"per_class", options.per_class},
      {"size", options.size},       {"seed", options.seed},
      {"spread", options.spread},   {"variation", options.variation}};
}

// True when folder holds what is asked for, false when it is not there or empty.
bool already_drawn(const Json& wanted, const fs::path& folder) {
  if (!fs::exists(folder) || (fs::is_directory(folder) && fs::is_empty(folder))) return false;
  const fs::path path = folder / kRecord;
  if (fs::exists(path) && parse_json(read_file(path), path.string()) == wanted) return true;
  throw InputError(folder.string() +
                   ": there is something else already; name another folder or remove it");
}

std::string file_name(std::size_t index) {
  const std::string digits = std::to_string(index);
  return std::string(4 - std::min<std::size_t>(4, digits.size()), '0') + digits + ".jpg";
}

// Unlike frugal::write_file without a sync for each file: the folder's name comes last.
void write_photograph(const fs::path& path, const std::string& jpeg) {
  std::ofstream file(path, std::ios::binary);
  file << jpeg;
  file.close();
  if (!file) throw SystemError("cannot write " + path.string(), errno);
}

std::string photograph(const DrawOptions& options, const ClassShape& shape, std::size_t label,
                       std::size_t index) {
  const RandomStream random = RandomStream(options.seed)
                                  .derive("photographs")
                                  .derive(options.task == Task::kSource ? "source" : "target")
                                  .derive(label)
                                  .derive(index);
  const double quality = random.derive("quality").uniform(-1, 1);
  return data::encode_jpeg(
      draw_vehicle(shape, {.size = options.size, .variation = options.variation}, random),
      int(82 + 14 * options.variation * quality));
}

}  // namespace

void draw_dataset(const DrawOptions& options, const fs::path& path, ProgressSink& progress) {
  const fs::path folder = path.has_filename() ? path : path.parent_path();  // without a last "/"
  const Json wanted = record(options);
  try {
    if (already_drawn(wanted, folder)) return;
    const std::vector<ClassShape> shapes = class_shapes({.task = options.task,
                                                         .classes = options.classes,
                                                         .seed = options.seed,
                                                         .spread = options.spread});
    fs::path unfinished = folder;
    unfinished += ".unfinished";
    fs::remove_all(unfinished);
    for (const ClassShape& shape : shapes) fs::create_directories(unfinished / shape.name);

    const std::size_t total = shapes.size() * options.per_class;
    data::for_each_index(
        total, options.threads, "drawing photographs", progress, [&](std::size_t i) {
          const std::size_t label = i / options.per_class, index = i % options.per_class;
          write_photograph(unfinished / shapes[label].name / file_name(index),
                           photograph(options, shapes[label], label, index));
        });
    write_file(unfinished / kRecord, wanted.dump(2));
    fs::rename(unfinished, folder);
  } catch (const fs::filesystem_error& error) {
    throw SystemError(folder.string() + " cannot be drawn", error.code().value());
  }
}

}  // namespace frugal::draw
