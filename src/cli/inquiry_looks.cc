// How the pictures of a search's trials look, and whether it goes with their accuracy.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/contact_sheet.h"
#include "cli/inquiry.h"
#include "cli/signals.h"
#include "cli/some_photographs.h"
#include "experiment/hopeless.h"
#include "experiment/progress.h"
#include "experiment/store.h"
#include "vision/augment/measures.h"
#include "worker/training_executor.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kPhotographs = 48;
constexpr unsigned kResolution = 96;

std::vector<double> means(const std::vector<data::Image>& images) {
  std::vector<double> sums(augment::measure_columns().size());
  for (const data::Image& image : images) {
    const augment::Measures measures = augment::measure(image);
    for (std::size_t i = 0; i < sums.size(); ++i)
      sums[i] += measures.*augment::measure_columns()[i].value / static_cast<double>(images.size());
  }
  return sums;
}

// The runs that ended, by task.
using Runs = std::map<std::size_t, std::vector<std::pair<augment::Policy, double>>>;

Runs runs_of(const experiment::Experiment& experiment, experiment::Store& store) {
  Runs runs;
  const auto trials = store.trials(experiment.id);
  const auto ends = experiment::ends_of(trials, store.observations(experiment.id));
  for (const experiment::Trial& trial : trials) {
    const auto end = ends.find(trial.id);
    const bool is_whole = end != ends.end() && end->second.value &&
                          !experiment::is_forecast(end->second) &&
                          !trial.metadata.contains("changes");  // a run of another length
    if (!is_whole) continue;
    runs[trial.suggestion.task].emplace_back(policy_of(worker::recipe_of(experiment, trial)),
                                             *end->second.value);
  }
  return runs;
}

bool is_tuned(const experiment::Experiment& experiment) {
  const Json recipe = experiment.metadata.at("training").at("recipe");
  return recipe.at("strategy") == to_string(train::Strategy::kFineTune) &&
         !augment::open_parameters(augment::policy_named(recipe.at("augment"))).empty();
}

}  // namespace

report::Finding Inquiry::looks() {
  if (!std::filesystem::exists(folder_.store()))
    return report::unanswered("looks", "the run trained one recipe: there was no search");
  const auto store = experiment::open_sqlite_store(folder_.store());
  const auto experiments = store->experiments();
  const auto tuned = std::ranges::find_if(experiments, is_tuned);
  if (tuned == experiments.end())
    return report::unanswered("looks",
                              "no augmentation was tuned: frugal tune --augment study, "
                              "wide, or a policy with ranges does");
  const Runs by_task = runs_of(*tuned, *store);
  const auto most =
      std::ranges::max_element(by_task, {}, [](const auto& item) { return item.second.size(); });
  if (most == by_task.end()) return report::unanswered("looks", "no run has ended");

  const auto images = some_photographs(run_, kPhotographs, kResolution);
  const SheetOptions options{.seed = 0, .variants = 1, .resolution = kResolution};
  std::vector<report::LookedAt> runs;
  std::vector<double> before;
  for (const auto& [policy, accuracy] : most->second) {
    throw_if_stopped();
    const ShownPhotographs shown = show(policy, images, options);
    if (before.empty()) before = means(shown.originals);
    runs.push_back({means(shown.variants[0]), accuracy});
    console_.progress({"looking at the runs' pictures", runs.size(), most->second.size()});
  }
  std::vector<std::string> names;
  for (const auto& column : augment::measure_columns()) names.push_back(column.name);
  return report::looks_finding(names, before, runs, tuned->tasks[most->first].name, images.size());
}

}  // namespace frugal::cli
