// Whether a policy that was tuned on one network holds for another.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/inquiry.h"
#include "cli/short_runs.h"
#include "cli/signals.h"
#include "optimizer/suggest.h"
#include "report/numbers.h"
#include "vision/explain/subset.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kSearchRuns = 6;
constexpr double kTaught = 0.85;  // of the training part, in the search

// What is tuned anew: what the run tuned, else the widest that there is.
augment::Policy open_policy(const RunFolder& folder) {
  const Json options = parse_json(read_file(folder.options()), folder.options().string());
  const augment::Policy own = augment::policy_named(options.value("augment", "none"));
  return augment::open_parameters(own).empty() ? augment::policy_named("wide") : own;
}

// The search has judges of its own, out of the training part: what judges the arms tells it
// nothing.
data::Split split_of_search(const data::Split& split, const data::Dataset& dataset) {
  data::Split part = explain::with_share_of_training(split, dataset, kTaught, kFirstSeed);
  part.validation.clear();
  std::ranges::set_difference(split.train, part.train, std::back_inserter(part.validation));
  return part;
}

augment::Policy closed(const augment::Policy& open, const optimizer::Assignments& assignments) {
  std::map<std::string, double> values;
  const Json chosen = optimizer::to_json(assignments);
  for (const auto& [name, value] : chosen.items()) values[name] = value.get<double>();
  augment::Policy policy = augment::with_values(open, values, "the policy tuned anew");
  std::erase_if(policy.uses, [](const auto& use) { return use.probability == 0; });
  return policy;
}

optimizer::Assignments untuned(const augment::Policy& open, const optimizer::Space& space) {
  Json values = Json::object();
  for (const auto& parameter : augment::open_parameters(open))
    values[parameter.name] =
        parameter.whole ? Json(std::lround(parameter.value)) : Json(parameter.value);
  return optimizer::assignments_from_json(values, space, "the untuned policy");
}

double share_right(const explain::ShortRun& run) {
  const std::vector<bool> right = run.correct();
  return static_cast<double>(std::ranges::count(right, true)) / static_cast<double>(right.size());
}

}  // namespace

// By short runs, the first of them with the untuned values.
augment::Policy Inquiry::tuned_anew(const augment::Policy& open, const explain::ShortRunPlan& plan,
                                    const explain::Retraining& training,
                                    ShortRuns& short_runs) const {
  const optimizer::Space space = optimizer::space_from_json(
      {{"parameters", augment::search_parameters(open)}}, "the policy's parameters");
  const auto suggester = optimizer::make_suggester("multitask", {.space = space}, plan.recipe.seed);
  const data::Split split = split_of_search(run_.split, run_.dataset);
  optimizer::History history;
  for (std::size_t i = 0; i < kSearchRuns; ++i) {
    throw_if_stopped();
    RandomStream random = RandomStream(plan.recipe.seed).derive("tuned anew").derive(i);
    const auto assignments =
        i == 0 ? untuned(open, space) : suggester->suggest(history, 1, random).at(0).assignments;
    train::Recipe recipe = plan.recipe;
    recipe.augment = text_of(closed(open, assignments));
    recipe.seed = kFirstSeed;
    console_.status({fmt::format("tuning anew, run {} of {}", i + 1, kSearchRuns)});
    optimizer::Observation seen{.assignments = assignments};
    short_runs.run_besides([&] {
      try {
        seen.value =
            share_right(training.run(recipe, train::TrainingPhotographs(run_.dataset, split),
                                     train::HeldOutPhotographs::validation(run_.dataset, split)));
      } catch (const NumericalError& error) {
        console_.message(fmt::format("tuning anew: {}", error.what()));
      }
    });
    history.observations.push_back(std::move(seen));
  }
  console_.clear_status();
  const auto best = suggester->recommend(history);
  if (!best) throw NumericalError("every run of the search failed");
  return closed(open, *best);
}

report::Finding Inquiry::transfer() {
  if (options_.onto.empty())
    return report::unanswered("transfer",
                              "no other network was given; name its weights with --onto WEIGHTS");
  if (const std::string reason = without_policy(recipe()); !reason.empty())
    return report::unanswered("transfer", reason);
  train::Recipe onto = recipe();
  onto.network = train::network_of(options_.onto);
  std::vector<Arm> arms = {{"the run's policy", policy_of(recipe())}, {"no policy", {}}};
  const augment::Policy plain = augment::policy_named("crop-flip");
  if (arms[0].policy != plain) arms.push_back({"crop-flip", plain});
  const BudgetShare budget = budget_of_question();
  // Two seeds of each, and the search.
  const std::size_t variants = arms.size() + 1 + kSearchRuns / explain::kLeastSeeds;
  explain::ShortRunRequest request = runs_on_training_part(onto, variants);
  request.seeds_share_views = false;  // nor do the search's runs
  const auto plan = plan_for("transfer", request, budget);
  if (plan.seeds == 0) return report::unanswered("transfer", too_little(plan, budget, variants));
  const explain::Retraining training = retraining(options_.onto, budget);
  ShortRuns short_runs(plan, budget, arms.size() + 1, kSearchRuns);
  arms.push_back(
      {"a policy tuned anew", tuned_anew(open_policy(folder_), plan, training, short_runs)});
  const std::vector<report::PolicyRuns> runs = trained_over_seeds(arms, short_runs, plan, training);
  report::Finding finding = report::transfer_finding(onto.network, runs);
  finding.notes.push_back(plan_note(plan, recipe(), runs[0].correct.size()));
  if (!short_runs.note().empty()) finding.notes.push_back(short_runs.note());
  finding.notes.push_back(fmt::format(
      "Each arm's runs cost the same. The search for a policy anew took {} short runs more, judged "
      "on a part of the training photographs that they did not learn from; it chose: {}.",
      kSearchRuns, text_of(arms.back().policy)));
  return finding;
}

}  // namespace frugal::cli
