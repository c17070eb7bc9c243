#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/run_folder.h"
#include "cli/signals.h"
#include "vision/data/image.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kBatch = 32;

// Files as given, the files of folders (sorted), and the lines of standard input for "-".
std::vector<std::string> expand(const std::vector<std::string>& images) {
  std::vector<std::string> paths;
  for (const auto& image : images) {
    if (image == "-") {
      for (std::string line; std::getline(std::cin, line);)
        if (!line.empty()) paths.push_back(line);
    } else if (std::filesystem::is_directory(image)) {
      std::vector<std::string> files;
      for (const auto& entry : std::filesystem::recursive_directory_iterator(image))
        if (entry.is_regular_file() && !entry.path().filename().string().starts_with("."))
          files.push_back(entry.path());
      std::sort(files.begin(), files.end());
      paths.insert(paths.end(), files.begin(), files.end());
    } else {
      paths.push_back(image);
    }
  }
  if (paths.empty()) throw InputError("no photographs to predict: the folder or the list is empty");
  return paths;
}

Json top_classes(const std::vector<float>& probabilities, const std::vector<std::string>& classes,
                 std::size_t top) {
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  top = std::min(top, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
      [&](std::size_t a, std::size_t b) { return probabilities[a] > probabilities[b]; });
  Json rows = Json::array();
  for (std::size_t i = 0; i < top; ++i)
    rows.push_back({{"class", classes[order[i]]}, {"probability", probabilities[order[i]]}});
  return rows;
}

std::string to_text(const std::string& path, const Json& rows) {
  std::string text = path + "\n";
  for (const auto& row : rows)
    text += fmt::format("  {:5.1f} %  {}\n", 100 * row["probability"].get<double>(),
                        row["class"].get<std::string>());
  return text;
}

}  // namespace

int run_predict(const PredictOptions& options, Console& console) {
  threads_of(options.threads);
  const RunFolder folder(options.run);
  folder.require_run();
  train::Model model = train::Model::load(folder.model());
  const auto paths = expand(options.images);
  const data::DecodeOptions decode{.at_least_short_side = model.recipe().height};
  std::size_t broken = 0;
  for (std::size_t begin = 0; begin < paths.size(); begin += kBatch) {
    throw_if_stopped();
    std::vector<std::string> names;
    std::vector<data::Image> images;
    for (std::size_t i = begin; i < std::min(begin + kBatch, paths.size()); ++i) {
      try {
        images.push_back(data::read_image(paths[i], decode));
        names.push_back(paths[i]);
      } catch (const Error& error) {
        ++broken;
        console.message(error.what());
      }
    }
    if (images.empty()) continue;
    const auto probabilities = model.predict(images);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Json rows = top_classes(probabilities[i], model.classes(), options.top);
      console.result(to_text(names[i], rows), {{"image", names[i]}, {"predictions", rows}});
    }
  }
  if (broken > 0) throw InputError(fmt::format("{} of {} could not be read", broken, paths.size()));
  return 0;
}

}  // namespace frugal::cli
