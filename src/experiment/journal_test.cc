#include "experiment/journal.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "experiment/scheduler.h"
#include "experiment/test_experiment.h"

namespace frugal::experiment {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// The test is the disk: it refuses, or waits, when told to.
class TroubledStore : public Store {
 public:
  explicit TroubledStore(Store& real) : real_(real) {}
  std::atomic<bool> refuses = false, is_unreadable = false;
  std::atomic<int> transactions = 0;
  std::mutex hold;  // locked: a transaction waits before it begins

  void transact(const std::function<void()>& changes) override {
    const std::lock_guard lock(hold);
    ++transactions;
    real_.transact([&] {
      changes();
      if (refuses) throw SystemError("no space left on device");
    });
  }
  Id add(const Experiment& row) override { return real_.add(row); }
  void update(const Experiment& row) override { real_.update(row); }
  std::vector<Experiment> experiments() override { return real_.experiments(); }
  Id add(const Trial& row) override { return real_.add(row); }
  void update(const Trial& row) override { real_.update(row); }
  std::vector<Trial> trials(Id experiment) override { return real_.trials(experiment); }
  std::vector<Trial> trials(const RowQuery& query) override { return real_.trials(query); }
  std::size_t count_trials(const RowQuery& query) override { return real_.count_trials(query); }
  std::optional<Trial> trial(Id id) override { return real_.trial(id); }
  Id add(const Observation& row) override { return real_.add(row); }
  void update(const Observation& row) override { real_.update(row); }
  std::vector<Observation> observations(Id experiment) override {
    return real_.observations(experiment);
  }
  std::vector<Observation> observations(const RowQuery& query) override {
    return real_.observations(query);
  }
  std::size_t count_observations(const RowQuery& query) override {
    return real_.count_observations(query);
  }
  void each_observation(const RowQuery& query,
                        const std::function<void(const Observation&)>& visit) override {
    real_.each_observation(query, visit);
  }
  Id add(const Record& row) override { return real_.add(row); }
  void update(const Record& row) override { real_.update(row); }
  void remove_records(const RecordQuery& query) override { real_.remove_records(query); }
  std::vector<Record> records(const RecordQuery& query) override { return real_.records(query); }
  std::size_t count_records(const RecordQuery& query) override {
    return real_.count_records(query);
  }
  LastIds last_ids() override {
    if (is_unreadable) throw SystemError("no connection");
    return real_.last_ids();
  }
  void set_value(const std::string& key, const std::string& value) override {
    real_.set_value(key, value);
  }
  std::optional<std::string> value(const std::string& key) override { return real_.value(key); }

 private:
  Store& real_;
};

class JournalTest : public testing::Test {
 protected:
  static Journal::Change setting(const std::string& key, const std::string& value) {
    return [=](Store& store) { store.set_value(key, value); };
  }

  TemporaryFolder folder_;
  ManualClock clock_{1e9};
  std::unique_ptr<Store> real_ = open_sqlite_store((folder_.path() / "store.db").string());
  TroubledStore store_{*real_};
};

TEST_F(JournalTest, HasOnDiskWhatItWaitedFor) {
  Journal journal(store_, [] { return true; });
  journal.wait(journal.write(setting("a", "1")));
  EXPECT_EQ(real_->value("a"), "1");
}

TEST_F(JournalTest, WritesWhatCameMeanwhileInOneTransaction) {
  Journal journal(store_, [] { return true; });
  Journal::Ticket last = 0;
  {
    const std::lock_guard disk(store_.hold);  // the first transaction, of one change or more
    for (int i = 0; i < 100; ++i) last = journal.write(setting("i", std::to_string(i)));
  }
  journal.wait(last);
  EXPECT_EQ(real_->value("i"), "99") << "in the order of writing";
  EXPECT_LE(store_.transactions, 2);
  EXPECT_EQ(journal.count().changes, 100u);
}

TEST_F(JournalTest, SaysToEachWriterThatTheDiskRefused) {
  Journal* self = nullptr;
  Journal journal(store_, [&] {
    self->discard();
    return true;
  });
  self = &journal;
  store_.refuses = true;
  Journal::Ticket first = 0, second = 0;
  {
    const std::lock_guard disk(store_.hold);
    first = journal.write(setting("a", "1"));
    second = journal.write(setting("b", "1"));
  }
  const auto refused = ThrowsMessage<SystemError>(HasSubstr("no space left"));
  EXPECT_THAT([&] { journal.wait(first); }, refused);
  EXPECT_THAT([&] { journal.wait(second); }, refused);
  store_.refuses = false;
  journal.wait(journal.write(setting("c", "1")));
  EXPECT_EQ(real_->value("a"), std::nullopt);
  EXPECT_EQ(real_->value("c"), "1");
}

TEST_F(JournalTest, WritesWhatIsLeftAtItsEnd) {
  {
    Journal journal(store_, [] { return true; });
    for (int i = 0; i < 10; ++i) journal.write(setting("i", std::to_string(i)));
  }
  EXPECT_EQ(real_->value("i"), "9");
}

TEST_F(JournalTest, ASchedulerForgetsWhatTheDiskRefused) {
  Scheduler scheduler(store_, clock_);
  const Id experiment = scheduler.create(test_experiment()).id;
  const Trial kept = scheduler.suggest(experiment);
  store_.refuses = true;
  EXPECT_THROW(scheduler.suggest(experiment), SystemError);
  EXPECT_THROW(scheduler.create(test_experiment()), SystemError);
  Observation observation;
  observation.value = 1;
  EXPECT_THROW(scheduler.record(experiment, kept.id, observation), SystemError);
  EXPECT_EQ(scheduler.progress(experiment).observation_count, 0u);
  EXPECT_EQ(scheduler.open_trials(experiment), 1u);
  EXPECT_EQ(scheduler.experiments().size(), 1u);
  store_.refuses = false;
  scheduler.record(experiment, kept.id, observation);
  EXPECT_EQ(scheduler.progress(experiment).observation_count, 1u);
  const Id another = scheduler.create(test_experiment()).id;
  EXPECT_NE(another, experiment);
  EXPECT_EQ(scheduler.lease(another, "w")->fence, 1);
  EXPECT_EQ(scheduler.observations(experiment).size(), 1u);
}

TEST_F(JournalTest, ASchedulerAcceptsNothingUntilItKnowsTheStoreAgain) {
  Scheduler scheduler(store_, clock_);
  const Id experiment = scheduler.create(test_experiment()).id;
  const Trial trial = *scheduler.lease(experiment, "w");
  const Report report{.value = 1};
  store_.refuses = store_.is_unreadable = true;
  EXPECT_THROW(scheduler.observe(trial.id, trial.fence, report), SystemError);
  store_.refuses = false;
  EXPECT_THROW(scheduler.observe(trial.id, trial.fence, report), SystemError)
      << "in memory it is observed; on the disk it is not";
  store_.is_unreadable = false;
  for (bool accepted = false; !accepted;) {
    try {
      scheduler.observe(trial.id, trial.fence, report);
      accepted = true;
    } catch (const SystemError&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  EXPECT_EQ(real_->observations(experiment).size(), 1u);
  EXPECT_EQ(real_->trial(trial.id)->state, TrialState::kDone);
}

}  // namespace
}  // namespace frugal::experiment
