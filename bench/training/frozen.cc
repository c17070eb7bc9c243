// What frozen layers save. `heads`: photographs a second through each head's trainer, on drawn
// features. `tricks`: what several layers, mirror images and augmented views bring to each head, on
// real photographs and several splits. `prefix`: what an epoch of fine-tuning costs behind frozen
// layers, the validation photographs included, beside one of the whole network.
#include <fmt/format.h>

#include <ATen/Parallel.h>
#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <map>
#include <numeric>
#include <string>

#include "base/random.h"
#include "measure.h"
#include "vision/data/check.h"
#include "vision/data/split.h"
#include "vision/train/heads.h"
#include "vision/train/train.h"

namespace frugal::bench {
namespace {

using train::Head;
using train::Recipe;

struct Options {
  std::string data, weights, cache = "/tmp/frugal-bench-cache";
  std::size_t height = 112, width = 144, count = 640, classes = 196;
  std::vector<std::size_t> features = {512, 960, 2048};
  unsigned threads = 2;
  int repeats = 3;
};

const std::vector<Head> kHeads = {Head::kSgd, Head::kRidge, Head::kLda, Head::kLogistic};

// A row of numbers around the centre of its class.
struct Drawn {
  std::vector<float> values;
  std::vector<std::size_t> labels;
  train::FeatureRows rows;

