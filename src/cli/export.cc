#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/run_folder.h"
#include "vision/train/train.h"

namespace frugal::cli {

int run_export(const ExportOptions& options, Console& console) {
  const RunFolder folder(options.run);
  folder.require_run();
  const std::string path = options.output.empty() ? "model." + options.format : options.output;
  const auto model = train::Model::load(folder.model());
  model.write_weights(path, options.format);
  if (const std::size_t layers = model.recipe().feature_layers; layers > 1)
    console.message(fmt::format(
        "the head reads the means of the last {} layers, one after the other: torchvision's {} has "
        "a head for the last layer alone, and will not load this one",
        layers, model.recipe().network));
  console.result(path, {{"weights", path}, {"format", options.format}});
  return 0;
}

}  // namespace frugal::cli
