#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/run_folder.h"
#include "vision/draw/dataset.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kSourceClasses = 24;
constexpr std::size_t kSourcePerClass = 300;
constexpr std::size_t kTargetClasses = 12;
constexpr std::size_t kTargetPerClass = 60;
constexpr double kPretrainingEpochs = 3;
constexpr unsigned kPretrainingResolution = 48;
constexpr double kSourceVariation = 0.6, kTargetVariation = 0.9;

std::string draw(draw::Task task, std::size_t classes, std::size_t per_class,
                 const DemoOptions& options, Console& console) {
  const std::string folder = std::filesystem::path(options.output) /
                             (task == draw::Task::kSource ? "source-photographs" : "photographs");
  draw::DrawOptions drawing;
  drawing.task = task;
  drawing.classes = classes;
  drawing.per_class = per_class;
  drawing.variation = task == draw::Task::kSource ? kSourceVariation : kTargetVariation;
  drawing.seed = options.seed;
  drawing.threads = core_count();
  draw::draw_dataset(drawing, folder, console);
  return folder;
}

// A small ResNet-18 that has seen other vehicles: what users bring from ImageNet.
std::string pretrain(const std::string& photographs, const DemoOptions& options, Console& console) {
  const auto folder = std::filesystem::path(options.output) / "pretraining";
  const std::string weights = folder / "model" / "model.pth";
  if (std::filesystem::exists(weights)) return weights;
  console.line("pretraining a ResNet-18 on the source photographs");
  TrainOptions training;
  training.voice = options.voice;
  training.data.data = photographs;
  training.output = folder;
  training.resolution = kPretrainingResolution;
  training.epochs = kPretrainingEpochs;
  training.recipe = "study";
  training.set = {"schedule=cosine", "head_start=zero", "learning_rate=0.02"};
  run_train(training, console);
  return weights;
}

}  // namespace

int run_demo(const DemoOptions& options, Console& console) {
  std::filesystem::create_directories(options.output);
  const std::string source =
      draw(draw::Task::kSource, kSourceClasses, kSourcePerClass, options, console);
  const std::string target =
      draw(draw::Task::kTarget, kTargetClasses, kTargetPerClass, options, console);
  TuneOptions tuning;
  tuning.voice = options.voice;
  tuning.data.data = target;
  tuning.weights = pretrain(source, options, console);
  tuning.budget = options.budget;
  tuning.seed = options.seed;
  tuning.output = (std::filesystem::path(options.output) / "run").string();
  console.line(
      fmt::format("now the main job: frugal tune --data {} --weights {} --budget {} --output {}",
                  target, tuning.weights, tuning.budget, tuning.output));
  return run_tune(tuning, console);
}

}  // namespace frugal::cli