  Drawn(std::size_t count, std::size_t width, std::size_t classes) : rows{{}, width} {
    RandomStream random(1);
    std::vector<float> centres(classes * width);
    for (float& value : centres) value = static_cast<float>(random.normal());
    for (std::size_t i = 0; i < count; ++i) {
      labels.push_back(random.below(classes));
      for (std::size_t j = 0; j < width; ++j)
        values.push_back(centres[labels[i] * width + j] + static_cast<float>(3 * random.normal()));
    }
    for (std::size_t i = 0; i < count; ++i) rows.rows.push_back(values.data() + i * width);
  }
};

void sgd_epoch(const Drawn& drawn, std::size_t classes) {
  constexpr std::size_t kBatch = 128;
  static std::map<std::size_t, train::LinearHead> heads;
  const std::size_t width = drawn.rows.feature_count;
  if (!heads.contains(width))
    heads.emplace(width,
                  train::LinearHead({classes, width}, train::standardization_of(drawn.rows)));
  for (std::size_t begin = 0; begin + kBatch <= drawn.labels.size(); begin += kBatch) {
    train::FeatureRows rows{{drawn.rows.rows.begin() + static_cast<std::ptrdiff_t>(begin),
                             drawn.rows.rows.begin() + static_cast<std::ptrdiff_t>(begin + kBatch)},
                            width};
    heads.at(width).step(rows, std::span(drawn.labels).subspan(begin, kBatch),
                         {.rate = 0.01, .momentum = 0.9});
  }
}

void run_heads(const Options& options) {
  at::set_num_threads(static_cast<int>(options.threads));
  std::cout << "| features | head | photographs a second | lowest to highest | a core second |\n"
               "|---|---|---|---|---|\n";
  for (const std::size_t width : options.features) {
    const Drawn drawn(options.count, width, options.classes);
    const auto n = static_cast<double>(drawn.labels.size());
    std::map<std::string, Series> series;
    for (int repeat = 0; repeat < options.repeats; ++repeat) {
      series["sgd, an epoch"].add(rate_of(n, 0.5, [&] { sgd_epoch(drawn, options.classes); }));
      for (const train::HeadTrainer& trainer : train::head_trainers())
        for (const double given : {trainer.head == Head::kLogistic ? 0.01 : 0.1, 0.0}) {
          if (given == 0 && trainer.head == Head::kLogistic) continue;
          series[to_string(trainer.head) + (given == 0 ? ", chosen" : ", given")].add(
              rate_of(n, 0.5, [&] {
                trainer.fit(drawn.rows, drawn.labels, options.classes, {.regularization = given});
              }));
        }
    }
    for (const auto& [name, found] : series)
      std::cout << fmt::format("| {} | {} | {:.0f} | {:.0f} to {:.0f} | {:.0f} |\n", width, name,
                               median(found.by_wall), lowest(found.by_wall), highest(found.by_wall),
                               median(found.by_cpu))
                << std::flush;
  }
}

struct Run {
  double accuracy = 0, wall_seconds = 0;
};

Run trained(const Options& options, const data::CheckSummary& checked, Recipe recipe,
            std::uint64_t seed) {
  recipe.height = options.height;
  recipe.width = options.width;
  recipe.seed = seed;
  const data::Split split = data::make_split(checked, {0.15, 0.15, seed});
  const train::Environment environment{options.weights, options.cache, options.threads};
  const auto summary =
      train::train(recipe, train::TrainingPhotographs(checked.dataset, split),
                   train::HeldOutPhotographs::validation(checked.dataset, split), environment,
                   {.on_message = [](const std::string& text) { std::cerr << text << '\n'; }});
  return {summary.validation.accuracy, summary.wall_seconds};
}

std::string percent(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double square = 0;
  for (const double value : values) square += (value - mean) * (value - mean);
  return fmt::format("{:.1f} ± {:.1f}", 100 * mean, 100 * std::sqrt(square / std::max(n - 1, 1.0)));
}

void run_tricks(const Options& options) {
  SilentProgress silent;
  const auto checked =
      data::check(data::read_dataset(options.data), {.threads = options.threads}, silent);
  struct Trick {
    std::string name;
    std::size_t layers, views;
    bool flip;
  };
  const std::vector<Trick> tricks = {
      {"the last layer, the centre", 1, 1, false},
      {"layers 2 to 4", 3, 1, false},
      {"layers 1 to 4", 4, 1, false},
      {"layers 1 to 4, mirror images", 4, 1, true},
      {"layers 1 to 4, mirror images, 1 augmented view", 4, 2, true},
      {"layers 1 to 4, mirror images, 3 augmented views", 4, 4, true}};
  std::cout << "| what the head reads | sgd | ridge | lda | logistic |\n|---|---|---|---|---|\n";
  for (const Trick& trick : tricks) {
    std::string line = "| " + trick.name;
    for (const Head head : kHeads) {
      Recipe recipe = default_recipe(train::Strategy::kFeatures);
      recipe.head = head;
      recipe.feature_layers = trick.layers;
      recipe.feature_views = trick.views;
      recipe.flip_test = trick.flip;
      std::vector<double> accuracies;
      for (int seed = 1; seed <= options.repeats; ++seed)
        accuracies.push_back(
            trained(options, checked, recipe, static_cast<std::uint64_t>(seed)).accuracy);
      line += " | " + percent(accuracies);
    }
    std::cout << line << " |\n" << std::flush;
  }
}

// Of one epoch and its evaluation, between the ends of the first and the second.
Sample epoch_of(const Options& options, const data::CheckSummary& checked, const data::Split& split,
                train::Frozen frozen) {
  Recipe recipe{.height = options.height, .width = options.width, .epochs = 2};
  recipe.head_start = train::HeadStart::kZero;
  recipe.frozen = frozen;
  Sample spent;
  const train::Environment environment{options.weights, options.cache, options.threads};
  train::train(recipe, train::TrainingPhotographs(checked.dataset, split),
               train::HeldOutPhotographs::validation(checked.dataset, split), environment,
               {.on_evaluation = [&](const train::EpochReport&) {
                 spent = {wall_seconds() - spent.by_wall, cpu_seconds() - spent.by_cpu};
               }});
  return spent;
}

void run_prefix(const Options& options) {
  SilentProgress silent;
  data::Dataset dataset = data::read_dataset(options.data);
  dataset.photographs.resize(std::min(options.count, dataset.photographs.size()));
  const auto checked = data::check(dataset, {.threads = options.threads}, silent);
  const data::Split split = data::make_split(checked, {0.15, 0, 1});
  using train::Frozen;
  const std::vector<Frozen> modes = {Frozen::kNone, Frozen::kLayer1, Frozen::kLayer2,
                                     Frozen::kLayer3};
  std::map<Frozen, Series> seconds, shares;
  for (int repeat = 0; repeat <= options.repeats; ++repeat) {
    Sample whole;
    for (const Frozen mode : modes) {
      const Sample epoch = epoch_of(options, checked, split, mode);
      if (mode == Frozen::kNone) whole = epoch;
      if (repeat == 0) continue;  // the caches are filled
      seconds[mode].add(epoch);
      shares[mode].add({epoch.by_wall / whole.by_wall, epoch.by_cpu / whole.by_cpu});
    }
  }
  std::cout << fmt::format(
      "{} photographs to train on, {} to validate, {} × {} pixels\n\n| frozen | epoch, s | core s "
      "| "
      "of the whole, by core seconds | lowest to highest | by the clock "
      "|\n|---|---|---|---|---|---|\n",
      split.train.size(), split.validation.size(), options.height, options.width);
  for (const Frozen mode : modes)
    std::cout << fmt::format(
        "| {} | {:.2f} | {:.2f} | {:.0f} % | {:.0f} to {:.0f} % | {:.0f} % |\n", to_string(mode),
        median(seconds[mode].by_wall), median(seconds[mode].by_cpu),
        100 * median(shares[mode].by_cpu), 100 * lowest(shares[mode].by_cpu),
        100 * highest(shares[mode].by_cpu), 100 * median(shares[mode].by_wall));
}

int run(int argc, char** argv) {
  CLI::App app("What frozen layers save", "bench_frozen");
  Options options;
  app.require_subcommand(1);
  CLI::App* heads = app.add_subcommand("heads", "photographs a second through each trainer");
  CLI::App* tricks = app.add_subcommand("tricks", "what heads read, and what it brings");
  CLI::App* prefix = app.add_subcommand("prefix", "an epoch behind frozen layers");
  heads->add_option("--features", options.features);
  heads->add_option("--classes", options.classes);
  for (CLI::App* command : {tricks, prefix}) {
    command->add_option("--data", options.data)->required();
    command->add_option("--weights", options.weights)->required();
    command->add_option("--height", options.height);
    command->add_option("--width", options.width);
    command->add_option("--cache", options.cache, "a folder for decoded photographs and features");
  }
  for (CLI::App* command : {heads, tricks, prefix}) {
    command->add_option("--threads", options.threads);
    command->add_option("--count", options.count, "photographs");
    command->add_option("--repeats", options.repeats, "rounds, or splits");
  }
  CLI11_PARSE(app, argc, argv);
  if (*heads) run_heads(options);
  if (*tricks) run_tricks(options);
  if (*prefix) run_prefix(options);
  return 0;
}

}  // namespace
}  // namespace frugal::bench

int main(int argc, char** argv) try {
  return frugal::bench::run(argc, argv);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
