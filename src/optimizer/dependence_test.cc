#include "optimizer/dependence.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "optimizer/surrogate.h"
#include "optimizer/test_history.h"

namespace frugal::optimizer {
namespace {

double sum(const Assignments& x, std::size_t) {
  return 100 + 20 * number_at(x, "a") +
         (std::get<std::string>(x.at("c")) == "y" ? 8 : 0) * number_at(x, "b");
}

const Space kSpace({number_parameter("a"), number_parameter("b"),
                    category_parameter("c", {"x", "y"})});

// E over b and c: 102 + 20 a; in the metric's units although the process is warped.
TEST(DependenceTest, PartialDependenceIsTheMeanOverTheOthers) {
  for (bool maximize : {true, false}) {
    const Problem problem{kSpace, maximize};
    const Surrogate surrogate(problem, history_of(problem, 120, sum), 1);
    const Dependence a = partial_dependence(surrogate, {"a"}, {.grid = 5, .background = 256});
    ASSERT_EQ(a.points.size(), 5u);
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(std::get<double>(a.points[i].at[0]), double(i) / 4);
      EXPECT_NEAR(a.points[i].metric.value, 102 + 5 * double(i), .6);
      EXPECT_LE(a.points[i].metric.low, a.points[i].metric.value);
      EXPECT_GT(a.points[i].metric.high, a.points[i].metric.low);
    }
    const Dependence both = partial_dependence(surrogate, {"c", "b"}, {.grid = 3});
    ASSERT_EQ(both.points.size(), 6u);
    EXPECT_EQ(std::get<std::string>(both.points[5].at[0]), "y");
    EXPECT_EQ(std::get<double>(both.points[5].at[1]), 1);
    EXPECT_NEAR(both.points[5].metric.value - both.points[3].metric.value, 8, 1);
    EXPECT_NEAR(both.points[2].metric.value - both.points[0].metric.value, 0, 1);
  }
}

TEST(DependenceTest, ASliceGoesThroughTheBestPoint) {
  const Problem problem{kSpace};
  const Surrogate surrogate(problem, history_of(problem, 120, sum), 1);
  const Assignments best = surrogate.encoder().decode(surrogate.best());
  EXPECT_EQ(std::get<std::string>(best.at("c")), "y");
  const Dependence b = slice(surrogate, {"b"}, {.grid = 3});
  ASSERT_EQ(b.points.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(b.points[i].metric.value, 100 + 20 * number_at(best, "a") + 4 * double(i), .6);
}

TEST(DependenceTest, IsOverThePartOfTheSpaceWhereAParameterIsActive) {
  Parameter x = number_parameter("x");
  x.conditions = {{"switch", {"on"}}};
  const Problem problem{Space({x, number_parameter("y")}, {{"switch", {"off", "on"}}})};
  const Surrogate surrogate(problem,
                            history_of(problem, 80,
                                       [](const Assignments& at, std::size_t) {
                                         const bool on = at.contains("x");
                                         return number_at(at, "y") +
                                                (on ? 2 + number_at(at, "x") : 9);
                                       }),
                            1);
  const Dependence found = partial_dependence(surrogate, {"x"}, {.grid = 3});
  ASSERT_EQ(found.points.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(found.points[i].metric.value, 2.5 + .5 * double(i), .4);
  const Dependence both = partial_dependence(surrogate, {"switch", "x"}, {.grid = 3});
  EXPECT_EQ(both.points.size(), 3u);  // "off" has no x
  // The best is off; there x has no slice, but the switch has, with the default of x.
  EXPECT_TRUE(slice(surrogate, {"x"}).points.empty());
  const Dependence of_switch = slice(surrogate, {"switch"});
  ASSERT_EQ(of_switch.points.size(), 2u);
  EXPECT_GT(of_switch.points[0].metric.value, of_switch.points[1].metric.value + 3);
}

TEST(DependenceTest, StaysInsideTheConstraints) {
  const Problem problem{Space({number_parameter("a"), number_parameter("b")}, {},
                              {{.threshold = .5, .weights = {{"a", 1}, {"b", 1}}}})};
  const Surrogate surrogate(problem,
                            history_of(problem, 60,
                                       [](const Assignments& x, std::size_t) {
                                         return number_at(x, "a") + 3 * number_at(x, "b");
                                       }),
                            1);
  const Dependence a = partial_dependence(surrogate, {"a"}, {.grid = 11, .background = 256});
  ASSERT_EQ(a.points.size(), 5u);
  for (const DependencePoint& point : a.points) {
    // The others' distribution: b with density ∝ 1/2 − b, as far as c = 1/2 − a.
    const double at = std::get<double>(point.at[0]), c = .5 - at;
    const double mean_b = (c * c / 4 - c * c * c / 3) / (c / 2 - c * c / 2);
    EXPECT_NEAR(point.metric.value, at + 3 * mean_b, .05);
  }
  for (const DependencePoint& point : slice(surrogate, {"a", "b"}).points)
    EXPECT_LE(std::get<double>(point.at[0]) + std::get<double>(point.at[1]), .5 + 1e-6);
}

TEST(DependenceTest, GridsAreTheParametersOwnValues) {
  Parameter layers = number_parameter("layers", 1, 40);
  layers.type = ParameterType::kInt;
  Parameter width = number_parameter("width");
  width.grid = {1, 10, 100};
  Parameter rate = number_parameter("rate", 1e-4, 1);
  rate.log = true;
  const Problem problem{Space({layers, width, rate, number_parameter("fixed", 2, 2)})};
  const Surrogate surrogate(
      problem,
      history_of(problem, 20,
                 [](const Assignments& x, std::size_t) { return std::log(number_at(x, "rate")); }),
      1);
  const auto values = [&](const char* name) {
    return partial_dependence(surrogate, {name}, {.grid = 5}).points;
  };
  EXPECT_EQ(values("width").size(), 3u);
  EXPECT_EQ(std::get<double>(values("width")[1].at[0]), 10);
  EXPECT_EQ(std::get<std::int64_t>(values("layers")[4].at[0]), 40);
  EXPECT_NEAR(std::get<double>(values("rate")[2].at[0]), .01, 1e-9);
  EXPECT_EQ(values("fixed").size(), 1u);
  EXPECT_THROW(partial_dependence(surrogate, {"depth"}), InputError);
  EXPECT_THROW(partial_dependence(surrogate, {}), InputError);
  EXPECT_THROW(slice(surrogate, {"rate", "rate"}), InputError);
}

}  // namespace
}  // namespace frugal::optimizer
