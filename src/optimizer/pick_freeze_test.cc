#include "optimizer/pick_freeze.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>

#include "optimizer/test_history.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr double kPi = std::numbers::pi;

using Function = std::function<double(const Assignments&)>;

// Of a known function, with many points.
Importance of_function(const Space& space, const Function& f, std::size_t most_points = 1 << 16) {
  const Encoder encoder(space);
  const Functions functions = [&](const std::vector<Point>& points) {
    MatrixXd values(Index(points.size()), 1);
    for (std::size_t i = 0; i < points.size(); ++i)
      values(Index(i), 0) = f(encoder.decode(points[i]));
    return values;
  };
  return pick_freeze(space, encoder, functions, 1, {.most_points = most_points});
}

Interval share(const std::vector<Effect>& effects, const std::vector<std::string>& names) {
  for (const Effect& effect : effects)
    if (effect.parameters == names) return effect.share;
  ADD_FAILURE() << "no effect of " << names[0];
  return {};
}

double main_of(const Importance& i, const std::string& name) {
  return share(i.overall.main, {name}).value;
}
double total_of(const Importance& i, const std::string& name) {
  return share(i.overall.total, {name}).value;
}

// Closed forms: Ishigami & Homma (1990), a = 7, b = .1.
TEST(PickFreezeTest, IshigamiFunctionHasItsKnownIndices) {
  const Space space({number_parameter("a", -kPi, kPi), number_parameter("b", -kPi, kPi),
                     number_parameter("c", -kPi, kPi)});
  const Importance found = of_function(space, [](const Assignments& x) {
    const double s = std::sin(number_at(x, "b"));
    return std::sin(number_at(x, "a")) * (1 + .1 * std::pow(number_at(x, "c"), 4)) + 7 * s * s;
  });
  EXPECT_NEAR(main_of(found, "a"), .3139, .01);
  EXPECT_NEAR(main_of(found, "b"), .4424, .01);
  EXPECT_NEAR(main_of(found, "c"), 0, .01);
  EXPECT_NEAR(total_of(found, "a"), .5576, .01);
  EXPECT_NEAR(total_of(found, "b"), .4424, .01);
  EXPECT_NEAR(total_of(found, "c"), .2437, .01);
  EXPECT_NEAR(share(found.overall.pairs, {"a", "c"}).value, .2437, .01);
  EXPECT_NEAR(share(found.overall.pairs, {"a", "b"}).value, 0, .01);
  EXPECT_EQ(found.overall.pairs[0].parameters, (std::vector<std::string>{"a", "c"}));
}

// The product of (|4 x − 2| + a) / (1 + a): V_i = 1 / (3 (1 + a)²) (Saltelli & Sobol' 1995).
TEST(PickFreezeTest, SobolGFunctionHasItsKnownIndices) {
  const std::vector<double> a = {0, 1, 4.5, 9, 99};
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < a.size(); ++i)
    parameters.push_back(number_parameter(std::string(1, char('a' + i))));
  const Importance found = of_function(Space(parameters), [&](const Assignments& x) {
    double product = 1;
    for (std::size_t i = 0; i < a.size(); ++i)
      product *= (std::abs(4 * number_at(x, parameters[i].name) - 2) + a[i]) / (1 + a[i]);
    return product;
  });
  double all = 1;
  for (double ai : a) all *= 1 + 1 / (3 * (1 + ai) * (1 + ai));
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double v = 1 / (3 * (1 + a[i]) * (1 + a[i]));
    EXPECT_NEAR(main_of(found, parameters[i].name), v / (all - 1), .01);
    EXPECT_NEAR(total_of(found, parameters[i].name), v * all / (1 + v) / (all - 1), .01);
  }
  const double v0 = 1. / 3, v1 = 1. / 12;
  EXPECT_NEAR(share(found.overall.pairs, {"a", "b"}).value, v0 * v1 / (all - 1), .01);
}

