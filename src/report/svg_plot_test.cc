#include "report/svg_plot.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <regex>

#include "base/random.h"

namespace frugal::report {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(NiceTicks, AreRoundAndInsideTheRange) {
  EXPECT_THAT(nice_ticks(0, 20, 5), ElementsAre(0, 5, 10, 15, 20));
  EXPECT_THAT(nice_ticks(51.2, 78.9, 5), ElementsAre(55, 60, 65, 70, 75));
  RandomStream random(1);
  for (int i = 0; i < 500; ++i) {
    const double low = random.uniform(-100, 100), high = low + std::exp(random.uniform(-12, 12));
    const std::vector<double> ticks = nice_ticks(low, high, 6);
    ASSERT_GE(ticks.size(), 2u);
    ASSERT_LE(ticks.size(), 11u);
    EXPECT_GE(ticks.front(), low - 1e-6 * (high - low));
    EXPECT_LE(ticks.back(), high + 1e-6 * (high - low));
    const double step =
        (ticks[1] - ticks[0]) / std::pow(10, std::floor(std::log10(ticks[1] - ticks[0]) + 1e-6));
    EXPECT_THAT(step,
                testing::AnyOf(DoubleNear(1, 1e-3), DoubleNear(2, 1e-3), DoubleNear(5, 1e-3)));
  }
  EXPECT_THAT(nice_ticks(3, 3, 5), ElementsAre(3));
}

TEST(SpreadLabels, KeepOrderDistanceAndBounds) {
  RandomStream random(2);
  for (int i = 0; i < 500; ++i) {
    std::vector<double> wanted(1 + random.below(12));
    for (double& y : wanted) y = random.uniform(-20, 320);
    std::sort(wanted.begin(), wanted.end());
    const std::vector<double> placed = spread_labels(wanted, 15, 0, 300);
    ASSERT_EQ(placed.size(), wanted.size());
    EXPECT_GE(placed.front(), -1e-9);
    EXPECT_LE(placed.back(), 300 + 1e-9);
    for (std::size_t k = 1; k < placed.size(); ++k) EXPECT_GE(placed[k] - placed[k - 1], 15 - 1e-9);
  }
}

TEST(SpreadLabels, LeaveAloneWhatDoesNotCollideAndCentreWhatDoes) {
  EXPECT_THAT(spread_labels({10, 50, 100}, 15, 0, 300), ElementsAre(10, 50, 100));
  EXPECT_THAT(spread_labels({100, 100}, 15, 0, 300), ElementsAre(92.5, 107.5));
  EXPECT_THAT(spread_labels({0, 0, 0}, 15, 0, 20), ElementsAre(0, 10, 20));
}

Plot one_series(std::vector<PlotPoint> points) {
  return {.id = "p",
          .title = "t",
          .description = "d",
          .series = {{.points = std::move(points), .marks = true}}};
}

TEST(Plot, OfNothingIsEmpty) {
  EXPECT_EQ(to_svg(one_series({})), "");
  EXPECT_EQ(to_svg(one_series({{.x = 1, .y = NAN, .title = ""}})), "");
}

TEST(Plot, OfOnePointOrLevelPointsHasNoNumberThatIsNone) {
  for (const bool percent : {false, true})
    for (const std::vector<PlotPoint>& points :
         {std::vector<PlotPoint>{{.x = 0, .y = 0, .title = ""}},
          {{.x = 2, .y = 1, .title = ""}, {.x = 5, .y = 1, .title = ""}},
          {{.x = 2, .y = 0.5, .low = 0.5, .high = 0.5, .title = ""}}}) {
      Plot plot = one_series(points);
      plot.percent_y = percent;
      EXPECT_THAT(to_svg(plot), Not(testing::ContainsRegex("nan|inf")));
    }
}

TEST(Plot, EscapesWhatItIsTold) {
  Plot plot = one_series({{.x = 1, .y = 1, .title = "<i>"}});
  plot.series[0].label = "<b>";
  plot.title = "a & \"b\"";
  const std::string svg = to_svg(plot);
  EXPECT_THAT(svg, HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(svg, HasSubstr("&lt;i&gt;"));
  EXPECT_THAT(svg, HasSubstr("a &amp; &quot;b&quot;"));
  EXPECT_THAT(svg, Not(HasSubstr("<b>")));
}

// Every label's box, by the same generous width of a letter for all.
TEST(Plot, LabelsDoNotCollide) {
  for (const bool at_end : {true, false}) {
    Plot plot{.id = "p", .title = "t", .description = "d", .labels_at_end = at_end, .series = {}};
    for (std::size_t i = 0; i < 6; ++i)
      plot.series.push_back(
          {.label = "strategy " + std::to_string(i),
           .points = {{.x = 1 + 0.01 * static_cast<double>(i), .y = 1, .title = ""}},
           .colour = i,
           .marks = true});
    const std::string svg = to_svg(plot);
    const std::regex label("class=\"label c\\d\" x=\"([-\\d.]+)\" y=\"([-\\d.]+)\"");
    std::vector<std::pair<double, double>> places;
    for (std::sregex_iterator i(svg.begin(), svg.end(), label), end; i != end; ++i)
      places.emplace_back(std::stod((*i)[1]), std::stod((*i)[2]));
    ASSERT_EQ(places.size(), 6u);
    for (std::size_t a = 0; a < 6; ++a)
      for (std::size_t b = 0; b < a; ++b)
        EXPECT_TRUE(std::abs(places[a].first - places[b].first) >= 60 ||
                    std::abs(places[a].second - places[b].second) >= 12)
            << a << " and " << b << (at_end ? " at the end" : " beside");
  }
}

}  // namespace
}  // namespace frugal::report
