#include "experiment/history.h"

#include <gmock/gmock.h>

#include "experiment/test_experiment.h"

namespace frugal::experiment {
namespace {

class HistoryTest : public testing::Test {
 protected:
  void observe(double value, double seconds = 0) {
    const auto id = static_cast<Id>(rows_.size()) + 1;
    Observation row{.id = id, .point = point(value), .value = value, .cost_seconds = seconds};
    for (const Metric& metric : experiment_.more_metrics)
      row.more_values.push_back({metric.name, 1 - value * value, std::nullopt});
    rows_.push_back(row);
  }
  static optimizer::Suggestion point(double x) {
    return {{{"x", x}, {"n", std::int64_t{3}}, {"c", std::string("a")}}, 0};
  }
  const optimizer::History& kept() { return kept_.of(experiment_, trials_, rows_, version_); }
  void expect_as_made_at_once() {
    const auto at_once = history_of(experiment_, trials_, rows_);
    EXPECT_EQ(kept().observations, at_once.observations);
    EXPECT_EQ(kept().open, at_once.open);
  }

  Experiment experiment_ = test_experiment();
  std::map<Id, Trial> trials_;
  std::vector<Observation> rows_;
  std::uint64_t version_ = 7;
  KeptHistory kept_;
};

TEST_F(HistoryTest, GrowsInOneLineage) {
  observe(.1);
  expect_as_made_at_once();
  const auto lineage = kept().lineage;
  EXPECT_NE(lineage, 0u);
  observe(.2);
  trials_[5] = {.id = 5, .suggestion = point(.7)};
  expect_as_made_at_once();
  EXPECT_EQ(kept().lineage, lineage);
  EXPECT_EQ(kept().open.size(), 1u);
}

TEST_F(HistoryTest, BeginsAnewWithAnotherVersion) {
  observe(.1), observe(.2);
  const auto lineage = kept().lineage;
  rows_[0].value = .9;
  ++version_;
  expect_as_made_at_once();
  EXPECT_NE(kept().lineage, lineage);
}

// Costs are told in relation to all, so that one more changes those before.
TEST_F(HistoryTest, TellsAllAnewWhereOneChangesTheOthers) {
  observe(.1, 10);
  const auto lineage = kept().lineage;
  observe(.2, 30);
  expect_as_made_at_once();
  EXPECT_NE(kept().lineage, lineage);

  experiment_.more_metrics = {{.name = "speed", .strategy = Strategy::kOptimize}};
  rows_.clear();
  ++version_;
  for (const double value : {.1, .9, .4, .6}) {
    observe(value);
    expect_as_made_at_once();
  }
}

// Who keeps to the lineage need not compare; the suggestions are the same.
TEST_F(HistoryTest, LeadsASuggesterToTheSameSuggestions) {
  const auto suggest = [&](optimizer::Suggester& suggester, const optimizer::History& history) {
    RandomStream random = RandomStream(3).derive(history.observations.size());
    return suggester.suggest(history, 3, random);
  };
  const auto make = [&] { return optimizer::make_suggester("sobol", problem_of(experiment_), 1); };
  const auto keeping = make(), comparing = make();
  for (int i = 0; i < 30; ++i) {
    observe(i / 30.);
    if (i == 20) {
      rows_.erase(rows_.begin(), rows_.begin() + 9);
      ++version_;
    }
    EXPECT_EQ(suggest(*keeping, kept()),
              suggest(*comparing, history_of(experiment_, trials_, rows_)));
  }
}

}  // namespace
}  // namespace frugal::experiment
