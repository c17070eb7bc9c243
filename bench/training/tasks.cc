// Whether cheap tasks tell which recipes are best on the full one, and what they really cost: the
// same recipes, drawn from the tuner's own search space, on every task of every --task-by. Then the
// learning curves of the full runs, in the order they were made, are shown to the rule that stops
// hopeless runs. Every run is written down as it ends; the same command goes on where it stopped.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/plan.h"
#include "cli/recipe_option.h"
#include "cli/run_folder.h"
#include "experiment/hopeless.h"
#include "optimizer/space.h"
#include "report/rank_correlation.h"
#include "vision/train/search_space.h"

namespace frugal::bench {
namespace {

struct Options {
  std::string data, weights, output;
  std::size_t recipes = 16;
  unsigned resolution = 48, threads = 1;
  double epochs = 6;
  std::uint64_t seed = 0;
};

// A task that a run can be of: "full", or "small" and "medium" by resolution, epochs, depth.
struct Task {
  std::string name;
  double forecast_cost = 1;
  Json changes = Json::object();
};

struct Setting {
  cli::RunData data;
  std::filesystem::path cache;
  train::Recipe recipe;  // of the full task, untuned
  std::vector<Task> tasks;
};

std::vector<Task> tasks_of(const Options& options, const Setting& setting) {
  cli::PlanRequest request;
  request.recipe = setting.recipe;
  request.training_photographs = setting.data.split.train.size();
  request.validation_photographs = setting.data.split.validation.size();
  request.all_photographs = setting.data.dataset.photographs.size();
  request.aspect = setting.data.median_aspect();
  request.short_side_pixels = setting.data.median_short_side_pixels();
  request.budget_seconds = std::numeric_limits<double>::infinity();
  request.resolution = options.resolution;
  request.epochs = options.epochs;
  const auto measure = [&](const train::Recipe& recipe) {
    return train::measure_speed(recipe, 1, options.threads, 2);
  };
  std::vector<Task> tasks = {{"full", 1, Json::object()}};
  for (const char* by : {"resolution", "epochs", "depth"}) {
    request.task_by = cli::task_by_named(by);
    for (const auto& task : cli::make_plan(request, measure, measure).tasks)
      if (task.name != "full")
        tasks.push_back({fmt::format("{} by {}", task.name, by), task.cost, task.changes});
  }
  return tasks;
}

Setting prepare(const Options& options) {
  const cli::RunFolder folder(options.output);
  std::filesystem::create_directories(folder.path());
  SilentProgress silence;
  Setting setting{.data = folder.prepare_data({.data = options.data}, {.seed = options.seed},
                                              options.threads, silence),
                  .cache = folder.cache(),
                  .recipe = train::default_recipe(train::Strategy::kFineTune),
                  .tasks = {}};
  setting.recipe.network = train::network_of(options.weights);
  cli::freeze_first_layers(setting.recipe, setting.data.dataset.photographs.size());
  setting.recipe.height = options.resolution;
  setting.recipe.width = cli::view_width(options.resolution, setting.data.median_aspect());
  setting.recipe.epochs = options.epochs;
  setting.tasks = tasks_of(options, setting);
  return setting;
}

// The untuned recipe, and draws from what is tuned around it.
std::vector<train::Recipe> recipes_of(const Options& options, const train::Recipe& untuned) {
  const auto space = optimizer::space_from_json(train::search_space(untuned), "the search space");
  RandomStream random(options.seed);
  std::vector<train::Recipe> recipes = {untuned};
  while (recipes.size() < options.recipes)
    recipes.push_back(
        train::recipe_from_json(optimizer::to_json(space.sample(random)), untuned, "a draw"));
  return recipes;
}

Json run_one(const Options& options, const Setting& setting, const train::Recipe& recipe) {
  SilentProgress silence;
  const train::Environment environment{options.weights, setting.cache, options.threads};
  const train::TrainingPhotographs training(setting.data.dataset, setting.data.split);
  train::prepare(recipe, setting.data.dataset, environment, silence);
  train::prepare_views(recipe, training, environment, silence);
  Json curve = Json::array();
  train::TrainOptions run;
  run.on_evaluation = [&](const train::EpochReport& report) {
    curve.push_back({std::min(1.0, report.epochs / recipe.epochs), report.validation_accuracy});
  };
  try {
    const auto summary = train::train(
        recipe, training,
        train::HeldOutPhotographs::validation(setting.data.dataset, setting.data.split),
        environment, run);
    curve.back()[0] = 1;
    return {{"value", summary.validation.accuracy},
            {"cpu_seconds", summary.cpu_seconds},
            {"wall_seconds", summary.wall_seconds},
            {"curve", curve}};
  } catch (const NumericalError& error) {
    return {{"failed", error.what()}};
  }
}

using Runs = std::map<std::pair<std::size_t, std::string>, Json>;  // recipe, task

Runs read_runs(const std::filesystem::path& path) {
  Runs runs;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    Json run = parse_json(line, path.string());
    const std::pair key{run.at("recipe").get<std::size_t>(), run.at("task").get<std::string>()};
    runs[key] = std::move(run);
  }
  return runs;
}

Runs make_runs(const Options& options, const Setting& setting) {
  const std::filesystem::path path = std::filesystem::path(options.output) / "runs.jsonl";
  Runs runs = read_runs(path);
  const auto recipes = recipes_of(options, setting.recipe);
  for (std::size_t i = 0; i < recipes.size(); ++i)
    for (const Task& task : setting.tasks) {
      if (runs.contains({i, task.name})) continue;
      Json run =
          run_one(options, setting, train::recipe_from_json(task.changes, recipes[i], task.name));
      run["recipe"] = i;
      run["task"] = task.name;
      std::ofstream(path, std::ios::app) << run.dump() << "\n";
      std::fprintf(stderr, "recipe %zu, %s: %s\n", i, task.name.c_str(),
                   run.value("value", Json()).dump().c_str());
      runs[{i, task.name}] = std::move(run);
    }
  return runs;
}

double mean_cost(const Options& options, const Runs& runs, const std::string& task) {
  double cheap = 0, full = 0;
  for (std::size_t i = 0; i < options.recipes; ++i) {
    const Json &a = runs.at({i, task}), &b = runs.at({i, "full"});
    if (a.contains("failed") || b.contains("failed")) continue;
    cheap += a.at("cpu_seconds").get<double>();
    full += b.at("cpu_seconds").get<double>();
  }
  return cheap / full;
}

std::string correlation(std::vector<std::pair<double, double>> pairs) {
  std::vector<double> cheap, full;
  for (const auto& [a, b] : pairs) {
    cheap.push_back(a);
    full.push_back(b);
  }
  const auto r = report::spearman(cheap, full);
  const auto interval = report::spearman_interval(cheap, full, RandomStream(1));
  if (!r || !interval) return "-";
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", *r, interval->low, interval->high);
}

void print_tasks(const Options& options, const Setting& setting, const Runs& runs) {
  fmt::print(
      "| task | cost, forecast | cost, measured | rank correlation, all | of the better half | "
      "full-run accuracy of its best % |\n|---|---|---|---|---|---|\n");
  for (const Task& task : setting.tasks) {
    if (task.name == "full") continue;
    std::vector<std::pair<double, double>> pairs;
    for (std::size_t i = 0; i < options.recipes; ++i) {
      const Json &cheap = runs.at({i, task.name}), &full = runs.at({i, "full"});
      if (cheap.contains("value") && full.contains("value"))
        pairs.emplace_back(cheap.at("value"), full.at("value"));
    }
    std::sort(pairs.begin(), pairs.end(),
              [](const auto& a, const auto& b) { return a.second > b.second; });
    const auto best = std::max_element(pairs.begin(), pairs.end());
    const std::vector<std::pair<double, double>> better(
        pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>((pairs.size() + 1) / 2));
    fmt::print("| {} | {:.2f} | {:.2f} | {} | {} | {:.1f} (best of all {:.1f}) |\n", task.name,
               task.forecast_cost, mean_cost(options, runs, task.name), correlation(pairs),
               correlation(better), 100 * best->second, 100 * pairs.front().second);
  }
}

// The full runs one after the other: what the rule would have saved of their epochs, and whether
// the best of all would have come to its end.
void print_hopeless(const Options& options, const Runs& runs, double risk) {
  std::vector<experiment::Curve> ended;
  double saved = 0, all = 0, best_kept = 0, best = 0, error = 0;
  int stopped = 0;
  for (std::size_t i = 0; i < options.recipes; ++i) {
    const Json& run = runs.at({i, "full"});
    const experiment::Curve curve = experiment::curve_of(run);
    if (curve.empty()) continue;
    all += 1;
    best = std::max(best, curve.back().value);
    bool hopeless = false;
    for (std::size_t seen = 1; seen < curve.size() && !hopeless; ++seen) {
      const experiment::Curve so_far(curve.begin(),
                                     curve.begin() + static_cast<std::ptrdiff_t>(seen));
      const auto forecast = experiment::hopeless(so_far, ended, /*maximize=*/true, risk);
      if (!forecast) continue;
      hopeless = true;
      saved += 1 - so_far.back().share;
      error += std::abs(forecast->value - curve.back().value);
      ++stopped;
    }
    if (hopeless) continue;
    best_kept = std::max(best_kept, curve.back().value);
    ended.push_back(curve);
  }
  fmt::print("| {:.2f} | {} of {:.0f} | {:.0f} % | {:.1f} | {:.1f} | {} |\n", risk, stopped, all,
             100 * saved / all, 100 * best, 100 * best_kept,
             stopped > 0 ? fmt::format("{:.1f}", 100 * error / stopped) : "-");
}

int run(const Options& options) {
  const Setting setting = prepare(options);
  const Runs runs = make_runs(options, setting);
  fmt::print("{} recipes, full runs of {} × {} pixels, {:g} epochs, {} thread{}\n\n",
             options.recipes, setting.recipe.height, setting.recipe.width, setting.recipe.epochs,
             options.threads, options.threads == 1 ? "" : "s");
  print_tasks(options, setting, runs);
  fmt::print(
      "\n| --stop-risk | stopped | epochs saved | best % | best that came to its end % | "
      "forecast off by, points |\n|---|---|---|---|---|---|\n");
  for (const double risk : {0.01, 0.05, 0.2}) print_hopeless(options, runs, risk);
  return 0;
}

}  // namespace
}  // namespace frugal::bench

int main(int argc, char** argv) {
  using namespace frugal;
  bench::Options options;
  CLI::App app("Rank correlation and cost of cheap tasks, and what stopping hopeless runs saves");
  app.add_option("--data", options.data)->required();
  app.add_option("--weights", options.weights)->required();
  app.add_option("--output", options.output, "folder: runs.jsonl, cache")->required();
  app.add_option("--recipes", options.recipes);
  app.add_option("--resolution", options.resolution, "of the full task, pixels of height");
  app.add_option("--epochs", options.epochs, "of the full task");
  app.add_option("--threads", options.threads);
  app.add_option("--seed", options.seed);
  CLI11_PARSE(app, argc, argv);
  try {
    return bench::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_tasks: %s\n", error.what());
    return 2;
  }
}
