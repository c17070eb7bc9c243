#include "experiment/worker_time.h"

#include <gtest/gtest.h>

namespace frugal::experiment {
namespace {

double sum(const WorkerTime::Totals& totals) {
  return totals.starting + totals.waiting + totals.lost;
}

// Two workers for a hundred seconds, every second of which is told on one side or the other.
TEST(WorkerTime, WithTheTrialsItIsTheWholeClock) {
  WorkerTime time;
  time.open(2, 1000);
  time.met("a", 1003);
  time.leased("a", 1004);
  time.heard("a", {1, 1}, 1, 1010);  // a heartbeat: 6 s of trial 1
  time.heard("a", {1, 1}, 1, 1024);  // its end: 20 s
  time.ended("a", 1024);
  time.met("b", 1005);
  time.leased("b", 1005);
  time.heard("b", {2, 1}, 0, 1015);  // 10 s of trial 2, and then nobody hears of it again
  time.met("b", 1040);               // its next process
  time.ended("b", 1040);
  time.leased("b", 1045);
  time.heard("b", {2, 2}, 5, 1095);  // 50 s of trial 2
  time.ended("b", 1095);
  const double trials = (20 + 10 + 50) / 2.0;
  const auto totals = time.totals(1100);
  EXPECT_DOUBLE_EQ(totals.starting, (3 + 5) / 2.0);
  EXPECT_DOUBLE_EQ(totals.lost, 25 / 2.0);
  EXPECT_DOUBLE_EQ(totals.waiting, (1 + 76 + 5 + 5) / 2.0);
  EXPECT_DOUBLE_EQ(trials + sum(totals), 100);
  time.close(1100);
  EXPECT_DOUBLE_EQ(sum(time.totals(2000)), sum(totals));
}

TEST(WorkerTime, CountsAWorkerThatNeverCameAsStarting) {
  WorkerTime time;
  time.open(4, 0);
  time.met("a", 10);
  EXPECT_DOUBLE_EQ(time.totals(20).starting, (10 + 3 * 20) / 4.0);
  EXPECT_DOUBLE_EQ(sum(time.totals(20)), 20);
}

TEST(WorkerTime, CallsWhatARunningTrialHasNotReportedLostShouldItEndHere) {
  WorkerTime time;
  time.open(1, 0);
  time.met("a", 0);
  time.leased("a", 0);
  time.heard("a", {1, 1}, 0, 5);
  EXPECT_DOUBLE_EQ(time.totals(7).lost, 2);
  time.heard("a", {1, 1}, 0, 8);
  EXPECT_DOUBLE_EQ(time.totals(8).lost, 0);
}

TEST(WorkerTime, IsIdleWhereNoTrialIsOut) {
  WorkerTime time;
  time.open(2, 0);
  time.met("a", 0);
  time.met("b", 0);
  time.leased("a", 2);
  EXPECT_DOUBLE_EQ(time.idle_seconds(4), 2 + 2 / 2.0);
  time.leased("b", 4);
  time.ended("a", 6);
  EXPECT_DOUBLE_EQ(time.idle_seconds(10), 2 + 2 / 2.0 + 4 / 2.0);
}

TEST(WorkerTime, GoesOnWhenWorkersBeginAgainInAnotherNumber) {
  WorkerTime time;
  time.open(1, 0);
  time.met("a", 4);
  time.close(10);
  time.open(2, 20);
  EXPECT_DOUBLE_EQ(sum(time.totals(25)), 10 + 5);
  EXPECT_DOUBLE_EQ(time.share(), 0.5);
}

TEST(WorkerTime, KnowsNothingOfWorkersThatNobodyStarted) {
  WorkerTime time;
  time.met("a", 3);
  time.leased("a", 4);
  time.heard("a", {1, 1}, 2, 5);
  time.ended("a", 5);
  EXPECT_EQ(sum(time.totals(9)), 0);
  EXPECT_EQ(time.idle_seconds(9), 0);
}

}  // namespace
}  // namespace frugal::experiment
