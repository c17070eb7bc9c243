#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "report/estimates.h"
#include "report/finding_cells.h"
#include "report/numbers.h"
#include "report/svg_plot.h"

namespace frugal::report {
namespace {

constexpr double kZ = 1.959964;
constexpr double kWanted = 0.01;  // half of an interval

// Half the width of a 95 % interval for an accuracy p on n photographs.
double half_width(double p, double n) {
  return kZ * std::sqrt(p * (1 - p) / n);
}

// Of that half width, for all accuracies in the interval.
Interval half_widths(const Interval& accuracies, double n) {
  const double low = std::min(half_width(accuracies.low, n), half_width(accuracies.high, n));
  const double high = accuracies.contains(0.5)
                          ? half_width(0.5, n)
                          : std::max(half_width(accuracies.low, n), half_width(accuracies.high, n));
  return {low, high};
}

double bootstrapped_half_width(const std::vector<bool>& correct, std::size_t n,
                               RandomStream random) {
  constexpr std::size_t kDraws = 1000;
  std::vector<double> accuracies(kDraws);
  for (double& value : accuracies) {
    std::size_t right = 0;
    for (std::size_t i = 0; i < n; ++i) right += correct[random.below(correct.size())];
    value = static_cast<double>(right) / static_cast<double>(n);
  }
  const Interval interval = percentile_interval(std::move(accuracies));
  return (interval.high - interval.low) / 2;
}

std::size_t needed(double p) {
  return static_cast<std::size_t>(std::ceil(p * (1 - p) * std::pow(kZ / kWanted, 2)));
}

std::vector<std::size_t> test_sizes(std::size_t n) {
  std::vector<std::size_t> sizes;
  for (const double share : {0.1, 0.25, 0.5, 1.0, 2.0, 4.0}) {
    const auto size = static_cast<std::size_t>(std::lround(share * static_cast<double>(n)));
    if (size >= 10 && (sizes.empty() || sizes.back() < size)) sizes.push_back(size);
  }
  return sizes;
}

}  // namespace

Finding test_size_finding(const std::vector<bool>& correct) {
  Finding finding = begin_finding("test-photographs");
  const double p = accuracy({correct});
  const Interval interval = interval_of_accuracy({correct});
  Table table{.name = "test-photographs",
              .caption = "Half the width of the accuracy’s 95 % interval, in points",
              .columns = {{"Test photographs", "photographs"}},
              .rows = {},
              .emphasized = {}};
  add_columns(table, "±", "half_width");
  Series curve{.label = "", .points = {}, .interval = Series::Interval::kBand, .marks = true};
  for (const std::size_t n : test_sizes(correct.size())) {
    const double half = bootstrapped_half_width(correct, n, resampling(fmt::format("size {}", n)));
    const Interval widths = half_widths(interval, static_cast<double>(n));
    const Interval shown{std::min(widths.low, half), std::max(widths.high, half)};
    if (n == correct.size()) table.emphasized.push_back(table.rows.size());
    table.rows.push_back({count_cell(n),
                          number_cell(percent_text(half), half),
                          {percent_text(shown), ""},
                          number_cell("", shown.low),
                          number_cell("", shown.high)});
    curve.points.push_back(
        {static_cast<double>(n), 100 * half, 100 * shown.low, 100 * shown.high,
         fmt::format("{}: ± {} points", plural(n, "photograph"), percent_text(half))});
  }
  const bool half_inside = interval.contains(0.5);
  const std::size_t ends[] = {needed(interval.low), needed(interval.high)};
  const std::size_t least = std::min(ends[0], ends[1]);
  const std::size_t most = half_inside ? needed(0.5) : std::max(ends[0], ends[1]);
  finding.answer = fmt::format("On {}, accuracy is {}. ", plural(correct.size(), "photograph"),
                               percent_with_interval(p, interval));
  const bool is_all_alike = p == 0 || p == 1;
  finding.answer +=
      is_all_alike
          ? fmt::format(
                "{} of them {}: how many it takes to know it to ±1 point cannot be told, "
                "up to {}.",
                p == 0 ? "None" : "All", p == 0 ? "is right" : "are right", count_text(most))
          : fmt::format("To know it to ±1 point takes {} test photographs ({} to {}).",
                        count_text(needed(p)), count_text(least), count_text(most));
  Table wanted{.name = "test-photographs-needed",
               .caption = "Test photographs for an interval of ±1 point",
               .columns = {{"Needed", "photographs"}, {"From", "low"}, {"To", "high"}},
               .rows = {{is_all_alike ? no_cell() : count_cell(needed(p)), count_cell(least),
                         count_cell(most)}},
               .emphasized = {}};
  Plot plot{.id = "test-size",
            .title = "Width of the interval against test photographs",
            .description = finding.answer,
            .x_label = "test photographs",
            .y_label = "± points",
            .log_x = true,
            .height = 300,
            .series = {std::move(curve)}};
  finding.drawings.push_back(
      {to_svg(plot),
       "Half the width of a 95 % interval; the band: for every accuracy that is "
       "compatible with these photographs."});
  finding.tables = {std::move(table), std::move(wanted)};
  finding.notes.push_back(
      "By resampling the photographs that there are; more of them would have to be of the same "
      "kind. Other seeds of the training would add their own spread.");
  return finding;
}

namespace {

std::vector<double> plotted_sizes(double from, double to) {
  std::vector<double> sizes;
  constexpr int kSteps = 24;
  for (int i = 0; i <= kSteps; ++i) sizes.push_back(from * std::pow(to / from, double(i) / kSteps));
  return sizes;
}

std::size_t largest_size(const LearningCurve& curve) {
  return curve.sizes.back().photographs;
}

void add_curve(Plot& plot, const LearningCurve& curve, std::size_t colour) {
  Series points{.label = curve.name,
                .points = {},
                .colour = colour,
                .join = Series::Join::kNone,
                .marks = true};
  for (const SizedJudgement& size : curve.sizes) {
    const Interval interval = interval_of_accuracy(size.correct);
    const double value = accuracy(size.correct);
    points.points.push_back(
        {static_cast<double>(size.photographs), value, interval.low, interval.high,
         fmt::format("{}: {} %", plural(size.photographs, "photograph"), percent_text(value))});
  }
  const auto at = plotted_sizes(static_cast<double>(curve.sizes.front().photographs),
                                2.0 * static_cast<double>(largest_size(curve)));
  const LawBand band = law_band(curve.sizes, at, resampling("band " + curve.name));
  Series law{.label = "", .points = {}, .colour = colour, .interval = Series::Interval::kBand};
  for (std::size_t i = 0; i < at.size(); ++i)
    law.points.push_back(
        {at[i], 1 - band.law.error(at[i]), band.accuracies[i].low, band.accuracies[i].high, ""});
  plot.series.push_back(std::move(law));
  plot.series.push_back(std::move(points));
}

// What twice the photographs would bring, in a row and in words.
std::string twice_as_many(const LearningCurve& curve, Table& table) {
  const double twice = 2.0 * static_cast<double>(largest_size(curve));
  const LawBand band = law_band(curve.sizes, {twice}, resampling("twice " + curve.name));
  const double now = band.law.error(static_cast<double>(largest_size(curve)));
  const double gain = now - band.law.error(twice);
  std::vector<Cell> row = {text_cell(curve.name), count_cell(largest_size(curve))};
  add_points(row, gain, band.gains[0]);
  add_percent(row, 1 - band.law.error(twice), band.accuracies[0]);
  row.push_back(number_cell(fmt::format("{:.3f}", band.law.a), band.law.a));
  row.push_back(number_cell(fmt::format("{:.2f}", band.law.b), band.law.b));
  row.push_back(number_cell(fmt::format("{:.2f}", band.law.c), band.law.c));
  table.rows.push_back(std::move(row));
  return fmt::format("With the {}, twice the photographs ({} instead of {}) would bring {}. ",
                     curve.name, count_text(static_cast<std::size_t>(twice)),
                     count_text(largest_size(curve)), points_with_interval(gain, band.gains[0]));
}

}  // namespace

Finding training_size_finding(const std::vector<LearningCurve>& curves) {
  FRUGAL_CHECK(!curves.empty());
  Finding finding = begin_finding("training-photographs");
  Table sizes{.name = "learning-curve",
              .caption = "Test accuracy against the number of training photographs",
              .columns = {{"What learns", "learner", false},
                          {"Photographs", "photographs"},
                          {"Draws", "draws"}},
              .rows = {},
              .emphasized = {}};
  add_columns(sizes, "Accuracy %", "accuracy");
  Table law{.name = "learning-law",
            .caption = "The law error = c + a n^−b, and twice the photographs by it",
            .columns = {{"What learns", "learner", false}, {"Photographs", "photographs"}},
            .rows = {},
            .emphasized = {}};
  add_columns(law, "Gain of twice as many", "gain");
  add_columns(law, "Accuracy %", "accuracy");
  for (const char* parameter : {"a", "b", "c"}) law.columns.push_back({parameter, parameter});
  Plot plot{.id = "training-size",
            .title = "Accuracy against training photographs",
            .description = "",
            .x_label = "training photographs",
            .y_label = "test accuracy %",
            .log_x = true,
            .percent_y = true,
            .series = {}};
  for (std::size_t i = 0; i < curves.size(); ++i) {
    for (const SizedJudgement& size : curves[i].sizes) {
      std::vector<Cell> row = {text_cell(curves[i].name), count_cell(size.photographs),
                               count_cell(size.correct.size())};
      add_percent(row, accuracy(size.correct), interval_of_accuracy(size.correct));
      sizes.rows.push_back(std::move(row));
    }
    finding.answer += twice_as_many(curves[i], law);
    add_curve(plot, curves[i], i);
  }
  finding.answer.pop_back();
  plot.description = finding.answer;
  finding.drawings.push_back(
      {to_svg(plot),
       "Marks: accuracies with their intervals. Lines and bands: the fitted law, to "
       "twice the photographs that there are."});
  finding.tables = {std::move(sizes), std::move(law)};
  finding.notes.push_back(
      "Smaller sizes lie inside larger ones, each class by its share. The band: the law fitted "
      "anew "
      "to resampled test photographs and draws of the training photographs. It knows nothing of "
      "photographs of another kind.");
  return finding;
}

}  // namespace frugal::report
