#include "optimizer/insight.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "optimizer/surrogate.h"
#include "optimizer/test_history.h"

namespace frugal::optimizer {
namespace {

Interval total_of(const Insight& insight, const std::string& name) {
  for (const Effect& effect : insight.importance.overall.total)
    if (effect.parameters[0] == name) return effect.share;
  ADD_FAILURE() << "no " << name;
  return {};
}

// Every number there is; JSON writes null for one that is not finite.
void expect_finite(const Json& json) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_structured()) expect_finite(value);
    if (key == "rank_correlation" && value.is_null()) continue;
    EXPECT_FALSE(value.is_null()) << key;
    EXPECT_TRUE(!value.is_number_float() || std::isfinite(value.get<double>())) << key;
  }
}

Problem of_parameters(int count) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < count; ++i) parameters.push_back(number_parameter("x" + std::to_string(i)));
  Problem problem{Space(parameters)};
  problem.tasks = {{"small", .1}, {"full", 1}};
  return problem;
}

// x0 and x1 matter together, x2 alone, the rest nothing.
double example(const Assignments& x, std::size_t task) {
  const double a = number_at(x, "x0") - .5, b = number_at(x, "x1") - .5;
  return 6 * a * b + number_at(x, "x2") + (task == 0 ? .1 * a : 0);
}

TEST(InsightTest, TellsWhatMatteredFromObservationsAlone) {
  const Problem problem = of_parameters(5);
  const Insight found = make_insight(problem, history_of(problem, 200, example), 1);
  ASSERT_EQ(found.lacking, "");
  EXPECT_EQ(found.observations, 200u);
  EXPECT_TRUE(found.notes.empty());
  // Unwarped: V = 36/144 + 1/12, three quarters of it the interaction.
  const Effect& pair = found.importance.overall.pairs[0];
  EXPECT_EQ(pair.parameters, (std::vector<std::string>{"x0", "x1"}));
  EXPECT_GT(pair.share.value, .5);
  EXPECT_GT(total_of(found, "x0").low, total_of(found, "x3").high);
  EXPECT_LT(total_of(found, "x4").value, .05);
  EXPECT_NEAR(total_of(found, "x2").value, .25, .12);
  ASSERT_EQ(found.partial_dependences.size(), 6u);  // five curves, one surface
  EXPECT_EQ(found.partial_dependences[5].parameters, pair.parameters);
  EXPECT_EQ(found.slices.size(), 5u);
  EXPECT_GT(found.task_correlations.at(0).correlation.value, .8);
  EXPECT_GT(example(found.best, 1), 1.2);
}

TEST(InsightTest, IsWideWhenLittleIsKnown) {
  const Problem problem = of_parameters(5);
  const Insight two = make_insight(problem, history_of(problem, 2, example), 1);
  ASSERT_EQ(two.lacking, "");
  EXPECT_EQ(two.left_out_observations.all.count, 2u);
  EXPECT_GT(total_of(two, "x3").high - total_of(two, "x3").low, .2);
  expect_finite(to_json(two));
}

TEST(InsightTest, SaysWhenNothingMattered) {
  const Problem problem = of_parameters(3);
  History history = history_of(problem, 12, [](const auto&, std::size_t) { return .25; });
  history.observations[4].value.reset();
  const Insight found = make_insight(problem, history, 1);
  for (const Effect& effect : found.importance.overall.total) EXPECT_EQ(effect.share, Interval{});
  ASSERT_EQ(found.notes.size(), 2u);
  EXPECT_NE(found.notes[0].find("the same"), std::string::npos);
  EXPECT_NE(found.notes[1].find("1 of 12"), std::string::npos);
  for (Observation& observation : history.observations) observation.task = 0;
  EXPECT_NE(make_insight(problem, history, 1).notes.at(2).find("full task"), std::string::npos);
  for (const Dependence& curve : found.partial_dependences)
    for (const DependencePoint& point : curve.points) EXPECT_EQ(point.metric.value, .25);
  expect_finite(to_json(found));
}

