#include "cli/ledger.h"

#include <gtest/gtest.h>

#include "experiment/test_experiment.h"

namespace frugal::cli {
namespace {

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() { reopen(); }

  void reopen() {
    ledger_.reset();
    scheduler_.reset();
    store_.reset();
    store_ = experiment::open_sqlite_store(folder_.path() / "store.db");
    scheduler_ = std::make_unique<experiment::Scheduler>(*store_, clock_);
    ledger_ = std::make_unique<Ledger>(*scheduler_, clock_);
  }

  double seconds(const std::string& name) const {
    for (const Ledger::Line& line : ledger_->lines())
      if (line.name == name) return line.seconds;
    return -1;
  }
  double sum() const {
    double all = 0;
    for (const Ledger::Line& line : ledger_->lines()) all += line.seconds;
    return all;
  }

  experiment::TemporaryFolder folder_;
  ManualClock clock_{1e6};
  std::unique_ptr<experiment::Store> store_;
  std::unique_ptr<experiment::Scheduler> scheduler_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerTest, AddsUpTheStagesByName) {
  for (int time = 0; time < 2; ++time) {
    const Ledger::Stage stage(*ledger_, "a");
    clock_.advance(3);
  }
  {
    const Ledger::Stage stage(*ledger_, "b");
    clock_.advance(1);
    EXPECT_EQ(seconds("b"), 1);  // so far
    clock_.advance(1);
  }
  EXPECT_EQ(seconds("a"), 6);
  EXPECT_EQ(seconds("b"), 2);
  EXPECT_EQ(sum(), 8);
}

TEST_F(LedgerTest, GivesAStageBesideWorkersTheirIdleShareAndTakesItFromTheirWaiting) {
  const auto id = scheduler_->create(experiment::test_experiment()).id;
  scheduler_->workers_begin(2, 0);
  scheduler_->meet("a");
  scheduler_->meet("b");
  const auto trial = scheduler_->lease(id, "a").value();
  clock_.advance(2);  // b waits
  {
    const Ledger::Stage stage(*ledger_, "decoding");
    clock_.advance(10);  // b waits, a works
  }
  scheduler_->observe(trial.id, trial.fence, {.value = 1, .cost = {.wall_seconds = 12}});
  clock_.advance(4);  // both wait
  scheduler_->workers_ended();
  EXPECT_DOUBLE_EQ(seconds("decoding"), 5);
  EXPECT_DOUBLE_EQ(seconds("workers waiting for work"), 1 + 4);
  EXPECT_DOUBLE_EQ(sum() + scheduler_->trial(trial.id).cost.machine_seconds, 16);
}

TEST_F(LedgerTest, GoesOnAfterAKillWhereItWasSaved) {
  {
    const Ledger::Stage stage(*ledger_, "a");
    clock_.advance(3);
  }
  scheduler_->workers_begin(1, 0);
  scheduler_->meet("w");
  clock_.advance(5);
  ledger_->save();
  clock_.advance(100);
  reopen();
  EXPECT_EQ(seconds("a"), 3);
  EXPECT_EQ(seconds("workers waiting for work"), 5);
  const Ledger::Stage stage(*ledger_, "a");
  clock_.advance(1);
  EXPECT_EQ(seconds("a"), 4);
  EXPECT_EQ(sum(), 9);
}

}  // namespace
}  // namespace frugal::cli
