#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/contact_sheet.h"
#include "cli/run_folder.h"
#include "cli/signals.h"
#include "vision/augment/export.h"
#include "vision/augment/measures.h"
#include "vision/augment/policy.h"
#include "vision/data/check.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kMeasured = 64;  // photographs, at least

// The table, for --list.
int list_transforms(Console& console) {
  std::string text;
  Json policies = Json::array(), transforms = Json::array();
  for (const auto& named : augment::named_policies()) {
    text += fmt::format("{:<14}{}\n", named.name, named.meaning);
    policies.push_back(
        {{"name", named.name}, {"meaning", named.meaning}, {"policy", to_json(named.policy)}});
  }
  text += '\n';
  for (const auto& transform : augment::transforms()) {
    text += fmt::format("{}  ({})\n", transform.name, transform.reference);
    Json parameters = Json::array();
    for (const auto& p : transform.parameters) {
      text += fmt::format("  {:<12} {:g} to {:g}, default {:g}: {}\n", p.name, p.min, p.max,
                          p.default_value, p.meaning);
      parameters.push_back({{"name", p.name},
                            {"min", p.min},
                            {"max", p.max},
                            {"default", p.default_value},
                            {"whole", p.whole},
                            {"meaning", p.meaning}});
    }
    transforms.push_back({{"name", transform.name},
                          {"reference", transform.reference},
                          {"parameters", std::move(parameters)}});
  }
  console.result(text, {{"policies", std::move(policies)}, {"transforms", std::move(transforms)}});
  return 0;
}

// Training photographs in a random order that depends on the seed alone.
std::vector<std::size_t> shuffled(const data::Dataset& dataset, std::uint64_t seed) {
  std::vector<std::size_t> order;
  for (const std::size_t i :
       RandomStream(seed).derive("preview").permutation(dataset.photographs.size()))
    if (dataset.photographs[i].given_part.value_or(data::Part::kTrain) == data::Part::kTrain)
      order.push_back(i);
  return order;
}

// The first count photographs of the order that can be read.
std::vector<data::Image> read_some(const data::Dataset& dataset, std::size_t count,
                                   const AugmentOptions& options, Console& console) {
  std::vector<data::Image> images;
  for (const std::size_t i : shuffled(dataset, options.seed)) {
    if (images.size() == count) break;
    throw_if_stopped();
    try {
      images.push_back(data::read_image(dataset.photographs[i].path,
                                        {.at_least_short_side = 2 * options.resolution}));
    } catch (const Error& error) {
      if (options.data.strict) throw;
      console.message(error.what());
    }
    console.progress({"reading photographs", images.size(), count});
  }
  if (images.empty())
    throw InputError(
        fmt::format("{}: no photograph to train on can be read; frugal check {} says "
                    "what is wrong with them",
                    options.data.data, options.data.data));
  return images;
}

std::vector<augment::MeasureChange> measure(const ShownPhotographs& shown) {
  std::vector<augment::Measures> before, after;
  for (const data::Image& image : shown.originals) before.push_back(augment::measure(image));
  for (const auto& row : shown.variants)
    for (const data::Image& image : row) after.push_back(augment::measure(image));
  return augment::compare(before, after);
}

std::string measures_text(const std::vector<augment::MeasureChange>& changes) {
  std::string text = fmt::format("{:<15}{:>10}{:>10}  change\n", "", "before", "after");
  for (const auto& c : changes)
    text += fmt::format("{:<15}{:>10.3g}{:>10.3g}  {:+.3g} ± {:.2g}\n", c.name, c.before, c.after,
                        c.change, c.change_margin);
  return text;
}

std::string open_text(const augment::Policy& policy) {
  std::string text;
  for (const auto& open : augment::open_parameters(policy))
    text += fmt::format("{}{} {:g} ({:g} to {:g})", text.empty() ? "untuned    " : ", ", open.name,
                        open.value, open.interval.min, open.interval.max);
  return text.empty() ? text : text + "\n";
}

Json export_copies(const data::Dataset& dataset, const augment::Policy& policy,
                   const AugmentOptions& options, const std::filesystem::path& folder,
                   Console& console) {
  const data::CheckSummary checked =
      data::check(dataset, {.strict = options.data.strict, .threads = core_count()}, console);
  const auto summary = augment::export_augmented(checked.dataset,
                                                 {.policy = policy,
                                                  .multiplier = options.multiplier,
                                                  .seed = options.seed,
                                                  .short_side_pixels = options.export_resolution,
                                                  .threads = core_count()},
                                                 folder, console);
  return {{"folder", folder.string()},
          {"originals", summary.originals},
          {"copies", summary.copies},
          {"left_out", checked.broken.size()}};
}

}  // namespace

int run_augment(const AugmentOptions& options, Console& console) {
  if (options.list) return list_transforms(console);
  if (options.data.data.empty()) throw InputError("augment: --data is required (or --list)");
  const augment::Policy policy = augment::policy_named(options.augment);
  const data::Dataset dataset = data::read_dataset(options.data.data, options.data.reader);
  const std::filesystem::path output = options.output;
  const std::filesystem::path photographs = output / "photographs";
  if (options.multiplier > 0 && std::filesystem::exists(photographs))
    throw InputError(
        fmt::format("{} exists; give another --output or remove it", photographs.string()));
  std::filesystem::create_directories(output);

  const auto images =
      read_some(dataset, std::max<std::size_t>(options.count, kMeasured), options, console);
  const ShownPhotographs shown =
      show(policy, images,
           {.seed = options.seed, .variants = options.variants, .resolution = options.resolution});
  const auto changes = measure(shown);
  const std::filesystem::path sheet = output / "contact-sheet.png";
  write_file(sheet, data::encode_png(shown.sheet(options.count)));

  Json result = {{"sheet", sheet.string()},
                 {"photographs_shown", std::min<std::size_t>(options.count, images.size())},
                 {"photographs_measured", images.size()},
                 {"variants", options.variants},
                 {"policy", to_json(policy)},
                 {"measures", to_json(changes)}};
  std::string text = fmt::format(
      "{}sheet      {}: {} photographs, above as judged, below in {} variants\n\n"
      "{}(means of {} photographs, with 95 % intervals of the change)\n",
      open_text(policy), sheet.string(), result["photographs_shown"].get<std::size_t>(),
      options.variants, measures_text(changes), images.size());
  if (options.multiplier > 0) {
    result["export"] = export_copies(dataset, policy, options, photographs, console);
    text += fmt::format("\nexported   {}: {} photographs and {} altered copies of them\n",
                        photographs.string(), result["export"]["originals"].get<std::size_t>(),
                        result["export"]["copies"].get<std::size_t>());
  }
  write_file(output / "measures.json", result.dump(2) + "\n");
  console.result(text, result);
  return 0;
}

}  // namespace frugal::cli
