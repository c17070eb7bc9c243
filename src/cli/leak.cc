#include "cli/leak.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "cli/judge.h"
#include "cli/signals.h"
#include "report/statistics.h"
#include "vision/augment/export.h"
#include "vision/augment/policy.h"
#include "vision/data/provenance.h"

namespace frugal::cli {
namespace {

// The photographs that the leaking protocol may use: all but the test part.
data::Dataset pool_of(const RunData& data) {
  data::Dataset pool = data.dataset;
  pool.photographs.clear();
  for (const auto* part : {&data.split.train, &data.split.validation})
    for (const std::size_t i : *part) {
      pool.photographs.push_back(data.dataset.photographs[i]);
      pool.photographs.back().given_part.reset();
    }
  return pool;
}

// The pool and a copy of each of its photographs, made once for each policy and seed.
data::Dataset with_copies(data::Dataset pool, const train::Recipe& recipe,
                          const std::filesystem::path& leak, unsigned threads, Console& console) {
  const std::string made = fmt::format("{} {}", recipe.augment, recipe.seed);
  const std::filesystem::path folder = leak / ("photographs-" + sha256(made).substr(0, 8));
  if (!std::filesystem::exists(folder))
    augment::export_augmented(
        pool,
        {.policy = augment::policy_named(recipe.augment), .seed = recipe.seed, .threads = threads},
        folder, console);
  std::map<std::string, std::size_t> label_of;
  for (const data::Photograph& photograph : pool.photographs)
    label_of[photograph.content_hash] = photograph.label;
  for (const data::AlteredCopy& copy : data::read_copies(folder)) {
    const auto label = label_of.find(copy.source_hash);
    if (label == label_of.end())
      throw InputError(
          fmt::format("{} was made from other photographs; use a new --output", folder.string()));
    pool.photographs.push_back(
        {(folder / copy.path).string(), label->second, copy.content_hash, std::nullopt});
  }
  return pool;
}

// Every photograph by itself, copies or not: the mistake.
data::Split split_without_regard(const data::Dataset& pool, double validation_share,
                                 std::uint64_t seed) {
  data::CheckSummary unchecked;
  unchecked.dataset = pool;
  unchecked.group.resize(pool.photographs.size());
  std::iota(unchecked.group.begin(), unchecked.group.end(), std::size_t{0});
  return data::make_split(unchecked,
                          {.validation_share = validation_share, .test_share = 0, .seed = seed});
}

report::Interval interval_of(const train::Evaluation& evaluation) {
  std::vector<bool> correct(evaluation.labels.size());
  for (std::size_t i = 0; i < correct.size(); ++i)
    correct[i] = evaluation.labels[i] == evaluation.predictions[i];
  return report::accuracy_interval({correct}, RandomStream(0).derive("leak"));
}

// Reported − worth.
Json excess(const train::Evaluation& reported, const train::Evaluation& worth) {
  const report::Interval interval = report::independent_difference_interval(
      reported.accuracy, interval_of(reported), worth.accuracy, interval_of(worth));
  return {{"reported", judgement(reported)},
          {"worth", judgement(worth)},
          {"excess", reported.accuracy - worth.accuracy},
          {"excess_interval", {interval.low, interval.high}}};
}

std::string excess_text(const Json& json) {
  return fmt::format("reports {:.1f} %, is worth {:.1f} %: {:+.1f} points [{:+.1f}, {:+.1f}]",
                     100 * json["reported"]["accuracy"].get<double>(),
                     100 * json["worth"]["accuracy"].get<double>(),
                     100 * json["excess"].get<double>(),
                     100 * json["excess_interval"][0].get<double>(),
                     100 * json["excess_interval"][1].get<double>());
}

}  // namespace

LeakPrice reproduce_leak(const train::Recipe& recipe, const RunData& data, const SoundRun& sound,
                         const train::Environment& environment, train::TrainOptions options,
                         const RunFolder& folder, Console& console) {
  if (augment::policy_named(recipe.augment).uses.empty())
    throw InputError("--reproduce-leak needs a policy that alters photographs: give --augment");
  const std::filesystem::path leak = folder.path() / "leak";
  const auto train_size = static_cast<double>(data.split.train.size());
  const auto validation_size = static_cast<double>(data.split.validation.size());
  const data::Dataset pool = with_copies(pool_of(data), recipe, leak, environment.threads, console);
  const data::Split split =
      split_without_regard(pool, validation_size / (train_size + validation_size), recipe.seed);

  train::Recipe unaltered = recipe;
  unaltered.augment = "none";
  unaltered.epochs *= train_size / static_cast<double>(split.train.size());
  console.line("training again by the leaking protocol: altered first, split afterwards");
  train::prepare(unaltered, pool, environment, console);
  options.checkpoint_path = leak / "checkpoint.pt";
  options.model_folder = leak / "model";
  const auto judges = train::HeldOutPhotographs::validation(pool, split);
  const auto summary = train::train(unaltered, train::TrainingPhotographs(pool, split), judges,
                                    environment, options);
  if (summary.ending == train::Ending::kStopped) throw_if_stopped();
  const auto test = train::HeldOutPhotographs::test(data.dataset, data.split);
  const auto worth = train::Model::load(options.model_folder).evaluate(test, environment, console);

  const Json json = {{"leaky", excess(summary.validation, worth)},
                     {"sound", excess(sound.validation, sound.test)},
                     {"policy", to_json(augment::policy_named(recipe.augment))}};
  return {json, fmt::format("altered, then split   {}\nsplit, then altered   {}\n",
                            excess_text(json["leaky"]), excess_text(json["sound"]))};
}

}  // namespace frugal::cli
