#include "experiment/recent.h"

#include <gmock/gmock.h>

#include "base/random.h"

namespace frugal::experiment {
namespace {

Observation observation(Id id, std::optional<double> value) {
  return {.id = id, .value = value};
}

TEST(Recent, KeepsAllOfAFew) {
  Recent recent;
  for (Id id = 1; id <= static_cast<Id>(Recent::kMost); ++id) recent.add(observation(id, 1), true);
  EXPECT_EQ(recent.rows().size(), Recent::kMost);
}

TEST(Recent, SaysWhenRowsHaveGone) {
  Recent recent;
  const auto begin = recent.version();
  for (Id id = 1; id <= static_cast<Id>(Recent::kMost); ++id) recent.add(observation(id, 1), true);
  EXPECT_EQ(recent.version(), begin);
  recent.add(observation(Recent::kMost + 1, 1), true);
  const auto halved = recent.version();
  EXPECT_NE(halved, begin);
  Recent other;
  other.add(observation(1, 2), true);
  recent.replace(other);
  EXPECT_NE(recent.version(), halved);
  EXPECT_EQ(recent.rows().size(), 1u);
}

// The plain way: sort everything.
TEST(Recent, KeepsTheBestAndTheLatestInTheirOrder) {
  for (const bool maximize : {true, false}) {
    Recent recent;
    RandomStream random(7);
    std::vector<Observation> all;
    for (Id id = 1; id <= 20'001; ++id) {
      std::optional<double> value = random.uniform();
      if (random.below(10) == 0) value = std::nullopt;
      all.push_back(observation(id, value));
      recent.add(all.back(), maximize);
      ASSERT_LE(recent.rows().size(), Recent::kMost);
    }
    const auto& rows = recent.rows();
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end(),
                               [](const auto& a, const auto& b) { return a.id < b.id; }));
    EXPECT_EQ(rows.back().id, 20'001);
    EXPECT_EQ(rows[rows.size() - 1000].id, 19'002) << "the latest without a gap";
    const auto best = [&](const std::vector<Observation>& of) {
      std::vector<double> values;
      for (const auto& row : of)
        if (row.value) values.push_back(maximize ? -*row.value : *row.value);
      std::sort(values.begin(), values.end());
      values.resize(200);
      return values;
    };
    EXPECT_EQ(best(rows), best(all));
  }
}

}  // namespace
}  // namespace frugal::experiment