TEST(PickFreezeTest, AdditiveFunctionHasNoInteractions) {
  const Importance found =
      of_function(Space({number_parameter("a"), number_parameter("b"), number_parameter("c")}),
                  [](const Assignments& x) {
                    return 3 * number_at(x, "a") + 2 * number_at(x, "b") * number_at(x, "b") +
                           0 * number_at(x, "c");
                  });
  const double of_a = 9. / 12, of_b = 4 * (1. / 5 - 1. / 9);
  EXPECT_NEAR(main_of(found, "a"), of_a / (of_a + of_b), .01);
  EXPECT_NEAR(total_of(found, "a"), main_of(found, "a"), .01);
  EXPECT_EQ(total_of(found, "c"), 0);
  for (const Effect& pair : found.overall.pairs) EXPECT_LT(pair.share.value, .005);
}

TEST(PickFreezeTest, PureInteractionHasNoMainEffects) {
  const Importance found = of_function(
      Space({number_parameter("a"), category_parameter("b", {"no", "yes"})}),
      [](const Assignments& x) {
        return double((number_at(x, "a") < .5) != (std::get<std::string>(x.at("b")) == "yes"));
      });
  EXPECT_NEAR(main_of(found, "a"), 0, .01);
  EXPECT_NEAR(main_of(found, "b"), 0, .01);
  EXPECT_NEAR(total_of(found, "a"), 1, .01);
  EXPECT_NEAR(share(found.overall.pairs, {"a", "b"}).value, 1, .02);
}

// By enumeration: 3 x 2 categories.
TEST(PickFreezeTest, CategoriesAloneAgreeWithTheAnalysisOfVarianceOfTheTable) {
  const double table[3][2] = {{1, 2}, {4, 1}, {0, 3}};
  const Space space(
      {category_parameter("r", {"0", "1", "2"}), category_parameter("c", {"0", "1"})});
  const Importance found = of_function(space, [&](const Assignments& x) {
    return table[std::stoi(std::get<std::string>(x.at("r")))]
                [std::stoi(std::get<std::string>(x.at("c")))];
  });
  double grand = 0, variance = 0, of_rows = 0, of_columns = 0;
  for (const auto& row : table) grand += (row[0] + row[1]) / 6;
  for (const auto& row : table) {
    for (double entry : row) variance += (entry - grand) * (entry - grand) / 6;
    of_rows += std::pow((row[0] + row[1]) / 2 - grand, 2) / 3;
  }
  for (int c = 0; c < 2; ++c)
    of_columns += std::pow((table[0][c] + table[1][c] + table[2][c]) / 3 - grand, 2) / 2;
  EXPECT_NEAR(main_of(found, "r"), of_rows / variance, .02);
  EXPECT_NEAR(main_of(found, "c"), of_columns / variance, .02);
  EXPECT_NEAR(share(found.overall.pairs, {"r", "c"}).value, 1 - (of_rows + of_columns) / variance,
              .02);
}

// f = x where "on", 0 where "off": V = 5/48, V of the switch 1/16, of E[f|x] 1/48.
TEST(PickFreezeTest, AConditionalParameterIsChargedWhereItIsActive) {
  Parameter x = number_parameter("x");
  x.conditions = {{"switch", {"on"}}};
  const Importance found =
      of_function(Space({x}, {{"switch", {"on", "off"}}}), [](const Assignments& assignments) {
        return assignments.contains("x") ? number_at(assignments, "x") : 0;
      });
  EXPECT_NEAR(main_of(found, "switch"), .6, .01);
  EXPECT_NEAR(main_of(found, "x"), .2, .01);
  EXPECT_NEAR(total_of(found, "x"), .4, .01);
  EXPECT_NEAR(total_of(found, "switch"), .8, .01);
}

