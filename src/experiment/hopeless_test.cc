#include "experiment/hopeless.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/random.h"

namespace frugal::experiment {
namespace {

// Of a run that gains that much in each quarter.
Curve rising(double start, double gain) {
  Curve curve;
  for (int quarter = 1; quarter <= 4; ++quarter)
    curve.push_back({quarter / 4.0, start + gain * quarter});
  return curve;
}

std::vector<Curve> five_curves() {
  return {rising(0.1, 0.10), rising(0.12, 0.11), rising(0.2, 0.09), rising(0.15, 0.10),
          rising(0.25, 0.10)};
}

Curve beginning(Curve curve, std::size_t points) {
  curve.resize(points);
  return curve;
}

TEST(Hopeless, ReadsACurveAndNoNonsense) {
  EXPECT_EQ(curve_of({{"curve", {{0.5, 0.1}, {1, 0.2}}}}), (Curve{{0.5, 0.1}, {1, 0.2}}));
  for (const char* text :
       {R"({})", R"([1])", R"({"curve": 3})", R"({"curve": [1, 2]})", R"({"curve": [[0.5]]})",
        R"({"curve": [[0.5, "x"]]})", R"({"curve": [[0.5, 0.1], [0.5, 0.2]]})",
        R"({"curve": [[0, 0.1]]})", R"({"curve": [[1.5, 0.1]]})"})
    EXPECT_TRUE(curve_of(Json::parse(text)).empty()) << text;
}

TEST(Hopeless, ForecastsTheLastValueAndWhatOthersGainedFromThere) {
  const auto forecast = forecast_end(beginning(rising(0.0, 0.10), 2), five_curves());
  ASSERT_TRUE(forecast);
  EXPECT_NEAR(forecast->value, 0.2 + 0.2, 1e-9);
  EXPECT_EQ(forecast->degrees, 4u);
  // Gains of .20, .22, .18, .20, .20 have the standard deviation sqrt(0.0002).
  EXPECT_NEAR(forecast->scale, std::sqrt(0.0002 * (1 + 1.0 / 5)), 1e-9);
}

TEST(Hopeless, LooksBetweenTwoEvaluationsOnALine) {
  const auto forecast = forecast_end({{0.375, 0.2}}, five_curves());
  ASSERT_TRUE(forecast);
  EXPECT_NEAR(forecast->value, 0.2 + 0.25, 1e-9);
  EXPECT_FALSE(forecast_end({{0.1, 0.2}}, five_curves())) << "nobody was looked at so early";
}

TEST(Hopeless, NeedsFiveOthers) {
  auto curves = five_curves();
  curves.pop_back();
  EXPECT_FALSE(forecast_end(beginning(rising(0, 0.1), 2), curves));
  EXPECT_FALSE(hopeless(beginning(rising(0, 0.1), 2), curves, true, 0.5));
  EXPECT_FALSE(hopeless({}, five_curves(), true, 0.5));
}

TEST(Hopeless, StopsWhoIsFarBehindAndNobodyElse) {
  EXPECT_TRUE(hopeless(beginning(rising(-0.3, 0.10), 2), five_curves(), true, 0.05));
  EXPECT_FALSE(hopeless(beginning(rising(0.24, 0.10), 2), five_curves(), true, 0.05));
  EXPECT_FALSE(hopeless(rising(-0.3, 0.10), five_curves(), true, 0.05)) << "it has ended";
  EXPECT_FALSE(hopeless(beginning(rising(-0.3, 0.10), 2), five_curves(), true, 0));
}

TEST(Hopeless, KnowsWhichWayIsBetter) {
  const Curve high = beginning(rising(0.9, 0.10), 2);
  EXPECT_TRUE(hopeless(high, five_curves(), false, 0.05));
  EXPECT_FALSE(hopeless(high, five_curves(), true, 0.05));
}

// Where what is left to gain is normal, runs that would have been the best are stopped no more
// often than was said.
TEST(Hopeless, ErrsNoMoreOftenThanTheRisk) {
  RandomStream random(7);
  constexpr double kRisk = 0.2;
  constexpr int kRuns = 4000;
  int best = 0, best_stopped = 0, stopped = 0;
  for (int i = 0; i < kRuns; ++i) {
    std::vector<Curve> runs;
    for (int run = 0; run < 9; ++run) {
      Curve curve;
      double value = 0.1 * random.normal();
      for (int step = 1; step <= 5; ++step)
        curve.push_back({step / 5.0, value += 0.1 + 0.05 * random.normal()});
      runs.push_back(curve);
    }
    const Curve last = runs.back();
    runs.pop_back();
    const bool is_best = std::all_of(runs.begin(), runs.end(), [&](const Curve& other) {
      return other.back().value < last.back().value;
    });
    bool is_stopped = false;
    for (std::size_t look = 1; look <= 4 && !is_stopped; ++look)
      is_stopped = hopeless(beginning(last, look), runs, true, kRisk).has_value();
    best += is_best;
    stopped += is_stopped;
    best_stopped += is_best && is_stopped;
  }
  EXPECT_GT(stopped, kRuns / 3) << "it is of use";
  EXPECT_LT(best_stopped, kRisk * best);
}

TEST(Hopeless, LearnsFromRunsThatCameToTheirEnds) {
  const auto observed = [](std::size_t task, Json metadata) {
    Observation observation{.point = {{}, task}, .value = 0.5};
    observation.metadata = std::move(metadata);
    return observation;
  };
  const Json whole = {{"curve", {{0.5, 0.1}, {1, 0.5}}}};
  Json forecast = whole;
  forecast[kForecastKey] = 0.5;
  Observation failed = observed(1, whole), deleted = failed, passing = failed;
  failed.value.reset();
  deleted.deleted = true;
  passing.on_the_way = true;
  const std::vector<Observation> all = {observed(1, whole),
                                        observed(0, whole),
                                        observed(1, {}),
                                        observed(1, forecast),
                                        failed,
                                        deleted,
                                        passing,
                                        observed(1, {{"curve", {{0.5, 0.1}}}})};
  EXPECT_EQ(ended_curves(all, 1).size(), 1u);
}

}  // namespace
}  // namespace frugal::experiment
