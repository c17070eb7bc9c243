// One conformance suite, run over every suggester.
#include "optimizer/suggest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "base/error.h"

namespace frugal::optimizer {
namespace {

Parameter number(const std::string& name, double min, double max) {
  Parameter p;
  p.name = name, p.min = min, p.max = max;
  return p;
}
Parameter whole(const std::string& name, double min, double max) {
  Parameter p = number(name, min, max);
  p.type = ParameterType::kInt;
  return p;
}
Parameter choice(const std::string& name, std::vector<std::string> categories) {
  Parameter p;
  p.name = name, p.type = ParameterType::kCategorical, p.categories = std::move(categories);
  return p;
}

const std::vector<Task> kTasks = {{"full", 1}, {"small", .1}, {"medium", .5}};

Problem mixed_problem() {
  Parameter rate = number("rate", 1e-5, 1);
  rate.log = true;
  Parameter momentum = number("momentum", 0, 1);
  momentum.conditions["method"] = {"sgd"};
  Parameter width;
  width.name = "width", width.grid = {1, 2, 4, 8};
  return {Space({rate, momentum, width, whole("layers", 1, 6), choice("act", {"relu", "tanh"}),
                 number("p", 0, 1), number("q", 0, 1)},
                {{"method", {"sgd", "adam"}}}, {{true, 1, {{"p", 1}, {"q", 1}}}}),
          true, kTasks, 20, false};
}

using Value = std::function<std::optional<double>(const Suggestion&)>;

class SuggesterTest : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Suggester> make(const Problem& problem, std::uint64_t seed = 1) const {
    return make_suggester(GetParam(), problem, seed);
  }

