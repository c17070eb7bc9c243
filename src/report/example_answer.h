// Made-up answers for the tests of this room: of any size, deterministic, and awkward where it
// matters (class names that are HTML, failed trials, NaN losses).
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "base/random.h"
#include "report/answer.h"

namespace frugal::report {

struct ExampleOptions {
  std::size_t trials = 40;
  std::size_t test = 600;
  std::size_t classes = 12;
  std::size_t seeds = 3;
  double gain = 0.08;  // of tuning, in accuracy
  bool finished = true;
  bool all_failed = false;
};

inline Trial example_trial(std::uint64_t id, const ExampleOptions& options, RandomStream random) {
  static const char* const kTasks[] = {"small", "medium", "full"};
  static const double kCosts[] = {0.1, 0.5, 1.0};
  const std::size_t task = random.below(3);
  Trial trial{
      .id = id,
      .strategy = id % 2 == 0 ? "features" : "fine-tune",
      .task = kTasks[task],
      .cost = kCosts[task],
      .state = options.all_failed || random.uniform() < 0.05 ? "failed" : "done",
      .assignments = {{"learning_rate", std::exp(random.uniform(-9.2, 0))},
                      {"weight_decay", std::exp(random.uniform(-11.3, 0))},
                      {"momentum", random.uniform(0, 0.9)},
                      {"nesterov", random.uniform() < 0.5},
                      {"batch_exponent", 4 + random.below(5)},
                      {"plateau_factor", random.uniform()},
                      {"plateau_patience", random.below(21)}},
      .started_seconds = 1100.0 * static_cast<double>(id) / static_cast<double>(options.trials),
      .seconds = 60 * trial.cost * random.uniform(0.5, 1.5)};
  trial.cpu_seconds = 0.98 * trial.seconds;
  trial.device_seconds = trial.seconds;
  trial.machine_seconds = trial.seconds / 2;
  trial.peak_memory_bytes = 4.1e8 * (1 + trial.cost);
  trial.dollars = trial.machine_seconds / 3600 * 0.0852;
  const double best = 0.75 * (1 - 0.4 * std::abs(random.normal())) - 0.1 * (1 - trial.cost);
  for (int epoch = 1; epoch <= 10 * trial.cost; ++epoch)
    trial.history.push_back(
        {.epochs = static_cast<double>(epoch),
         .training_loss = 2.5 * std::exp(-epoch * best / 3) + 0.2,
         .validation_loss = 2.5 * std::exp(-epoch * best / 4) + 0.5,
         .validation_accuracy = std::max(0.01, best * (1 - std::exp(-epoch / 2.0))),
         .wall_seconds = epoch * trial.seconds / 10});
  if (trial.state == "failed") {
    trial.reason = "the loss is not a number after 0.4 epochs";
    if (!trial.history.empty()) trial.history.back().training_loss = NAN;
  } else {
    trial.value = std::max(0.01, best);
    if (trial.cost == 1)
      trial.passings = {{"small", 0.1, 0.5 * best}, {"medium", 0.5, best - 0.05}};
  }
  return trial;
}

inline SeedResult example_seed(std::uint64_t seed, double accuracy, const Answer& answer,
                               RandomStream random) {
  SeedResult result{.seed = seed,
                    .validation_accuracy = accuracy + 0.01 * random.normal() + 0.01,
                    .test_top5 = std::min(1.0, accuracy + 0.15)};
  for (std::size_t j = 0; j < answer.test_labels.size(); ++j) {
    // Hard photographs are hard for every arm and every seed.
    const double hardness = RandomStream(j).uniform();
    const bool right = 0.8 * hardness + 0.2 * random.uniform() < accuracy;
    const std::size_t label = answer.test_labels[j];
    result.test_predictions.push_back(right ? label : (label + 1) % answer.classes.size());
  }
  return result;
}

inline Answer example_answer(const ExampleOptions& options = {}) {
  const RandomStream random(1);
  Answer answer{.title = "Which car is it?",
                .finished = options.finished,
                .ended_at_seconds = 1763900000,
                .network = "resnet18",
                .weights = "resnet18-in200.pth",
                .command_line = "frugal tune --data cars --weights resnet18-in200.pth --budget 20m",
                .budget = "20m",
                .machine = "2 cores, AMD EPYC 9R14, bf16",
                .version = "0.1.0",
                .workers = 2,
                .spent_seconds = 1187,
                .spent_dollars = 0.0281,
                .price_per_hour = 0.0852,
                .price = "small on demand, P, list price of 2025-01-15",
                .stages = {{"checking and decoding photographs", 41},
                           {"calibration", 12},
                           {"search", 903},
                           {"runs on fresh seeds", 214},
                           {"test", 17}}};
  for (std::size_t c = 0; c < options.classes; ++c)
    answer.classes.push_back(c == 0 ? "<script>alert(1)</script>"
                                    : fmt::format("Maker & Son \"Model {}\" 20{:02}", c, c));
  answer.data = {.path = "cars",
                 .photographs = options.test * 6,
                 .train = options.test * 4,
                 .validation = options.test,
                 .test = options.test,
                 .min_per_class = 24,
                 .max_per_class = 68,
                 .split_seed = 7,
                 .shared_content = 0,
                 .split_hash = std::string(64, 'a'),
                 .broken = {{"cars/x/0001.jpg", "the file is empty"},
                            {"cars/<b>.jpg", "not a picture: it begins with \"PK\""}},
                 .duplicates = 3,
                 .near_duplicates = 11};
  for (std::uint64_t id = 0; id < options.trials; ++id)
    answer.trials.push_back(example_trial(id, options, random.derive("trial").derive(id)));
  if (!options.finished || options.all_failed) return answer;

  for (std::size_t j = 0; j < options.test; ++j) answer.test_labels.push_back(j % options.classes);
  for (const char* strategy : {"features", "fine-tune"})
    for (bool tuned : {false, true}) {
      const bool features = std::string(strategy) == "features";
      Arm arm{.strategy = strategy,
              .tuned = tuned,
              .trials = tuned ? options.trials / 2 : 1,
              .search_seconds = tuned ? 450.0 : 0,
              .run_seconds = features ? 3.4 : 61,
              .dollars = tuned ? 0.0125 : 0.0011,
              .recipe = {{"strategy", strategy},
                         {"learning_rate", tuned ? 0.034567 : 0.01},
                         {"momentum", tuned ? 0.41 : 0.9},
                         {"nesterov", false},
                         {"weight_decay", tuned ? 0.00087 : 0.0001},
                         {"batch_exponent", 5}}};
      const double accuracy = (features ? 0.55 : 0.62) + (tuned ? options.gain : 0);
      for (std::uint64_t seed = 0; seed < options.seeds; ++seed)
        arm.seeds.push_back(
            example_seed(1000 + seed, accuracy, answer,
                         random.derive(strategy).derive(tuned ? 1 : 0).derive(seed)));
      answer.arms.push_back(std::move(arm));
    }
  answer.winner = 3;
  return answer;
}

}  // namespace frugal::report
