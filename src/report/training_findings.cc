// What training brought: layers, policy, parameters, transfer.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "report/estimates.h"
#include "report/finding_cells.h"
#include "report/numbers.h"

namespace frugal::report {

Finding layers_finding(const std::vector<LayerAlignment>& layers, std::size_t photographs) {
  FRUGAL_CHECK(!layers.empty());
  Finding finding = begin_finding("layers");
  Table table{.name = "layers",
              .caption = "Linear CKA of what each layer makes of the same photographs",
              .columns = {{"Layer", "layer"}},
              .rows = {},
              .emphasized = {}};
  add_columns(table, "Before and after", "before");
  add_columns(table, "After and untrained", "untrained");
  for (const LayerAlignment& layer : layers) {
    std::vector<Cell> row = {count_cell(layer.layer)};
    add_number(row, layer.before, {layer.before_low, layer.before_high});
    add_number(row, layer.fresh, {layer.fresh_low, layer.fresh_high});
    table.rows.push_back(std::move(row));
  }
  const LayerAlignment& most = *std::ranges::min_element(layers, {}, &LayerAlignment::before);
  const LayerAlignment& least = *std::ranges::max_element(layers, {}, &LayerAlignment::before);
  finding.answer = fmt::format(
      "Training changed layer {} most (similarity to what it was: {:.2f}, {:.2f} to {:.2f}) and "
      "layer {} least ({:.2f}, {:.2f} to {:.2f}).",
      most.layer, most.before, most.before_low, most.before_high, least.layer, least.before,
      least.before_low, least.before_high);
  finding.tables.push_back(std::move(table));
  finding.notes.push_back(fmt::format(
      "Linear centred kernel alignment (Kornblith et al. 2019) of the means over positions, on {}, "
      "by the unbiased estimator; 1: the same up to rotation and scale, about 0: unrelated. "
      "Intervals: jackknife over ten groups of photographs.",
      plural(photographs, "photograph")));
  return finding;
}

namespace {

struct Difference {
  std::string name;
  double value = 0;
  Interval interval;
  bool is_one() const { return !interval.contains(0); }
};

Difference difference_of(const PolicyRuns& runs, const PolicyRuns& other) {
  return {runs.name, accuracy(runs.correct) - accuracy(other.correct),
          difference_interval(runs.correct, other.correct, resampling("runs " + runs.name))};
}

Table runs_table(const std::string& name, const std::string& caption) {
  Table table{.name = name,
              .caption = caption,
              .columns = {{"Trained with", "variant", false}, {"Runs", "runs"}},
              .rows = {},
              .emphasized = {}};
  add_columns(table, "Accuracy %", "accuracy");
  table.columns.push_back({"Against", "against", false});
  add_columns(table, "Difference", "difference");
  return table;
}

std::vector<Cell> run_row(const PolicyRuns& runs) {
  std::vector<Cell> row = {text_cell(runs.name), count_cell(runs.correct.size())};
  add_percent(row, accuracy(runs.correct), interval_of_accuracy(runs.correct));
  return row;
}

void add_difference(std::vector<Cell>& row, const std::string& against, const Difference& d) {
  row.push_back(text_cell(against));
  add_points(row, d.value, d.interval);
}

std::string in_words(const Difference& d) {
  return points_with_interval(d.value, d.interval);
}

// The policy's losses over those without it, seed by seed, in logarithms.
std::optional<Measured> diversity(const PolicyRuns& whole, const PolicyRuns& none) {
  std::vector<double> logs;
  for (std::size_t s = 0; s < std::min(whole.training_losses.size(), none.training_losses.size());
       ++s)
    if (whole.training_losses[s] > 0 && none.training_losses[s] > 0)
      logs.push_back(std::log(whole.training_losses[s] / none.training_losses[s]));
  if (logs.size() < 2) return {};
  const Measured mean = seeds_mean(logs);
  return Measured{std::exp(mean.value),
                  {std::exp(mean.interval.low), std::exp(mean.interval.high)}};
}

void add_affinity(Finding& finding, const std::vector<PolicyRuns>& runs,
                  const std::optional<Affinity>& affinity) {
  Table table{.name = "affinity",
              .caption = "Affinity and diversity of the policy (Gontijo-Lopes et al. 2021)",
              .columns = {{"Measure", "measure", false}},
              .rows = {},
              .emphasized = {}};
  add_columns(table, "Ratio", "ratio");
  table.columns.push_back({"Is", "meaning", false});
  const auto add = [&](const char* name, const std::optional<Measured>& ratio,
                       const char* meaning) {
    if (!ratio) return;
    std::vector<Cell> row = {text_cell(name)};
    add_number(row, ratio->value, ratio->interval);
    row.push_back(text_cell(meaning));
    table.rows.push_back(std::move(row));
  };
  if (affinity)
    add("affinity",
        accuracy_ratio(affinity->augmented, affinity->unaltered, resampling("affinity")),
        "accuracy on augmented over that on unaltered photographs, of a model that never saw the "
        "policy; 1: its views are not foreign");
  add("diversity", diversity(runs[0], runs[1]),
      "training loss with the policy over that without; above 1: its views are harder to learn");
  if (!table.rows.empty()) finding.tables.push_back(std::move(table));
}

}  // namespace

Finding policy_finding(const std::vector<PolicyRuns>& runs,
                       const std::optional<Affinity>& affinity) {
  FRUGAL_CHECK(runs.size() >= 2);
  Finding finding = begin_finding("policy");
  const PolicyRuns &whole = runs[0], &none = runs[1];
  Table table = runs_table("policy", "Short runs with the policy, without it and with parts of it");
  table.rows.push_back(run_row(whole));
  const Difference gain = difference_of(whole, none);
  add_difference(table.rows.back(), none.name, gain);
  table.rows.push_back(run_row(none));
  table.rows.back().insert(table.rows.back().end(), 5, no_cell());
  std::optional<Difference> dearest;
  std::size_t distinguishable = 0;
  for (std::size_t i = 2; i < runs.size(); ++i) {
    const PolicyRuns& other = runs[i].against == PolicyRuns::Against::kWhole ? whole : none;
    const Difference d = difference_of(runs[i], other);
    table.rows.push_back(run_row(runs[i]));
    add_difference(table.rows.back(), other.name, d);
    distinguishable += d.is_one();
    if (&other == &whole && (!dearest || d.value < dearest->value)) dearest = d;
  }
  finding.answer = fmt::format("In short runs the policy brings {} over none{}.", in_words(gain),
                               gain.is_one() ? "" : ", which is no difference shown");
  if (dearest)
    finding.answer +=
        fmt::format(" Of its parts the dearest to lose: {}, {}{}.", dearest->name,
                    in_words(*dearest), dearest->is_one() ? "" : ", no difference shown");
  if (runs.size() > 2)
    finding.notes.push_back(
        fmt::format("{} of {} comparisons of parts have an interval that leaves out zero; one in "
                    "twenty does so by chance.",
                    distinguishable, runs.size() - 2));
  finding.tables.push_back(std::move(table));
  add_affinity(finding, runs, affinity);
  return finding;
}

void add_copies(Finding& finding, const std::vector<Copies>& with,
                const std::vector<Copies>& without) {
  FRUGAL_CHECK(with.size() == without.size());
  Table table{.name = "policy-copies",
              .caption = "Altered copies, judged with and without the policy in training",
              .columns = {{"Copies", "copies", false}},
              .rows = {},
              .emphasized = {}};
  add_columns(table, "With %", "with");
  add_columns(table, "Without %", "without");
  add_columns(table, "Difference", "difference");
  std::optional<Difference> largest;
  for (std::size_t i = 0; i < with.size(); ++i) {
    const std::string& name = with[i].name;
    const Correctness first = {with[i].correct}, second = {without[i].correct};
    const Difference gain{
        name, accuracy(first) - accuracy(second),
        difference_interval(first, second, resampling("with and without on " + name))};
    std::vector<Cell> row = {text_cell(name)};
    add_percent(row, accuracy(first), interval_of_accuracy(first));
    add_percent(row, accuracy(second), interval_of_accuracy(second));
    add_points(row, gain.value, gain.interval);
    table.rows.push_back(std::move(row));
    if (i > 0 && (!largest || gain.value > largest->value)) largest = gain;
  }
  if (largest)
    finding.answer +=
        fmt::format(" Of all altered copies it helps most on {} ones, {}{}.", largest->name,
                    in_words(*largest), largest->is_one() ? "" : ", no difference shown");
  finding.tables.push_back(std::move(table));
}

Finding parameters_finding(const std::vector<ParameterShare>& shares,
                           const std::vector<std::string>& notes) {
  FRUGAL_CHECK(!shares.empty());
  Finding finding = begin_finding("parameters");
  std::vector<ParameterShare> sorted = shares;
  std::ranges::stable_sort(sorted, std::ranges::greater{}, &ParameterShare::value);
  Table table{.name = "parameters",
              .caption = "Total effects: shares of the metric’s variance over the search space",
              .columns = {{"Experiment", "experiment", false}, {"Parameter", "parameter", false}},
              .rows = {},
              .emphasized = {}};
  add_columns(table, "Share %", "share");
  for (const ParameterShare& share : sorted) {
    std::vector<Cell> row = {text_cell(share.experiment), text_cell(share.parameter)};
    add_percent(row, share.value, {share.low, share.high});
    table.rows.push_back(std::move(row));
  }
  const ParameterShare& first = sorted.front();
  finding.answer =
      fmt::format("{} ({}) mattered most: {} of the variance.", first.parameter, first.experiment,
                  percent_with_interval(first.value, {first.low, first.high}));
  finding.tables.push_back(std::move(table));
  finding.notes = notes;
  finding.notes.push_back(
      "Functional ANOVA of the surrogate over the trials; a total effect counts interactions, so "
      "shares may add up to more than all.");
  return finding;
}

Finding transfer_finding(const std::string& network, const std::vector<PolicyRuns>& arms) {
  FRUGAL_CHECK(arms.size() >= 2);
  Finding finding = begin_finding("transfer");
  Table table = runs_table("transfer", fmt::format("Short runs of {} at equal cost", network));
  for (const PolicyRuns& arm : arms) {
    table.rows.push_back(run_row(arm));
    if (&arm == &arms[0]) {
      table.rows.back().insert(table.rows.back().end(), 5, no_cell());
      continue;
    }
    const Difference d = difference_of(arms[0], arm);
    add_difference(table.rows.back(), arms[0].name + " against this", d);
    finding.answer +=
        fmt::format("On {}, {} is {} {} {}. ", network, arms[0].name,
                    d.is_one() ? (d.value > 0 ? "ahead of" : "behind") : "not told apart from",
                    arm.name, fmt::format("by {}", in_words(d)));
  }
  finding.answer.pop_back();
  finding.tables.push_back(std::move(table));
  return finding;
}

}  // namespace frugal::report