TEST(PickFreezeTest, PriorsAndLevelsWeighTheSpace) {
  Parameter narrow = number_parameter("narrow");
  narrow.prior = NormalPrior{.5, .05};  // deviation .05 against .289
  Parameter whole{.name = "whole", .type = ParameterType::kInt, .min = 0, .max = 1};
  Parameter fixed = number_parameter("fixed", 2, 2);
  const Importance found = of_function(
      Space({narrow, fixed, number_parameter("wide"), whole}), [](const Assignments& x) {
        return number_at(x, "narrow") + number_at(x, "wide") + number_at(x, "fixed") +
               double(std::get<std::int64_t>(x.at("whole")));
      });
  const double all = .0025 + 1. / 12 + .25;
  EXPECT_NEAR(main_of(found, "narrow"), .0025 / all, .005);
  EXPECT_NEAR(main_of(found, "wide"), 1. / 12 / all, .01);
  EXPECT_NEAR(main_of(found, "whole"), .25 / all, .01);
  EXPECT_EQ(share(found.overall.main, {"fixed"}), Interval{});
  EXPECT_EQ(found.overall.main[1].parameters[0], "fixed");
}

// Uniform on the triangle a + b <= 1: Var a = 1/18, and E Var(a | b) = E (1 − b)² / 12 = 1/24.
TEST(PickFreezeTest, BoundParametersAreOneInputWithTotalsOfTheirOwn) {
  const Space space({number_parameter("a"), number_parameter("b"), number_parameter("c")}, {},
                    {{.threshold = 1, .weights = {{"a", 1}, {"b", 1}}}});
  const Importance found = of_function(
      space, [](const Assignments& x) { return number_at(x, "a") + number_at(x, "c"); });
  const double all = 1. / 18 + 1. / 12;
  EXPECT_NEAR(share(found.overall.main, {"a", "b"}).value, 1. / 18 / all, .02);
  EXPECT_NEAR(main_of(found, "c"), 1. / 12 / all, .02);
  EXPECT_NEAR(total_of(found, "a"), 1. / 24 / all, .02);
  EXPECT_EQ(total_of(found, "b"), 0);
  EXPECT_EQ(found.overall.main.size(), 2u);
}

// a decides between bad and good, b among the good: 2 levels of a, so the top quarter has one a.
TEST(PickFreezeTest, NearTheTopOtherParametersMatter) {
  const Importance found =
      of_function(Space({number_parameter("a"), number_parameter("b")}), [](const Assignments& x) {
        return number_at(x, "a") < .5 ? -10 * number_at(x, "a") * number_at(x, "a") - 100
                                      : number_at(x, "b");
      });
  EXPECT_GT(main_of(found, "a"), .95);
  EXPECT_GT(share(found.near_top.total, {"b"}).value, .6);
}

TEST(PickFreezeTest, AConstantHasSharesOfZero) {
  const Importance found = of_function(Space({number_parameter("a"), number_parameter("b")}),
                                       [](const Assignments&) { return 3.7; });
  for (const auto* effects : {&found.overall.main, &found.overall.total, &found.near_top.pairs})
    for (const Effect& effect : *effects) EXPECT_EQ(effect.share, Interval{});
}

TEST(PickFreezeTest, TheIntervalCoversTheEstimatorsError) {
  int covered = 0;
  const Space space({number_parameter("a"), number_parameter("b")});
  const Encoder encoder(space);
  const Functions functions = [](const std::vector<Point>& points) {
    MatrixXd values(Index(points.size()), 1);
    for (std::size_t i = 0; i < points.size(); ++i)
      values(Index(i), 0) = points[i][0] + std::sin(20 * points[i][1]) * points[i][0];
    return values;
  };
  const double exact =
      share(pick_freeze(space, encoder, functions, 0, {.most_points = 1 << 18}).overall.total,
            {"b"})
          .value;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const Interval found = share(
        pick_freeze(space, encoder, functions, seed, {.most_points = 500}).overall.total, {"b"});
    covered += found.low <= exact && exact <= found.high;
  }
  EXPECT_GE(covered, 25);
}

}  // namespace
}  // namespace frugal::optimizer
