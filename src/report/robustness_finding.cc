#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "report/estimates.h"
#include "report/finding_cells.h"
#include "report/numbers.h"

namespace frugal::report {
namespace {

const Copies* find(const std::vector<Copies>& copies, const std::string& name) {
  const auto found = std::ranges::find(copies, name, &Copies::name);
  return found == copies.end() ? nullptr : &*found;
}

struct Loss {
  std::string name;
  double accuracy = 0, loss = 0;  // against the unaltered photographs; below 0 where it falls
  Interval accuracy_interval, interval;
};

Loss loss_of(const Copies& copies, const Copies& whole) {
  const Correctness altered = {copies.correct}, unaltered = {whole.correct};
  return {copies.name, accuracy(altered), accuracy(altered) - accuracy(unaltered),
          interval_of_accuracy(altered),
          difference_interval(altered, unaltered, resampling("loss " + copies.name))};
}

// Blurring takes edges and leaves colour, grey takes colour and leaves every edge.
std::string edges_against_colour(const std::vector<Copies>& copies, Table& table) {
  const Copies *blurred = find(copies, "blurred"), *grey = find(copies, "grey");
  if (blurred == nullptr || grey == nullptr) return "";
  const auto share = share_of_losses(copies[0].correct, blurred->correct, grey->correct,
                                     resampling("edges against colour"));
  if (!share)
    return " Neither blur nor the loss of colour costs enough to say whether edges or colour "
           "matter more.";
  std::vector<Cell> row = {text_cell("edges, of edges and colour")};
  add_percent(row, share->value, share->interval);
  table.rows.push_back(row);
  const char* verdict = share->interval.low > 0.5    ? "it relies on edges more than on colour"
                        : share->interval.high < 0.5 ? "it relies on colour more than on edges"
                                                     : "which of the two matters more is not shown";
  return fmt::format(
      " Of what is lost without edges (blurred) and without colour (grey) together, edges are {}: "
      "{}.",
      percent_with_interval(share->value, share->interval), verdict);
}

}  // namespace

Finding robustness_finding(const std::vector<Copies>& copies) {
  FRUGAL_CHECK(copies.size() >= 2);
  Finding finding = begin_finding("robustness");
  Table table{.name = "robustness",
              .caption = "Accuracy on altered copies of the same photographs",
              .columns = {{"Copies", "copies", false}},
              .rows = {},
              .emphasized = {}};
  add_columns(table, "Accuracy %", "accuracy");
  add_columns(table, "Change", "change");
  table.columns.push_back({"What was done", "meaning", false});
  std::vector<Loss> losses;
  for (const Copies& each : copies) {
    losses.push_back(loss_of(each, copies[0]));
    std::vector<Cell> row = {text_cell(each.name)};
    add_percent(row, losses.back().accuracy, losses.back().accuracy_interval);
    if (losses.size() == 1)
      row.insert(row.end(), {no_cell(), no_cell(), no_cell(), no_cell()});
    else
      add_points(row, losses.back().loss, losses.back().interval);
    row.push_back(text_cell(each.meaning));
    table.rows.push_back(std::move(row));
  }
  Table ratio{
      .name = "edge-reliance",
      .caption = "The loss on blurred copies, as a share of that on blurred and on grey ones",
      .columns = {{"Share", "share", false}},
      .rows = {},
      .emphasized = {}};
  add_columns(ratio, "%", "value");
  const auto by_loss = [](const Loss& a, const Loss& b) { return a.loss < b.loss; };
  const Loss& worst = *std::min_element(losses.begin() + 1, losses.end(), by_loss);
  const Loss& best = *std::max_element(losses.begin() + 1, losses.end(), by_loss);
  finding.answer =
      fmt::format("Accuracy is {}. It suffers most on {} copies, {}, and least on {} ones, {}.",
                  percent_with_interval(losses[0].accuracy, losses[0].accuracy_interval),
                  worst.name, points_with_interval(worst.loss, worst.interval), best.name,
                  points_with_interval(best.loss, best.interval));
  finding.answer += edges_against_colour(copies, ratio);
  finding.tables.push_back(std::move(table));
  if (!ratio.rows.empty()) finding.tables.push_back(std::move(ratio));
  finding.notes.push_back(
      fmt::format("{}; each copy is compared with its own original (bootstrap over photographs, "
                  "never narrower than Bonett and Price’s interval).",
                  plural(copies[0].correct.size(), "photograph")));
  return finding;
}

}  // namespace frugal::report
