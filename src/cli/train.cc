#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/judge.h"
#include "cli/leak.h"
#include "cli/plan.h"
#include "cli/prices.h"
#include "cli/recipe_option.h"
#include "cli/run_folder.h"
#include "cli/signals.h"
#include "cli/train_budget.h"
#include "experiment/budget.h"
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
          {"seed", options.seed},
          {"budget", options.budget},
          {"with-validation", options.with_validation}};
}

void check(const TrainOptions& options) {
  if (!options.budget.empty() && options.epochs > 0)
    throw InputError("--epochs and --budget: each says how long the run is; give one of them");
  if (options.with_validation && options.reproduce_leak)
    throw InputError(
        "--reproduce-leak needs the validation photographs: leave --with-validation out");
}

double budget_seconds(const TrainOptions& options) {
  const auto budget = experiment::parse_budget(options.budget);
  const auto seconds = experiment::seconds_allowed(budget, price_of(options.price).per_hour);
  if (budget.runs || !seconds)
    throw InputError(fmt::format(
        "--budget {}: this is one run; give it minutes or dollars, or --epochs", options.budget));
  return *seconds;
}

TrainBudget budget_of(const TrainOptions& options) {
  return {.seconds = budget_seconds(options),
          .threads = threads_of(options.threads),
          .resolution = options.resolution,
          .with_validation = options.with_validation};
}

// What a budget makes of a run.
struct PlannedRun {
  train::Recipe recipe;
  std::optional<double> seconds;  // of training; nullopt: as long as the recipe's epochs take
};

std::filesystem::path plan_path(const RunFolder& folder) {
  return folder.path() / "plan.json";
}

// Once: a run that goes on keeps its size, and the seconds it has.
PlannedRun planned(const TrainOptions& options, const train::Recipe& recipe, const RunData& data,
                   const RunFolder& folder, double spent_seconds, Console& console) {
  if (options.budget.empty()) return {recipe, {}};
  if (const auto known = plan_path(folder); !options.dry_run && std::filesystem::exists(known)) {
    const Json plan = parse_json(read_file(known), known.string());
    PlannedRun run{train::recipe_from_json(plan.at("recipe"), recipe, known.string()), {}};
    if (plan.contains("seconds")) run.seconds = plan["seconds"].get<double>();
    return run;
  }
  const train::Recipe chosen =
      recipe_for_budget(recipe, data, budget_of(options), spent_seconds, console);
  console.line(fmt::format("{} at {} × {} pixels, about {:g} epochs", chosen.network, chosen.height,
                           chosen.width, chosen.epochs));
  return {chosen, {}};
}

// When all that comes before is done and paid: what is left for the steps.
void start_clock(const TrainOptions& options, const RunFolder& folder, double spent_seconds,
                 PlannedRun& run) {
  if (options.budget.empty() || std::filesystem::exists(plan_path(folder))) return;
  Json plan = {{"recipe", to_json(run.recipe)}};
  if (run.recipe.strategy == train::Strategy::kFineTune) {
    run.seconds = seconds_of_run(budget_of(options), spent_seconds);
    plan["seconds"] = *run.seconds;
  }
  write_file(plan_path(folder), plan.dump(1) + "\n");
}

// A schedule that watches validation photographs cannot learn from them.
void require_no_plateau(const TrainOptions& options, const train::Recipe& recipe) {
  if (options.with_validation && recipe.strategy == train::Strategy::kFineTune &&
      recipe.schedule == train::Schedule::kPlateau)
    throw InputError(
        "--with-validation: the recipe's schedule (plateau) watches the validation loss; give "
        "another, such as --set schedule=cosine");
}

