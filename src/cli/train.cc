#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/judge.h"
#include "cli/leak.h"
#include "cli/plan.h"
#include "cli/recipe_option.h"
#include "cli/run_folder.h"
#include "cli/signals.h"
#include "vision/augment/policy.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

Json settings_of(const std::vector<std::string>& settings) {
  Json json = Json::object();
  for (const auto& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      throw InputError(
          fmt::format("--set {}: expected KEY=VALUE, such as learning_rate=0.03", setting));
    json[setting.substr(0, equals)] = parse_yaml(setting.substr(equals + 1), "--set " + setting);
  }
  return json;
}

// The strategy's defaults, overruled by the recipe file, by the flags, by --set.
train::Recipe recipe_of(const TrainOptions& options, double aspect, std::size_t photographs) {
  const Json settings = settings_of(options.set);
  const auto strategy = !options.strategy.empty() ? train::strategy_named(options.strategy)
                        : settings.contains("strategy")
                            ? train::strategy_named(settings["strategy"].get<std::string>())
                            : strategy_of_recipe(options.recipe);
  train::Recipe recipe = recipe_named(options.recipe, strategy);
  if (!options.weights.empty()) recipe.network = train::network_of(options.weights);

  Json flags = Json::object();
  if (!options.network.empty()) flags["network"] = options.network;
  if (!options.augment.empty()) flags["augment"] = augment::portable_policy(options.augment);
  if (options.epochs > 0) flags["epochs"] = options.epochs;
  if (options.seed > 0) flags["seed"] = options.seed;
  if (options.resolution > 0) {
    flags["height"] = options.resolution;
    flags["width"] = view_width(options.resolution, aspect);
  }
  recipe = train::recipe_from_json(flags, recipe, "the command line");
  if (options.recipe == "default" && !options.weights.empty())
    freeze_first_layers(recipe, photographs);
  return train::recipe_from_json(settings, recipe, "--set");
}

// What must not change when a run goes on.
Json identity(const TrainOptions& options) {
  return {{"command", "train"},
          {"data", options.data.data},
          {"reader", options.data.reader},
          {"weights", options.weights},
          {"validation-share", share_json(options.shares.validation)},
          {"test-share", share_json(options.shares.test)},
          {"seed", options.seed}};
}

}  // namespace

int run_train(const TrainOptions& options, Console& console) {
  const unsigned threads = threads_of(options.threads);
  const RunFolder folder(options.output);
  if (!options.weights.empty()) train::network_of(options.weights);  // before anything is made
  folder.open(identity(options), {});
  const RunData data = folder.prepare_data(
      options.data, {options.shares.validation, options.shares.test, options.seed}, threads,
      console);
  const train::Recipe recipe =
      recipe_of(options, data.median_aspect(), data.dataset.photographs.size());
  if (options.dry_run) {
    console.result(to_json(recipe).dump(2), to_json(recipe));
    return 0;
  }

  const train::Environment environment{options.weights, folder.cache(), threads};
  train::prepare(recipe, data.dataset, environment, console);
  train::TrainOptions run;
  run.checkpoint_path = folder.path() / "checkpoint.pt";
  run.model_folder = folder.model();
  run.should_stop = [] { return stop_signal() != 0; };
  run.on_message = [&](const std::string& text) { console.message(text); };
  run.on_evaluation = [&](const train::EpochReport& report) {
    console.line(
        fmt::format("epoch {:g} of {:g}  training loss {:.3f}  validation {:.1f} %  {:.0f} s",
                    report.epochs, recipe.epochs, report.training_loss,
                    100 * report.validation_accuracy, report.wall_seconds));
    console.event({{"event", "evaluation"},
                   {"epochs", report.epochs},
                   {"training_loss", report.training_loss},
                   {"validation_loss", report.validation_loss},
                   {"validation_accuracy", report.validation_accuracy}});
  };
  run.on_step = [&](double epochs) {
    console.status({fmt::format("training  epoch {:.2f} of {:g}", epochs, recipe.epochs)});
  };
  const auto validation = train::HeldOutPhotographs::validation(data.dataset, data.split);
  const auto summary = train::train(recipe, train::TrainingPhotographs(data.dataset, data.split),
                                    validation, environment, run);
  if (summary.ending == train::Ending::kStopped) throw_if_stopped();

  const auto test = train::HeldOutPhotographs::test(data.dataset, data.split);
  const auto on_test = train::Model::load(folder.model()).evaluate(test, environment, console);
  Json result = {{"model", folder.model().string()},
                 {"recipe", to_json(recipe)},
                 {"validation", judgement(summary.validation)},
                 {"test", judgement(on_test)},
                 {"wall_seconds", summary.wall_seconds},
                 {"cpu_seconds", summary.cpu_seconds}};
  std::string text = fmt::format("validation  {}\ntest        {}\nmodel       {}\n",
                                 judgement_text(summary.validation), judgement_text(on_test),
                                 folder.model().string());
  if (options.reproduce_leak) {
    const LeakPrice price = reproduce_leak(recipe, data, {summary.validation, on_test}, environment,
                                           run, folder, console);
    result["leak"] = price.json;
    text += price.text;
  }
  write_file(folder.result(), result.dump(2) + "\n");
  console.result(text, result);
  return 0;
}

}  // namespace frugal::cli
