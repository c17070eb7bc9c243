#include "optimizer/insight.h"

#include <fmt/format.h>

#include <algorithm>

#include "optimizer/surrogate.h"

namespace frugal::optimizer {
namespace {

// The parameters with more than one value, by descending total effect.
std::vector<std::string> most_important(const Importance& importance, const Encoder& encoder,
                                        std::size_t count) {
  std::vector<Effect> total;
  for (std::size_t j = 0; j < encoder.coordinates(); ++j)
    if (!encoder.is_fixed(j)) total.push_back(importance.overall.total[j]);
  std::stable_sort(total.begin(), total.end(),
                   [](const Effect& a, const Effect& b) { return a.share.value > b.share.value; });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(count, total.size()); ++i)
    names.push_back(total[i].parameters[0]);
  return names;
}

std::vector<std::string> notes_on(const Surrogate& surrogate, const History& history) {
  std::vector<std::string> notes;
  const std::size_t all = history.observations.size(), successes = surrogate.successes(),
                    used = surrogate.records().size();
  if (surrogate.is_constant())
    notes.emplace_back("every observed value is the same: nothing mattered so far");
  if (successes < all)
    notes.push_back(fmt::format(
        "{} of {} observations failed and are left out: what makes trials fail is not seen here",
        all - successes, all));
  if (used < successes)
    notes.push_back(fmt::format("rests on {} of {} observations", used, successes));
  const std::vector<int>& tasks = surrogate.rows().task;
  if (tasks.back() != surrogate.shape().tasks - 1)
    notes.emplace_back("the full task has no value yet: all is drawn from cheaper ones");
  if (!surrogate.draws_hyperparameters())
    notes.emplace_back("too many parameters to draw lengths: intervals are too narrow");
  if (!surrogate.problem().space.constraints().empty())
    notes.emplace_back("parameters that linear constraints bind share one main effect");
  return notes;
}

}  // namespace

Insight make_insight(const Problem& problem, const History& history, std::uint64_t seed,
                     const InsightOptions& options) {
  const Surrogate surrogate(problem, history, seed);
  Insight insight{.lacking = surrogate.lacking()};
  if (!insight.lacking.empty()) return insight;
  insight.notes = notes_on(surrogate, history);
  insight.observations = surrogate.records().size();
  insight.importance = importance(surrogate);
  insight.best = surrogate.encoder().decode(surrogate.best());
  const auto keep = [](std::vector<Dependence>& list, Dependence dependence) {
    if (!dependence.points.empty()) list.push_back(std::move(dependence));
  };
  for (const std::string& name :
       most_important(insight.importance, surrogate.encoder(), options.curves)) {
    keep(insight.partial_dependences, partial_dependence(surrogate, {name}, options.curve));
    keep(insight.slices, slice(surrogate, {name}, options.curve));
  }
  std::size_t surfaces = 0;
  for (const Effect& pair : insight.importance.overall.pairs)
    if (pair.parameters.size() == 2 && surfaces++ < options.surfaces)
      keep(insight.partial_dependences,
           partial_dependence(surrogate, pair.parameters, options.surface));
  insight.left_out_observations = calibrate(surrogate, Leave::kObservation);
  insight.left_out_assignments = calibrate(surrogate, Leave::kAssignments);
  insight.task_correlations = task_correlations(surrogate);
  return insight;
}

}  // namespace frugal::optimizer
