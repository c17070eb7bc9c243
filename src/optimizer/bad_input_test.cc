// Whatever a space, its constraints or a history look like, every suggester gives sensible
// suggestions, or the space is refused with a message; none hangs, none repeats an open trial.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"
#include "optimizer/suggest.h"

namespace frugal::optimizer {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

template <typename T>
T one_of(std::initializer_list<T> values, RandomStream& random) {
  return values.begin()[random.below(values.size())];
}

// Bounds from the far ends of what doubles can say, and the usual ones.
Parameter draw_number(RandomStream& random) {
  using Bounds = std::pair<double, double>;
  Parameter p;
  std::tie(p.min, p.max) = one_of<Bounds>({{0, 1},
                                           {-2, 3},
                                           {5, 5},
                                           {1e-300, 2e-300},
                                           {-1e300, 1e200},
                                           {1e-5, 1e5},
                                           {.1, .2},
                                           {1e6, 1e6 + 1},
                                           {-1e-8, 1e-8},
                                           {1e-320, 1},
                                           {-1e100, -1e3},
                                           {1e15, 2e15},
                                           {1e-300, 1e300},
                                           {1, 1e12}},
                                          random);
  const std::size_t kind = random.below(5);
  if (kind == 0 && p.min > 0) p.log = true;
  if (kind == 1)
    p.prior = NormalPrior{p.min + .3 * (p.max - p.min), one_of({1e-200, 1e-3, 1e9}, random)};
  if (kind == 2)
    p.prior = BetaPrior{one_of({1e-3, 1., 1e5}, random), one_of({1e-3, 1., 1e5}, random)};
  return p;
}

Parameter draw_whole(RandomStream& random) {
  using Bounds = std::pair<double, double>;
  Parameter p;
  p.type = ParameterType::kInt;
  std::tie(p.min, p.max) = one_of<Bounds>(
      {{0, 0}, {0, 1}, {-3, 4}, {1, 1000}, {-0x1p53, 0x1p53}, {0x1p53 - 2, 0x1p53}}, random);
  return p;
}

Parameter draw_parameter(RandomStream& random) {
  Parameter p;
  switch (random.below(4)) {
    case 0:
      p = draw_whole(random);
      break;
    case 1:
      p.grid = one_of<std::vector<double>>(
          {{3}, {-1e300, 1e300}, {1e-9, 1e-6, 1e-3, 1}, {0, 1, 2, 3, 4, 5, 6, 7}}, random);
      break;
    case 2:
      p.type = ParameterType::kCategorical;
      for (std::size_t c = 0, n = 1 + random.below(4); c < n; ++c)
        p.categories.push_back(one_of<std::string>({"", "\"", "ü", "\xff"}, random) +
                               std::to_string(c));
      break;
    default:
      p = draw_number(random);
  }
  return p;
}

// May throw InputError: half of the constraints are drawn without looking.
Space draw_space(RandomStream& random) {
  std::vector<Parameter> parameters;
  for (std::size_t j = 0, d = 1 + random.below(7); j < d; ++j) {
    parameters.push_back(draw_parameter(random));
    parameters.back().name = fmt::format("p{}", j);
  }
  std::vector<Conditional> conditionals;
  if (random.uniform() < .4) {
    conditionals.push_back({"branch", {"left", "right", "neither"}});
    for (Parameter& p : parameters)
      if (random.uniform() < .5)
        p.conditions["branch"] = {one_of<std::string>({"left", "right"}, random)};
  }
  std::vector<LinearConstraint> constraints;
  while (random.uniform() < .3) {
    const ParameterType type = one_of({ParameterType::kDouble, ParameterType::kInt}, random);
    LinearConstraint constraint;
    constraint.less_than = random.uniform() < .5;
    for (const Parameter& p : parameters) {
      if (p.type != type || p.log || !p.grid.empty() || !p.conditions.empty()) continue;
      const double weight = one_of({1., -1., .3, 0., 1e-12, 1e12}, random);
      constraint.weights[p.name] = weight;
      constraint.threshold += weight * (p.min / 2 + p.max / 2);
    }
    if (random.uniform() < .5) constraint.threshold = one_of({0., -1., 1e300, 1e-300}, random);
    if (constraint.weights.empty()) break;
    constraints.push_back(constraint);
  }
  return {parameters, conditionals, constraints};
}

Problem draw_problem(Space space, RandomStream& random) {
  Problem problem{std::move(space), random.uniform() < .5, {{"full", 1}}, {}, false};
  if (random.uniform() < .7) problem.tasks.push_back({"small", one_of({1e-6, .1, .999}, random)});
  if (random.uniform() < .3) problem.tasks.push_back({"medium", .5});
  if (random.uniform() < .3) problem.budget = one_of({1e-9, 20., 1e12}, random);
  problem.continues = random.uniform() < .3;
  return problem;
}

Observation observe(const Suggestion& suggestion, RandomStream& random) {
  Observation result{suggestion.assignments, suggestion.task, {}, {}, {}};
  if (random.uniform() < .9)
    result.value = one_of({0., 1., 1., 1.0000001, -3e-310, 1e308, -1e308, kNan, kInfinity,
                           -kInfinity, random.normal(), 1e9 * random.normal()},
                          random);
  if (random.uniform() < .5)
    result.value_stddev = one_of({0., .1, -1., kNan, kInfinity, 1e308, 1e-300}, random);
  if (random.uniform() < .5) result.cost = one_of({0., .2, -1., kNan, kInfinity, 1e308}, random);
  return result;
}

// Somebody else's: numbers outside of the domain or none at all, names and types that do not fit.
Observation observe_nonsense(const Problem& problem, RandomStream& random) {
  Assignments assignments = problem.space.sample(random);
  for (auto& [name, value] : assignments)
    if (random.uniform() < .5)
      value = one_of<Value>({1e300, -1e300, kNan, kInfinity, 0., std::int64_t{1} << 62,
                             std::int64_t{-7}, std::string("nowhere")},
                            random);
  if (random.uniform() < .3) assignments.erase(assignments.begin());
  if (random.uniform() < .3) assignments["unheard of"] = 3.0;
  return observe({assignments, random.below(problem.tasks.size())}, random);
}

// The offender is named, and no message is a bare number or empty.
void expect_clear(const InputError& error) {
  EXPECT_THAT(error.what(),
              testing::AnyOf(testing::HasSubstr("parameter p"), testing::HasSubstr("constraint"),
                             testing::HasSubstr("branch")));
}

void expect_sensible(const Problem& problem, const std::vector<Suggestion>& suggested,
                     const std::vector<Suggestion>& open) {
  std::set<std::pair<std::string, std::size_t>> taken;
  for (const Suggestion& s : open)
    taken.insert({problem.space.canonical_key(s.assignments), s.task});
  for (const Suggestion& s : suggested) {
    ASSERT_LT(s.task, problem.tasks.size());
    EXPECT_NO_THROW(problem.space.validate(s.assignments));
    for (const Parameter& p : problem.space.parameters()) {
      const auto found = s.assignments.find(p.name);
      if (found == s.assignments.end() || p.type == ParameterType::kCategorical) continue;
      const auto* whole = std::get_if<std::int64_t>(&found->second);
      const double number = whole ? double(*whole) : std::get<double>(found->second);
      EXPECT_TRUE(number >= p.min && number <= p.max) << p.name << " = " << number;
    }
    EXPECT_TRUE(taken.insert({problem.space.canonical_key(s.assignments), s.task}).second)
        << "a duplicate of an open trial";
  }
}

class BadInputTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, BadInputTest, testing::ValuesIn(suggester_names()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST_P(BadInputTest, AnySpaceAndAnyHistoryGiveSensibleSuggestionsOrAClearError) {
  int refused = 0;
  constexpr std::uint64_t kSpaces = 80;
  for (std::uint64_t seed = 0; seed < kSpaces; ++seed) {
    SCOPED_TRACE(fmt::format("space {}", seed));
    RandomStream random = RandomStream(11).derive(seed);
    std::optional<Space> space;
    try {
      space = draw_space(random);
    } catch (const InputError& error) {
      expect_clear(error);
      ++refused;
      continue;
    }
    const Problem problem = draw_problem(*space, random);
    const auto suggester = make_suggester(GetParam(), problem, seed);
    History history;
    for (std::uint64_t round = 0; round < 14; ++round) {
      const std::size_t n = 1 + random.below(4);
      std::vector<Suggestion> suggested;
      ASSERT_NO_THROW(suggested = suggester->suggest(history, n, random));
      ASSERT_LE(suggested.size(), n);
      expect_sensible(problem, suggested, history.open);
      history.open.insert(history.open.end(), suggested.begin(), suggested.end());
      std::erase_if(history.open, [&](const Suggestion& s) {
        if (random.uniform() < .4) return false;
        history.observations.push_back(observe(s, random));
        if (random.uniform() < .2) history.observations.push_back(history.observations.back());
        return true;
      });
      if (random.uniform() < .2) history.observations.push_back(observe_nonsense(problem, random));
    }
    suggester->recommend(history);
    EXPECT_GT(history.observations.size(), 3u);
  }
  EXPECT_GT(refused, 1);
  EXPECT_LT(refused, int(kSpaces) / 2);
}

// Integers with a solution that is known, few of which satisfy the constraints.
TEST(BadConstraintsTest, WholeNumbersThatHaveASolutionAreNotRefused) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RandomStream random = RandomStream(12).derive(seed);
    std::vector<Parameter> parameters(2 + random.below(3));
    LinearConstraint low{false, 0, {}}, high{true, 0, {}};
    for (std::size_t j = 0; j < parameters.size(); ++j) {
      Parameter& p = parameters[j];
      p.name = fmt::format("p{}", j), p.type = ParameterType::kInt;
      p.min = 0, p.max = one_of({3., 20., 100.}, random);
      const double weight = double(1 + random.below(12));
      low.weights[p.name] = high.weights[p.name] = weight;
      low.threshold += weight * double(random.below(std::size_t(p.max) + 1));
    }
    high.threshold = low.threshold;
    SCOPED_TRACE(seed);
    EXPECT_NO_THROW(Space(parameters, {}, {low, high}));
  }
}

// Shares of a whole: no draw from the cube ever satisfies the constraint.
TEST_P(BadInputTest, TwoHundredParametersThatSumToOne) {
  std::vector<Parameter> parameters(200);
  LinearConstraint sum{true, 1, {}}, least{false, .99, {}};
  for (std::size_t j = 0; j < parameters.size(); ++j) {
    parameters[j].name = fmt::format("p{}", j);
    sum.weights[parameters[j].name] = least.weights[parameters[j].name] = 1;
  }
  const Problem problem{
      Space(parameters, {}, {sum, least}), true, {{"full", 1}, {"small", .1}}, {}, false};
  const auto suggester = make_suggester(GetParam(), problem, 1);
  RandomStream random(1);
  History history;
  for (std::size_t i = 0; i < 30; ++i) {
    const std::vector<Suggestion> next = suggester->suggest(history, 1, random);
    ASSERT_EQ(next.size(), 1u);
    expect_sensible(problem, next, {});
    history.observations.push_back({next[0].assignments,
                                    next[0].task,
                                    std::get<double>(next[0].assignments.at("p0")),
                                    {},
                                    {}});
  }
}

}  // namespace
}  // namespace frugal::optimizer