TEST(InsightTest, SaysWhyThereIsNothing) {
  const Problem problem = of_parameters(3);
  History history = history_of(problem, 5, example);
  for (Observation& o : history.observations) o.value = std::nan("");
  const Insight found = make_insight(problem, history, 1);
  EXPECT_NE(found.lacking.find("every trial failed"), std::string::npos);
  EXPECT_EQ(to_json(found).size(), 1u);
  EXPECT_EQ(insight_from_json(to_json(found), "insight"), found);
  const Surrogate surrogate(problem, history, 1);
  EXPECT_THROW(importance(surrogate), InputError);
  EXPECT_THROW(partial_dependence(surrogate, {"x0"}), InputError);
  EXPECT_THROW(calibrate(surrogate, Leave::kObservation), InputError);
}

TEST(InsightTest, TakesSpacesOfEveryKind) {
  Parameter rate = number_parameter("rate", 1e-4, 1), steps = number_parameter("steps", 1, 9),
            width = number_parameter("width"), depth = number_parameter("depth");
  rate.log = true, steps.type = ParameterType::kInt, width.grid = {.1, .2, .7};
  depth.conditions = {{"network", {"deep"}}};
  Problem problem{
      Space({rate, steps, width, depth, category_parameter("kind", {"a", "b"}),
             number_parameter("fixed", 3, 3), number_parameter("u"), number_parameter("v")},
            {{"network", {"flat", "deep"}}}, {{.threshold = 1, .weights = {{"u", 1}, {"v", 1}}}}),
      false};
  const auto f = [](const Assignments& x, std::size_t) {
    return std::log(number_at(x, "rate")) + (x.contains("depth") ? number_at(x, "depth") : 1) +
           number_at(x, "u");
  };
  const Insight found = make_insight(problem, history_of(problem, 40, f), 1);
  ASSERT_EQ(found.lacking, "");
  EXPECT_GT(total_of(found, "rate").value, .5);
  EXPECT_EQ(total_of(found, "fixed"), Interval{});
  EXPECT_EQ(found.importance.overall.total[0].parameters[0], "network");
  expect_finite(to_json(found));
  const Json json = to_json(found);
  EXPECT_EQ(insight_from_json(parse_json(json.dump(), "text"), "insight"), found);
}

TEST(InsightTest, CategoriesAloneAreEnough) {
  const Problem problem{
      Space({category_parameter("a", {"x", "y", "z"}), category_parameter("b", {"x", "y"})})};
  const Insight found =
      make_insight(problem,
                   history_of(problem, 30,
                              [](const Assignments& at, std::size_t) {
                                return std::get<std::string>(at.at("a")) == "y" ? 2. : 1.;
                              }),
                   1);
  EXPECT_GT(total_of(found, "a").value, .8);
  EXPECT_LT(total_of(found, "b").value, .1);
  expect_finite(to_json(found));
}

TEST(InsightTest, HugeValuesAndPlacesOutsideTheBoundsGiveNumbers) {
  const Problem problem = of_parameters(3);
  History history = history_of(problem, 20, example);
  history.observations[0].value = -1e300, history.observations[1].value = 1e300;
  history.observations[2].value_stddev = 1e200;
  history.observations[3].assignments["x0"] = 1e9;
  history.observations[4] = history.observations[5];
  expect_finite(to_json(make_insight(problem, history, 1)));
}

TEST(InsightTest, TwoHundredParametersAreBounded) {
  const Problem problem = of_parameters(200);
  const Insight found = make_insight(problem, history_of(problem, 40, example), 1);
  EXPECT_EQ(found.importance.overall.total.size(), 200u);
  EXPECT_EQ(found.importance.overall.pairs.size(), 20u);
  EXPECT_EQ(found.slices.size(), 12u);
  EXPECT_EQ(found.notes.size(), 1u);
}

TEST(InsightTest, RefusesJsonThatIsNone) {
  EXPECT_THROW(insight_from_json(Json::array(), "insight"), InputError);
  EXPECT_THROW(insight_from_json(Json{{"lacking", ""}}, "insight"), InputError);
  EXPECT_THROW(insight_from_json(Json{{"lacking", 7}}, "insight"), InputError);
}

}  // namespace
}  // namespace frugal::optimizer
