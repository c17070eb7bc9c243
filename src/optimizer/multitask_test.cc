// What the multitask suggester promises beyond the conformance suite (suggest_test.cc).
#include "optimizer/multitask.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "optimizer/belief.h"
#include "optimizer/ledger.h"

namespace frugal::optimizer {
namespace {

const std::vector<Task> kTasks = {{"small", .1}, {"medium", .5}, {"full", 1}};

Problem bowl() {
  std::vector<Parameter> parameters(3);
  for (std::size_t j = 0; j < parameters.size(); ++j) parameters[j].name = fmt::format("x{}", j);
  return {Space(parameters), true, kTasks, {}, false};
}

Observation observe_bowl(const Suggestion& suggestion, RandomStream& random) {
  double sum = 0;
  for (const auto& [name, value] : suggestion.assignments)
    sum -= std::pow(std::get<double>(value) - .6, 2);
  Observation observation{suggestion.assignments, suggestion.task, {}, {}, {}};
  if (random.uniform() > .1) observation.value = sum + .01 * random.normal();  // some fail
  return observation;
}

// What comes of rounds of suggestions; every so many rounds, fits are made ahead.
std::vector<Suggestion> drive(const Problem& problem, std::size_t rounds,
                              std::optional<std::size_t> ahead) {
  const auto suggester = make_multitask(problem, 3);
  RandomStream noise(5);
  History history;
  std::vector<Suggestion> suggestions;
  for (std::size_t i = 0; i < rounds; ++i) {
    RandomStream random = RandomStream(7).derive(i);
    suggestions.push_back(suggester->suggest(history, 1, random).at(0));
    history.observations.push_back(observe_bowl(suggestions.back(), noise));
    if (!ahead || i % *ahead != 0) continue;
    if (auto fit = suggester->prepare(history)) {
      fit->run();
      suggester->take(std::move(fit));
    }
  }
  return suggestions;
}

TEST(MultitaskTest, FitsMadeAheadChangeNoSuggestion) {
  const std::vector<Suggestion> inline_fits = drive(bowl(), 110, {});
  EXPECT_EQ(drive(bowl(), 110, 1), inline_fits);
  EXPECT_EQ(drive(bowl(), 110, 5), inline_fits);
}

TEST(MultitaskTest, AProcessThatJustStartedSuggestsTheSame) {
  const Problem problem = bowl();
  const auto old = make_multitask(problem, 3);
  RandomStream noise(5);
  History history;
  for (std::size_t i = 0; i < 100; ++i) {
    RandomStream random = RandomStream(7).derive(i);
    const Suggestion next = old->suggest(history, 1, random).at(0);
    history.observations.push_back(observe_bowl(next, noise));
    if (i != 40 && i != 80 && i != 99) continue;
    RandomStream a(i), b(i);
    EXPECT_EQ(make_multitask(problem, 3)->suggest(history, 1, a), old->suggest(history, 1, b));
  }
}

TEST(MultitaskTest, AFitOfAnotherHistoryIsNotTaken) {
  const Problem problem = bowl();
  RandomStream noise(5), random(1);
  const auto history_of = [&](double sign) {
    History history;
    for (int i = 0; i < 90; ++i) {
      Observation observation = observe_bowl({problem.space.sample(random), 2}, noise);
      if (observation.value) observation.value = sign * *observation.value;
      history.observations.push_back(observation);
    }
    return history;
  };
  const History one = history_of(1), other = history_of(-1);
  const auto suggester = make_multitask(problem, 3);
  auto fit = suggester->prepare(one);
  ASSERT_NE(fit, nullptr);
  fit->run();
  suggester->recommend(other);  // now it is about another history
  suggester->take(std::move(fit));
  History grown = other;
  grown.observations.insert(grown.observations.end(), other.observations.begin(),
                            other.observations.begin() + 4);
  RandomStream a(9), b(9);
  EXPECT_EQ(suggester->suggest(grown, 1, a), make_multitask(problem, 3)->suggest(grown, 1, b));
}

// Only the best values of each task are ranked (multitask.cc); the one to believe in must be among
// them. The oracle looks at every observation.
TEST(MultitaskTest, RecommendsTheBestMeanOfThousandsOfObservations) {
  const Problem problem = bowl();
  RandomStream noise(5), random(1);
  History history;
  for (int i = 0; i < 2200; ++i) {
    const std::size_t task = i % 11 == 0 ? 2 : i % 2;
    history.observations.push_back(observe_bowl({problem.space.sample(random), task}, noise));
  }
  const auto recommended = make_multitask(problem, 3)->recommend(history);
  ASSERT_TRUE(recommended);
  Ledger ledger(problem);
  ledger.update(history);
  Belief belief(ledger, 3, {});
  belief.update(0);
  std::vector<Point> points;
  for (const std::size_t record : belief.successes())
    points.push_back(ledger.records()[record].point);
  const double best = belief.mean(belief.features(points)).maxCoeff();
  const double mean = belief.mean(belief.features({ledger.encoder().encode(*recommended)})).value();
  EXPECT_NEAR(mean, best, .02);  // of the warped unit; the deviation of the noise is .05 of it
}

}  // namespace
}  // namespace frugal::optimizer
