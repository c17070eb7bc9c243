#include "cli/meter.h"

#include <gtest/gtest.h>

#include "experiment/test_experiment.h"

namespace frugal::cli {
namespace {

TEST(MeterTest, StandsWhileNothingOfTheExperimentIsAtWorkAndIsWrittenDown) {
  const experiment::TemporaryFolder folder;
  ManualClock clock(1e9);
  const auto store = experiment::open_sqlite_store(folder.path() / "store.db");
  experiment::Scheduler scheduler(*store, clock);
  {
    Meter meter(scheduler, clock);
    clock.advance(10);
    meter.stand();
    clock.advance(1000);
    EXPECT_EQ(meter.spent_seconds(), 10);
    EXPECT_EQ(meter.began_at(), clock.now_seconds() - 10);
    meter.go_on();
    meter.go_on();
    clock.advance(5);
    EXPECT_EQ(meter.spent_seconds(), 15);
    EXPECT_TRUE(meter.save());
  }
  EXPECT_EQ(Meter(scheduler, clock).spent_seconds(), 15);
}

}  // namespace
}  // namespace frugal::cli
