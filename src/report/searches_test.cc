#include "report/searches.h"

#include <gmock/gmock.h>

#include "report/example_answer.h"
#include "report/format.h"

namespace frugal::report {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// The accuracy falls off with the distance of x from 0.3, and does not hear of y.
Answer answer_about_x(std::size_t trials) {
  Answer answer;
  answer.searches = {
      {.strategy = "fine-tune",
       .space = {{"parameters",
                  {{{"name", "x"}, {"type", "double"}, {"bounds", {{"min", 0}, {"max", 1}}}},
                   {{"name", "y"}, {"type", "double"}, {"bounds", {{"min", 0}, {"max", 1}}}}}}},
       .tasks = {{"small", 0.1}, {"full", 1}},
       .seed = 3}};
  RandomStream random(5);
  for (std::uint64_t id = 0; id < trials; ++id) {
    const double x = random.uniform(), y = random.uniform();
    answer.trials.push_back({.id = id,
                             .strategy = "fine-tune",
                             .task = "full",
                             .state = "done",
                             .value = 0.8 - 0.6 * (x - 0.3) * (x - 0.3),
                             .assignments = {{"x", x}, {"y", y}},
                             .started_seconds = 10.0 * static_cast<double>(id),
                             .seconds = 9});
  }
  return answer;
}

TEST(Importances, NameTheParameterThatMattered) {
  const Answer answer = answer_about_x(30);
  const auto searches = searches_of(answer);
  const auto insights = insights_of(answer, searches);
  ASSERT_THAT(insights, SizeIs(1));
  EXPECT_EQ(insights[0].at("observations"), 30);
  for (const Json& curve : insights[0].at("slices"))
    for (const Json& point : curve.at("points"))
      EXPECT_NEAR(point.at("metric").at("value").get<double>(), 70, 20);  // per cent
  const Table table = importances_table(searches, insights);
  ASSERT_THAT(table.rows, SizeIs(2));
  EXPECT_EQ(table.rows[0][1].text, "x");
  EXPECT_GT(std::stod(table.rows[0][2].data), 0.7);
}

TEST(Importances, StandInMarkdownAndCsv) {
  const Answer answer = answer_about_x(30);
  const Summary summary = summarize(answer);
  const auto insights = insights_of(answer, searches_of(answer));
  EXPECT_THAT(markdown_report(answer, summary, insights),
              HasSubstr("\n## Which parameters mattered"));
  EXPECT_THAT(csv_report(answer, summary, insights),
              HasSubstr("# importances\r\nstrategy,parameter,share,low,high\r\nfine-tune,x,"));
  EXPECT_THAT(csv_report(answer, summary), Not(HasSubstr("importances")));
}

TEST(Importances, OfTooFewTrialsSayWhatIsLacking) {
  const Answer answer = answer_about_x(1);
  const auto searches = searches_of(answer);
  const auto insights = insights_of(answer, searches);
  EXPECT_NE(insights.at(0).at("lacking"), "");
  EXPECT_THAT(importances_table(searches, insights).rows, SizeIs(0));
}

TEST(Searches, OfAnAnswerThatDoesNotSayAreReadOffItsTrials) {
  const Answer answer = example_answer();
  const auto searches = searches_of(answer);
  ASSERT_THAT(searches, SizeIs(2));
  EXPECT_THAT(searches[0].tasks, SizeIs(3));
  std::map<std::string, Json> parameters;
  for (const Json& parameter : searches[0].space.at("parameters"))
    parameters[parameter.at("name")] = parameter;
  EXPECT_EQ(parameters.at("learning_rate").at("transformation"), "log");
  EXPECT_EQ(parameters.at("batch_exponent").at("type"), "int");
  EXPECT_EQ(parameters.at("nesterov").at("type"), "categorical");
  EXPECT_GE(insights_of(answer, searches).at(0).at("observations"), 10);
}

}  // namespace
}  // namespace frugal::report