// What the user sees of a run while it goes on.
train::TrainOptions run_options(const TrainOptions& options, const train::Recipe& recipe,
                                const RunFolder& folder, Console& console) {
  train::TrainOptions run;
  run.checkpoint_path = folder.path() / "checkpoint.pt";
  run.model_folder = folder.model();
  run.evaluate = !options.with_validation || recipe.strategy == train::Strategy::kFeatures;
  run.should_stop = [] { return stop_signal() != 0; };
  run.on_message = [&console](const std::string& text) { console.message(text); };
  const auto until = std::make_shared<double>(recipe.epochs);  // a run bound by time may change it
  run.on_evaluation = [&console, until,
                       judged = !options.with_validation](const train::EpochReport& report) {
    console.line(fmt::format(
        "epoch {:.4g} of {:.4g}  training loss {:.3f}{}  {:.0f} s", report.epochs, *until,
        report.training_loss,
        judged ? fmt::format("  validation {:.1f} %", 100 * report.validation_accuracy) : "",
        report.wall_seconds));
    if (!judged) return;  // what was learned from judges nothing
    console.event({{"event", "evaluation"},
                   {"epochs", report.epochs},
                   {"training_loss", report.training_loss},
                   {"validation_loss", report.validation_loss},
                   {"validation_accuracy", report.validation_accuracy}});
  };
  run.on_step = [&console, until](double epochs, double of) {
    *until = of;
    console.status({fmt::format("training  epoch {:.2f} of {:.4g}", epochs, of)});
  };
  return run;
}

}  // namespace

int run_train(const TrainOptions& options, Console& console) {
  const SystemClock clock;
  const double began = clock.now_seconds();
  const unsigned threads = threads_of(options.threads);
  const RunFolder folder(options.output);
  check(options);
  if (!options.budget.empty()) budget_seconds(options);
  if (!options.weights.empty()) train::network_of(options.weights);  // before anything is made
  folder.open(identity(options), {});
  const RunData data = folder.prepare_data(
      options.data, {options.shares.validation, options.shares.test, options.seed}, threads,
      console);
  const train::Recipe asked =
      recipe_of(options, data.median_aspect(), data.dataset.photographs.size());
  require_no_plateau(options, asked);
  const auto spent = [&] { return clock.now_seconds() - began; };
  PlannedRun plan = planned(options, asked, data, folder, spent(), console);
  train::Recipe& recipe = plan.recipe;
  if (options.dry_run) {
    console.result(to_json(recipe).dump(2), to_json(recipe));
    return 0;
  }

  const train::Environment environment{options.weights, folder.cache(), threads};
  train::prepare(recipe, data.dataset, environment, console);
  const auto validation = train::HeldOutPhotographs::validation(data.dataset, data.split);
  const auto training = options.with_validation
                            ? train::TrainingPhotographs::with_validation(data.dataset, data.split)
                            : train::TrainingPhotographs(data.dataset, data.split);
  if (recipe.frozen != train::Frozen::kNone)
    train::prepare_views(recipe, training, environment, console);
  start_clock(options, folder, spent(), plan);
  train::TrainOptions run = run_options(options, recipe, folder, console);
  run.allowed_seconds = plan.seconds;
  const auto summary = train::train(recipe, training, validation, environment, run);
  if (summary.ending == train::Ending::kStopped) throw_if_stopped();
  if (plan.seconds) recipe.epochs = summary.epochs;
  run.allowed_seconds.reset();  // another run is as long as this one was

  const auto test = train::HeldOutPhotographs::test(data.dataset, data.split);
  const auto on_test = train::Model::load(folder.model()).evaluate(test, environment, console);
  Json result = {{"model", folder.model().string()},
                 {"recipe", to_json(recipe)},
                 {"test", judgement(on_test)},
                 {"wall_seconds", summary.wall_seconds},
                 {"cpu_seconds", summary.cpu_seconds}};
  std::string text;
  if (!options.with_validation) {
    result["validation"] = judgement(summary.validation);
    text = fmt::format("validation  {}\n", judgement_text(summary.validation));
  }
  text += fmt::format("test        {}\nmodel       {}\n", judgement_text(on_test),
                      folder.model().string());
  if (options.reproduce_leak) {
    const LeakPrice price = reproduce_leak(recipe, data, {summary.validation, on_test}, environment,
                                           run, folder, console);
    result["leak"] = price.json;
    text += price.text;
  }
  Json kept = result;
  kept["test_labels"] = on_test.labels;
  kept["test_predictions"] = on_test.predictions;
  write_file(folder.result(), kept.dump(2) + "\n");
  console.result(text, result);
  return 0;
}

}  // namespace frugal::cli
