#include "cli/machine_split.h"

#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

MachineOptions given(unsigned workers, unsigned threads) {
  MachineOptions options;
  options.workers = workers;
  options.threads = threads;
  return options;
}

auto times(unsigned rounds) {
  return [rounds](unsigned so_far) { return so_far < rounds; };
}

TEST(MachineSplit, FollowsTheUserAndFillsInWhatIsMissing) {
  EXPECT_EQ(split_of(given(0, 0), 8), std::nullopt);
  EXPECT_EQ(split_of(given(2, 0), 8), (Split{2, 4}));
  EXPECT_EQ(split_of(given(0, 3), 8), (Split{2, 3}));
  EXPECT_EQ(split_of(given(1, 1), 8), (Split{1, 1}));
  EXPECT_EQ(split_of(given(8, 1), 8), (Split{8, 1}));
}

TEST(MachineSplit, RefusesMoreThreadsThanCores) {
  const auto refused = [](unsigned workers, unsigned threads, unsigned cores,
                          const std::string& words) {
    EXPECT_THAT([&] { split_of(given(workers, threads), cores); },
                ThrowsMessage<InputError>(HasSubstr(words)))
        << workers << " x " << threads;
  };
  refused(3, 0, 2, "3 workers of 1 thread would take 3 cores, and there are 2");
  refused(2, 2, 2, "--workers 2 --threads 1");
  refused(0, 4, 2, "--workers 1 --threads 2");
  refused(2, 0, 1, "there is 1");
  refused(1U << 31, 2, 2, "4294967296 cores");
}

TEST(MachineSplit, CandidatesNeverTakeMoreThanTheCoresNorLeaveMoreThanAQuarterIdle) {
  for (unsigned cores = 1; cores <= 256; ++cores) {
    const auto candidates = split_candidates(cores);
    ASSERT_FALSE(candidates.empty());
    EXPECT_LE(candidates.size(), 8u) << cores;
    for (const Split& split : candidates) {
      EXPECT_LE(split.workers * split.threads, cores);
      EXPECT_GE(split.workers * split.threads, 0.75 * cores);
      EXPECT_LE(split.workers, kMostWorkers);
    }
  }
  EXPECT_THAT(split_candidates(1), ElementsAre(Split{1, 1}));
  EXPECT_THAT(split_candidates(2), ElementsAre(Split{2, 1}, Split{1, 2}));
  EXPECT_THAT(split_candidates(6), ElementsAre(Split{6, 1}, Split{3, 2}, Split{1, 6}));
  EXPECT_THAT(split_candidates(64),
              ElementsAre(Split{16, 4}, Split{8, 8}, Split{4, 16}, Split{2, 32}, Split{1, 64}));
}

TEST(MachineSplit, TakesTheHighestMedianOfInterleavedRounds) {
  std::vector<Split> order;
  std::map<unsigned, std::vector<double>> rates = {{2, {10, 50, 11}}, {1, {24, 1, 25}}};
  const auto choice = choose_split({{2, 1}, {1, 2}}, times(3), [&](const Split& split) {
    order.push_back(split);
    return rates.at(split.workers).at((order.size() - 1) / 2);
  });
  EXPECT_THAT(order, ElementsAre(Split{2, 1}, Split{1, 2}, Split{2, 1}, Split{1, 2}, Split{2, 1},
                                 Split{1, 2}));
  EXPECT_EQ(choice.split, (Split{1, 2}));  // 24 against 2 × 11
  EXPECT_THAT(choice.measured, ElementsAre(SplitMeasurement{{2, 1}, 20, 22, 100},
                                           SplitMeasurement{{1, 2}, 1, 24, 25}));
}

TEST(MachineSplit, MeasuresNothingWhereThereIsNoChoice) {
  const auto choice = choose_split(split_candidates(1), times(3), [](const Split&) -> double {
    ADD_FAILURE();
    return 0;
  });
  EXPECT_EQ(choice.split, (Split{1, 1}));
}

TEST(MachineSplit, ComesBackFromJsonAsItWas) {
  SplitChoice choice = choose_split({{2, 1}, {1, 2}}, times(1), [](const Split&) { return 7.25; });
  choice.cores = 2;
  choice.machine = "M";
  choice.work = "W";
  EXPECT_EQ(split_choice_from_json(to_json(choice)), choice);
  EXPECT_THROW(split_choice_from_json(Json::object()), InputError);
  EXPECT_THROW(split_choice_from_json({{"workers", "two"}}), InputError);
  EXPECT_THAT(to_text(choice), HasSubstr("2 workers of 1 thread 14.5 images/s (14.5 to 14.5)"));
}

}  // namespace
}  // namespace frugal::cli