  // Suggests and observes, keeping some open; checks what must always hold.
  History drive(const Problem& problem, const Value& value, int rounds, std::size_t open = 3,
                History history = {}) const {
    const auto suggester = make(problem);
    for (int i = 0; i < rounds; ++i) {
      RandomStream random = RandomStream(7).derive(std::uint64_t(i));
      const std::size_t n = 1 + std::size_t(i) % 3;
      const std::vector<Suggestion> suggested = suggester->suggest(history, n, random);
      EXPECT_LE(suggested.size(), n);
      if (suggested.empty()) break;
      std::set<std::pair<std::string, std::size_t>> taken;
      for (const Suggestion& s : history.open)
        taken.insert({problem.space.canonical_key(s.assignments), s.task});
      for (const Suggestion& s : suggested) {
        EXPECT_NO_THROW(problem.space.validate(s.assignments));
        EXPECT_LT(s.task, problem.tasks.size());
        EXPECT_TRUE(taken.insert({problem.space.canonical_key(s.assignments), s.task}).second)
            << "a duplicate";
        history.open.push_back(s);
      }
      while (history.open.size() > open) {
        const Suggestion done = history.open.front();
        history.open.erase(history.open.begin());
        history.observations.push_back({done.assignments, done.task, value(done), {}, {}});
      }
    }
    suggester->recommend(history);
    return history;
  }
};
INSTANTIATE_TEST_SUITE_P(All, SuggesterTest, testing::ValuesIn(suggester_names()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

double rate_score(const Suggestion& s) {
  return -std::abs(std::log10(std::get<double>(s.assignments.at("rate"))) + 2) -
         .1 * double(s.task);
}

TEST_P(SuggesterTest, SuggestionsAreValidAndNeverOpenAlready) {
  const History history = drive(mixed_problem(), rate_score, 30);
  EXPECT_GT(history.observations.size(), 40u);
}

TEST_P(SuggesterTest, TheSameHistoryAndSeedGiveTheSameSuggestions) {
  const Problem problem = mixed_problem();
  const History history = drive(problem, rate_score, 25);
  RandomStream a(5), b(5), c(5);
  const auto fresh = make(problem), other = make(problem), warm = make(problem);
  warm->recommend({{history.observations.begin(), history.observations.begin() + 20}, {}});
  const auto first = fresh->suggest(history, 3, a);
  EXPECT_EQ(first, other->suggest(history, 3, b));
  // One that has seen a part of the history before gives the same tasks and, but for rounding,
  // the same points.
  const auto again = warm->suggest(history, 3, c);
  ASSERT_EQ(first.size(), again.size());
  EXPECT_EQ(first[0].task, again[0].task);
  EXPECT_NEAR(std::get<double>(first[0].assignments.at("rate")),
              std::get<double>(again[0].assignments.at("rate")), 1e-4);
  EXPECT_EQ(fresh->recommend(history), other->recommend(history));
}

TEST_P(SuggesterTest, RecommendsOnlyWhatSucceeded) {
  const Problem problem = mixed_problem();
  EXPECT_FALSE(make(problem)->recommend({}));
  const History history = drive(problem, rate_score, 20);
  const auto best = make(problem)->recommend(history);
  ASSERT_TRUE(best);
  EXPECT_TRUE(std::any_of(history.observations.begin(), history.observations.end(),
                          [&](const Observation& o) { return o.assignments == *best && o.value; }));
}

TEST_P(SuggesterTest, MinimizesWhenAsked) {
  Problem problem = mixed_problem();
  problem.maximize = false;
  const History history = drive(
      problem, [](const Suggestion& s) { return -rate_score(s); }, 30);
  const auto best = make(problem)->recommend(history);
  ASSERT_TRUE(best);
  EXPECT_NEAR(std::log10(std::get<double>(best->at("rate"))), -2, 1.2);
}

TEST_P(SuggesterTest, SurvivesConstantOutputs) {
  EXPECT_GT(drive(
                mixed_problem(), [](const Suggestion&) { return 3.0; }, 20)
                .observations.size(),
            20u);
}

TEST_P(SuggesterTest, SurvivesFailuresOnly) {
  const Problem problem = mixed_problem();
  const History history = drive(
      problem, [](const Suggestion&) { return std::nullopt; }, 20);
  EXPECT_GT(history.observations.size(), 20u);
  EXPECT_FALSE(make(problem)->recommend(history));
}

TEST_P(SuggesterTest, TakesNaNAndInfinityForFailures) {
  const Problem problem = mixed_problem();
  const History history = drive(
      problem,
      [](const Suggestion& s) -> std::optional<double> {
        const double score = rate_score(s);
        if (score < -2) return std::numeric_limits<double>::quiet_NaN();
        if (score < -1) return std::numeric_limits<double>::infinity();
        return score;
      },
      25);
  if (const auto best = make(problem)->recommend(history)) {
    EXPECT_GT(rate_score({*best, 0}), -1.01);
  }
}

TEST_P(SuggesterTest, SurvivesValuesOfAnyMagnitude) {
  int count = 0;
  drive(
      mixed_problem(),
      [&](const Suggestion&) {
        const double values[] = {1e308, -1e308, 0, 1e-308, 5, -1e100, 5.0000001};
        return values[count++ % 7];
      },
      20);
}

TEST_P(SuggesterTest, StartsOverWhenAFiniteSpaceIsExhaustedAndStopsWhenAllIsOpen) {
  const Problem one{Space({whole("n", 3, 3)}), true, {{"full", 1}}, {}, false};
  const auto suggester = make(one);
  RandomStream random(1);
  History history;
  const auto only = suggester->suggest(history, 5, random);
  ASSERT_EQ(only.size(), 1u);
  history.open = only;
  EXPECT_TRUE(suggester->suggest(history, 1, random).empty());
  history = {{{only[0].assignments, 0, 1.0, {}, {}}}, {}};
  EXPECT_EQ(suggester->suggest(history, 3, random), only);

  const Problem few{
      Space({whole("n", 0, 2), choice("c", {"a", "b"})}), true, {{"full", 1}}, {}, false};
  const History driven = drive(
      few,
      [](const Suggestion& s) { return double(std::get<std::int64_t>(s.assignments.at("n"))); },
      30);
  std::set<std::string> seen;
  for (const Observation& o : driven.observations)
    seen.insert(few.space.canonical_key(o.assignments));
  EXPECT_EQ(seen.size(), 6u);
}

TEST_P(SuggesterTest, SurvivesTwoHundredParameters) {
  std::vector<Parameter> parameters;
  for (int j = 0; j < 180; ++j) parameters.push_back(number(fmt::format("x{}", j), 0, 1));
  for (int j = 0; j < 20; ++j) parameters.push_back(choice(fmt::format("c{}", j), {"u", "v", "w"}));
  const Problem problem{Space(parameters), true, kTasks, {}, false};
  drive(
      problem, [](const Suggestion& s) { return std::get<double>(s.assignments.at("x0")); }, 22);
}

TEST_P(SuggesterTest, AcceptsObservationsOutsideTheDomainAndOfOtherSpaces) {
  const Problem problem = mixed_problem();
  History history;
  RandomStream random(2);
  Assignments outside = problem.space.sample(random), unknown = outside, missing = outside;
  outside["rate"] = 50.0;
  unknown["colour"] = std::string("red");
  missing.erase("layers");
  Assignments infeasible = problem.space.sample(random);
  infeasible["p"] = .9, infeasible["q"] = .8;
  for (std::size_t task = 0; task < 3; ++task)
    for (const Assignments& a : {outside, unknown, missing, infeasible, Assignments{}})
      history.observations.push_back(
          {a, task, double(task) + .1 * double(history.observations.size()), .05, 2.5});
  drive(problem, rate_score, 20, 3, history);
}

TEST_P(SuggesterTest, SurvivesRepeatedObservationsOfOnePoint) {
  const Problem problem = mixed_problem();
  RandomStream random(3);
  const Assignments a = problem.space.sample(random);
  History history;
  for (int i = 0; i < 60; ++i)
    history.observations.push_back({a, std::size_t(i) % 3, .1 * (i % 4), .02, {}});
  drive(problem, rate_score, 10, 3, history);
}

TEST_P(SuggesterTest, KeepsTwentyTrialsOpenWithoutADuplicate) {
  drive(mixed_problem(), rate_score, 20, 20);
}

TEST_P(SuggesterTest, ForgetsWhatIsNoLongerInTheHistory) {
  const Problem problem = mixed_problem();
  const History history = drive(problem, rate_score, 20);
  const auto used = make(problem);
  used->recommend(history);
  History changed = history;
  changed.observations.erase(changed.observations.begin());
  changed.observations[3].value = 100.0;
  RandomStream a(9), b(9);
  EXPECT_EQ(used->suggest(changed, 2, a), make(problem)->suggest(changed, 2, b));
}

TEST(MakeSuggesterTest, UnknownNamesListTheKnownOnes) {
  try {
    make_suggester("genetic", mixed_problem(), 1);
    FAIL();
  } catch (const InputError& error) {
    for (const std::string& name : suggester_names())
      EXPECT_THAT(error.what(), testing::HasSubstr(name));
  }
}

TEST(MakeSuggesterTest, RefusesTasksWithoutAFullOne) {
  Problem problem = mixed_problem();
  problem.tasks = {{"small", .1}, {"medium", .5}};
  EXPECT_THROW(make_suggester("random", problem, 1), InputError);
}

double bowl(const Suggestion& s) {
  const double bias[] = {0, .08, .03};  // of full, small, medium
  double sum = 0;
  for (const char* name : {"a", "b", "c"})
    sum += std::pow(std::get<double>(s.assignments.at(name)) - .3 - bias[s.task], 2);
  return -sum;
}

// What it is for: far less regret for the same cost than random search.
TEST(MultitaskTest, FindsTheOptimumOfABowlForTheCostOfTenFullRuns) {
  const Problem problem{
      Space({number("a", 0, 1), number("b", 0, 1), number("c", 0, 1)}), true, kTasks, {}, false};
  double worst = 0;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const auto suggester = make_suggester("multitask", problem, seed);
    History history;
    for (double spent = 0; spent < 10;
         spent += problem.tasks[history.observations.back().task].cost) {
      RandomStream random = RandomStream(seed).derive(history.observations.size());
      const Suggestion next = suggester->suggest(history, 1, random).at(0);
      history.observations.push_back({next.assignments, next.task, bowl(next), {}, {}});
    }
    worst = std::min(worst, bowl({*suggester->recommend(history), 0}));
  }
  EXPECT_GT(worst, -3e-3);  // random search after ten full runs: about -.05
}

TEST(MultitaskTest, AtLeastAQuarterOfTheCostGoesToTheFullTask) {
  const Problem problem{
      Space({number("a", 0, 1), number("b", 0, 1), number("c", 0, 1)}), true, kTasks, {}, false};
  const auto suggester = make_suggester("multitask", problem, 1);
  History history;
  double total = 0, full = 0;
  for (int i = 0; i < 60; ++i) {
    RandomStream random{std::uint64_t(i)};
    const Suggestion next = suggester->suggest(history, 1, random).at(0);
    const double cost = problem.tasks[next.task].cost;
    total += cost, full += next.task == 0 ? cost : 0;
    history.observations.push_back({next.assignments, next.task, bowl(next), {}, {}});
  }
  EXPECT_GE(full, .25 * total - 1);
}

}  // namespace
}  // namespace frugal::optimizer
