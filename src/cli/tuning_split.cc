#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/file.h"
#include "cli/signals.h"
#include "cli/tuning.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();
constexpr unsigned kRounds = 3;
// No further round after so long, or such a share of the budget.
constexpr double kLongestSeconds = 10, kLongestShare = 0.01;
constexpr double kSeconds = 0.6;  // of a measurement, at least
// What is fastest on small pictures in small batches is so on large ones, and is known sooner.
constexpr unsigned kHighest = 96;
constexpr unsigned kBatchExponent = 4;

}  // namespace

// On what the cores will be busy with for longest: fine-tuning. Heads on frozen features are
// trained in moments, one to a core.
SplitChoice Tuning::measure_split(double aspect) {
  auto candidates = split_candidates(core_count());
  const bool heads_alone = std::find(strategies_.begin(), strategies_.end(),
                                     train::Strategy::kFineTune) == strategies_.end();
  if (heads_alone) candidates.resize(1);
  train::Recipe recipe = train::default_recipe(train::Strategy::kFineTune);
  recipe.network = network_;
  recipe.height = options_.resolution > 0 ? std::min(options_.resolution, kHighest) : kHighest;
  recipe.width = view_width(recipe.height, aspect);
  recipe.batch_exponent = kBatchExponent;
  const SystemClock clock;
  const double began = clock.now_seconds();
  const double longest =
      std::min(kLongestSeconds, kLongestShare * allowed_seconds_.value_or(kUnbounded));
  const auto another_round = [&](unsigned rounds) {
    return rounds < kRounds && clock.now_seconds() - began < longest;
  };
  SplitChoice choice = choose_split(candidates, another_round, [&](const Split& split) {
    throw_if_stopped();
    console_.progress(
        {fmt::format("measuring {} worker{} of {} thread{}", split.workers,
                     split.workers == 1 ? "" : "s", split.threads, split.threads == 1 ? "" : "s")});
    return train::measure_speed(recipe, split.workers, split.threads, kSeconds)
        .training_images_per_second;
  });
  choice.work =
      fmt::format("fine-tuning {} at {} × {} pixels", network_, recipe.height, recipe.width);
  return choice;
}

// Measured once: a run that goes on, on the same machine, keeps it.
void Tuning::share_out_the_cores(const RunData& data) {
  const unsigned cores = core_count();
  const std::string machine = describe_machine();
  const auto known = folder_.machine();
  if (given_split_) {
    split_ = {.split = *given_split_, .cores = cores, .machine = machine};
  } else {
    if (std::filesystem::exists(known))
      split_ = split_choice_from_json(parse_json(read_file(known), known.string()));
    if (split_.cores != cores || split_.machine != machine) {
      split_ = measure_split(data.median_aspect());
      split_.cores = cores;
      split_.machine = machine;
      if (!options_.dry_run) write_file(known, to_json(split_).dump(1) + "\n");
    }
    console_.line(to_text(split_));
  }
  console_.event({{"event", "split"}, {"split", to_json(split_)}});
  workers_ = split_.split.workers;
  threads_ = split_.split.threads;
}

}  // namespace frugal::cli
