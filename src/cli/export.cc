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
  train::Model::load(folder.model()).write_weights(path, options.format);
  console.result(path, {{"weights", path}, {"format", options.format}});
  return 0;
}

}  // namespace frugal::cli
