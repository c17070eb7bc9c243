#include "vision/augment/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "vision/augment/mix.h"
#include "vision/augment/transforms.h"
#include "vision/data/parallel.h"
#include "vision/data/provenance.h"

namespace frugal::augment {
namespace {

namespace fs = std::filesystem;

constexpr int kQuality = 95;

// Where each photograph goes, relative to the folder.
struct Place {
  fs::path folder, name;
  std::string path(const std::string& suffix = "", const std::string& extension = "") const {
    const std::string ending = extension.empty() ? name.extension().string() : extension;
    return (folder / (name.stem().string() + suffix + ending)).string();
  }
};

void require_pictures_alone(const Policy& policy) {
  for (const TransformUse& use : policy.uses) {
    const Row* row = find_row(use.transform);
    FRUGAL_CHECK(row != nullptr, use.transform);
    if (row->transform.stage == Stage::kBatch && use.probability > 0)
      throw InputError(fmt::format(
          "{} mixes labels, for which an exported data set has no folder: take it out of the "
          "policy",
          use.transform));
  }
}

std::string folder_name(std::string class_name) {
  std::replace(class_name.begin(), class_name.end(), '/', '-');
  if (class_name.empty() || class_name.front() == '.') class_name = fmt::format("_{}", class_name);
  return class_name;
}

std::string copy_suffix(std::size_t variant) {
  return fmt::format("-aug{}", variant);
}

// Names are kept; a photograph whose name is taken gets its number in front.
std::vector<Place> places_of(const data::Dataset& dataset, std::size_t multiplier) {
  std::set<std::string> folders, taken;
  for (const std::string& name : dataset.classes)
    if (!folders.insert(folder_name(name)).second)
      throw InputError(fmt::format("two classes would share the folder \"{}\"; rename one of them",
                                   folder_name(name)));
  const bool parts =
      std::any_of(dataset.photographs.begin(), dataset.photographs.end(),
                  [](const data::Photograph& p) { return p.given_part.has_value(); });
  std::vector<Place> places;
  for (std::size_t i = 0; i < dataset.photographs.size(); ++i) {
    const data::Photograph& photograph = dataset.photographs[i];
    fs::path folder;
    if (parts) folder = data::to_string(photograph.given_part.value_or(data::Part::kTrain));
    folder /= folder_name(dataset.classes.at(photograph.label));
    fs::path name = fs::path(photograph.path).filename();
    if (!taken.insert((folder / name.stem()).string()).second) {
      name = fmt::format("{:06}-{}", i, name.string());
      taken.insert((folder / name.stem()).string());
    }
    places.push_back({folder, name});
  }
  for (const Place& place : places)
    for (std::size_t variant = 1; variant <= multiplier; ++variant) {
      const std::string stem = place.name.stem().string() + copy_suffix(variant);
      if (taken.contains((place.folder / stem).string()))
        throw InputError(fmt::format(
            "a copy of {} would have the name of another photograph, {}; rename one of them",
            place.path(), stem));
    }
  return places;
}

// Short side resized to so many pixels; 0: as it is.
data::Image at_short_side(data::Image picture, std::size_t pixels) {
  if (pixels == 0) return picture;
  const double scale =
      static_cast<double>(pixels) / static_cast<double>(std::min(picture.height, picture.width));
  const auto scaled = [&](std::size_t side) {
    return std::max<std::size_t>(
        1, static_cast<std::size_t>(std::lround(scale * static_cast<double>(side))));
  };
  return data::resize(picture, {scaled(picture.height), scaled(picture.width)});
}

data::Image variant_of(const data::Image& canvas, const ExportOptions& options,
                       std::size_t photograph, std::size_t variant) {
  const auto smaller = [](std::size_t side) { return std::max<std::size_t>(1, side - side / 8); };
  data::Image view{smaller(canvas.height), smaller(canvas.width), {}};
  view.pixels.resize(view.height * view.width * 3);
  apply(options.policy, canvas.pixels, {canvas.height, canvas.width}, {view.height, view.width},
        view_stream(options.seed, variant - 1, photograph), view.pixels);
  return view;
}

// A folder under another name that becomes the folder asked for, or goes away.
class Workplace {
 public:
  explicit Workplace(const fs::path& folder) : folder_(folder), work_(folder.string() + ".part") {
    if (fs::exists(folder_))
      throw InputError(
          fmt::format("{} exists; give another --output or remove it", folder_.string()));
    remove();
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  ~Workplace() { remove(); }

  void write(const std::string& path, const std::string& bytes) const {
    std::error_code error;
    fs::create_directories((work_ / path).parent_path(), error);
    if (error)
      throw SystemError(fmt::format("cannot make {}", (work_ / path).parent_path().string()),
                        error.value());
    write_file(work_ / path, bytes);
  }
  void finish() const {
    std::error_code error;
    fs::rename(work_, folder_, error);
    if (error) throw SystemError(fmt::format("cannot make {}", folder_.string()), error.value());
  }

 private:
  void remove() const {
    std::error_code ignored;  // a destructor cannot complain
    fs::remove_all(work_, ignored);
  }
  fs::path folder_, work_;
};

}  // namespace

ExportSummary export_augmented(const data::Dataset& dataset, const ExportOptions& options,
                               const fs::path& folder, ProgressSink& progress) {
  require_pictures_alone(options.policy);
  if (!data::read_copies(dataset.root).empty())
    throw InputError(fmt::format(
        "{} holds augmented copies already; export from the data set that they were made of",
        dataset.root));
  const std::vector<Place> places = places_of(dataset, options.multiplier);
  const Workplace workplace(folder);
  std::vector<std::vector<data::AlteredCopy>> copies(places.size());
  data::for_each_index(
      places.size(), options.threads, "writing photographs", progress, [&](std::size_t i) {
        const data::Photograph& photograph = dataset.photographs[i];
        const std::string bytes = data::read_photograph(photograph.path);
        workplace.write(places[i].path(), bytes);
        if (photograph.given_part.value_or(data::Part::kTrain) != data::Part::kTrain) return;
        const data::Image canvas = at_short_side(data::decode_image(bytes, {}, photograph.path),
                                                 options.short_side_pixels);
        for (std::size_t variant = 1; variant <= options.multiplier; ++variant) {
          const std::string jpeg =
              data::encode_jpeg(variant_of(canvas, options, i, variant), kQuality);
          const std::string path = places[i].path(copy_suffix(variant), ".jpg");
          workplace.write(path, jpeg);
          copies[i].push_back(
              {path, sha256(jpeg), places[i].path(), photograph.content_hash, variant});
        }
      });

  ExportSummary summary{places.size(), 0};
  std::vector<data::AlteredCopy> all;
  for (auto& of_one : copies) all.insert(all.end(), of_one.begin(), of_one.end());
  summary.copies = all.size();
  const Json made_by = {{"command", "frugal augment"},
                        {"policy", to_json(options.policy)},
                        {"multiplier", options.multiplier},
                        {"seed", options.seed},
                        {"short_side_pixels", options.short_side_pixels}};
  workplace.write(std::string(data::kProvenanceFile), data::to_json(all, made_by).dump(1) + "\n");
  workplace.finish();
  return summary;
}

}  // namespace frugal::augment
