#include "optimizer/fit_schedule.h"

#include <gtest/gtest.h>

namespace frugal::optimizer {
namespace {

TEST(FitScheduleTest, DueFitsGrowWithTheHistoryAndAreNeverFarBehind) {
  FitPoint before{2, 2};
  for (std::size_t n = 2; n < 20000; n += 1 + n / 50) {
    const FitPoint due = due_fit(2, n);
    EXPECT_LE(due.size, n);
    EXPECT_LE(due.cold, due.size);
    EXPECT_GE(due.size, before.size);
    EXPECT_GT(next_fit(due).size, n);
    EXPECT_LE(n - due.size, n / 20);
    EXPECT_LE(double(n), 1.4 * double(due.cold) + 1);
    before = due;
  }
}

TEST(FitScheduleTest, TheUsedFitLeavesTimeToMakeTheNextOne) {
  EXPECT_EQ(used_fit(2, 2), (FitPoint{2, 2}));
  for (std::size_t n = 2; n < 2000; ++n) {
    const FitPoint used = used_fit(2, n), due = due_fit(2, n);
    EXPECT_TRUE(used == due || next_fit(used) == due);
    if (n > 100) {
      EXPECT_NE(used, due);
    }
  }
}

}  // namespace
}  // namespace frugal::optimizer
