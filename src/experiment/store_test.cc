// The conformance suite of stores, over every implementation; and what a file may do to SQLite's.
#include "experiment/store.h"

#include <gmock/gmock.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "experiment/test_experiment.h"
#include "experiment/test_postgresql.h"

namespace frugal::experiment {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

struct Implementation {
  const char* name;
  // The same store for the same folder.
  std::function<std::unique_ptr<Store>(const std::filesystem::path& folder)> open;
  // Why it cannot be tried here; "": it can.
  std::function<std::string()> obstacle = [] { return ""; };
};

void PrintTo(const Implementation& implementation, std::ostream* out) {
  *out << implementation.name;
}

Trial full_trial(Id experiment) {
  return {.experiment = experiment,
          .suggestion = {{{"x", 1.0 / 3}, {"n", std::int64_t{7}}, {"c", std::string("b")}}, 1},
          .purpose = "queued",
          .metadata = {{"role", "rerun"}, {"seed", 7}, {"text", "'; DROP TABLE trials; -- ü"}},
          .state = TrialState::kRunning,
          .fence = 3,
          .worker = "local-1",
          .lease_expires = 1e9 + 0.123456789,
          .attempts = 2,
          .cost = {0.1 + 0.2, 1e-300, 0.7, 12345678901, 0, 0.3, 1e-5},
          .attempt_cost = {5, 6, 7, 8},
          .checkpoint = "a/b",
          .reason = "",
          .progress = {{"epoch", 2}},
          .created = 1,
          .started = 2,
          .ended = 0};
}

class StoreConformance : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    if (const std::string obstacle = GetParam().obstacle(); !obstacle.empty())
      GTEST_SKIP() << obstacle;
    store_ = GetParam().open(folder_.path());
  }
  void reopen() {
    store_.reset();
    store_ = GetParam().open(folder_.path());
  }
  Id add(const Experiment& experiment) {
    Id id = 0;
    store_->transact([&] { id = store_->add(experiment); });
    return id;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreConformance, StartsEmpty) {
  EXPECT_TRUE(store_->experiments().empty());
}

TEST_P(StoreConformance, KeepsEveryFieldOfAnExperiment) {
  Experiment experiment = test_experiment();
  experiment.budget = 12.5;
  experiment.parallel_bandwidth = 4;
  experiment.seed = 0xFFFF'FFFF'FFFF'FFFF;
  experiment.metadata = {{"nested", {{"a", 1}}}};
  experiment.created = 1.7e9 + 0.25;
  const Id id = add(experiment);
  reopen();
  const Experiment kept = store_->experiments().at(0);
  EXPECT_EQ(kept.id, id);
  EXPECT_EQ(kept.space, experiment.space);
  EXPECT_EQ(kept.tasks, experiment.tasks);
  EXPECT_EQ(kept.seed, experiment.seed);
  EXPECT_EQ(kept.budget, experiment.budget);
  EXPECT_EQ(kept.parallel_bandwidth, experiment.parallel_bandwidth);
  EXPECT_EQ(kept.metadata, experiment.metadata);
  EXPECT_EQ(kept.maximize, experiment.maximize);
  EXPECT_EQ(kept.suggester, experiment.suggester);
  EXPECT_EQ(kept.created, experiment.created);
}

TEST_P(StoreConformance, KeepsEveryFieldOfATrialToTheLastBit) {
  const Id experiment = add(test_experiment());
  const Trial trial = full_trial(experiment);
  store_->transact([&] { store_->add(trial); });
  reopen();
  const Trial kept = store_->trials(experiment).at(0);
  EXPECT_EQ(kept.suggestion, trial.suggestion);
  EXPECT_EQ(kept.purpose, trial.purpose);
  EXPECT_EQ(kept.metadata, trial.metadata);
  EXPECT_EQ(kept.state, trial.state);
  EXPECT_EQ(kept.fence, trial.fence);
  EXPECT_EQ(kept.worker, trial.worker);
  EXPECT_EQ(kept.lease_expires, trial.lease_expires);
  EXPECT_EQ(kept.attempts, trial.attempts);
  EXPECT_EQ(kept.cost.wall_seconds, trial.cost.wall_seconds);
  EXPECT_EQ(kept.cost.cpu_seconds, trial.cost.cpu_seconds);
  EXPECT_EQ(kept.cost.device_seconds, trial.cost.device_seconds);
  EXPECT_EQ(kept.cost.peak_memory_bytes, trial.cost.peak_memory_bytes);
  EXPECT_EQ(kept.cost.machine_seconds, trial.cost.machine_seconds);
  EXPECT_EQ(kept.cost.dollars, trial.cost.dollars);
  EXPECT_EQ(kept.attempt_cost.wall_seconds, trial.attempt_cost.wall_seconds);
  EXPECT_EQ(kept.attempt_cost.cpu_seconds, trial.attempt_cost.cpu_seconds);
  EXPECT_EQ(kept.attempt_cost.device_seconds, trial.attempt_cost.device_seconds);
  EXPECT_EQ(kept.attempt_cost.peak_memory_bytes, trial.attempt_cost.peak_memory_bytes);
  EXPECT_EQ(kept.checkpoint, trial.checkpoint);
  EXPECT_EQ(kept.progress, trial.progress);
  EXPECT_EQ(kept.created, trial.created);
  EXPECT_EQ(kept.started, trial.started);
}

TEST_P(StoreConformance, UpdatesATrialAndNoOther) {
  const Id experiment = add(test_experiment());
  Trial trial = full_trial(experiment);
  store_->transact([&] {
    trial.id = store_->add(trial);
    store_->add(full_trial(experiment));
  });
  trial.state = TrialState::kFailed;
  trial.reason = "the loss is not a number";
  store_->transact([&] { store_->update(trial); });
  const auto kept = store_->trials(experiment);
  EXPECT_EQ(kept.at(0).state, TrialState::kFailed);
  EXPECT_EQ(kept.at(0).reason, trial.reason);
  EXPECT_EQ(kept.at(1).state, TrialState::kRunning);
}

TEST_P(StoreConformance, TellsAFailedObservationFromAValueOfZero) {
  const Id experiment = add(test_experiment());
  const Observation zero{.experiment = experiment,
                         .trial = 1,
                         .point = full_trial(experiment).suggestion,
                         .value = 0.0,
                         .value_stddev = 0.0};
  Observation failed = zero;
  failed.value = failed.value_stddev = std::nullopt;
  failed.metadata = {{"why", "no reason"}};
  store_->transact([&] {
    store_->add(zero);
    store_->add(failed);
  });
  reopen();
  const auto kept = store_->observations(experiment);
  EXPECT_EQ(kept.at(0).value, 0.0);
  EXPECT_EQ(kept.at(0).value_stddev, 0.0);
  EXPECT_EQ(kept.at(1).value, std::nullopt);
  EXPECT_EQ(kept.at(1).value_stddev, std::nullopt);
  EXPECT_EQ(kept.at(1).metadata, failed.metadata);
}

TEST_P(StoreConformance, KeepsExperimentsApart) {
  const Id first = add(test_experiment()), second = add(test_experiment());
  EXPECT_NE(first, second);
  store_->transact([&] { store_->add(full_trial(second)); });
  EXPECT_TRUE(store_->trials(first).empty());
  EXPECT_EQ(store_->trials(second).size(), 1u);
}

TEST_P(StoreConformance, TakesBackAllOfATransactionThatThrows) {
  const Id experiment = add(test_experiment());
  EXPECT_THROW(store_->transact([&] {
    store_->add(full_trial(experiment));
    store_->set_value("spent_seconds", "3");
    throw InputError("no");
  }),
               InputError);
  EXPECT_TRUE(store_->trials(experiment).empty());
  EXPECT_EQ(store_->value("spent_seconds"), std::nullopt);
  store_->transact([&] { store_->add(full_trial(experiment)); });
  EXPECT_EQ(store_->trials(experiment).size(), 1u);
}

TEST_P(StoreConformance, KeepsNamedValues) {
  EXPECT_EQ(store_->value("spent_seconds"), std::nullopt);
  store_->transact([&] { store_->set_value("spent_seconds", "1"); });
  store_->transact([&] { store_->set_value("spent_seconds", "2"); });
  reopen();
  EXPECT_EQ(store_->value("spent_seconds"), "2");
}

// The parent hears of a transaction only after it was committed, and kills at some moment later.
TEST_P(StoreConformance, LosesNothingThatWasCommittedBeforeAKill) {
  const Id experiment = add(test_experiment());
  store_.reset();
  for (const int heard_before_kill : {1, 5, 20}) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const std::size_t before = GetParam().open(folder_.path())->trials(experiment).size();
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = GetParam().open(folder_.path());
      for (;;) {
        store->transact([&] {  // the two belong together
          const Id trial = store->add(full_trial(experiment));
          store->add(Observation{.experiment = experiment,
                                 .trial = trial,
                                 .point = full_trial(experiment).suggestion,
                                 .value = 1});
        });
        if (::write(pipe[1], "+", 1) != 1) ::_exit(1);
      }
    }
    ::close(pipe[1]);
    char byte = 0;
    for (int i = 0; i < heard_before_kill; ++i) ASSERT_EQ(::read(pipe[0], &byte, 1), 1);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    std::size_t committed = static_cast<std::size_t>(heard_before_kill);
    while (::read(pipe[0], &byte, 1) == 1) ++committed;
    ::close(pipe[0]);

    const auto store = GetParam().open(folder_.path());
    const std::size_t kept = store->trials(experiment).size();
    EXPECT_GE(kept, before + committed);
    EXPECT_LE(kept, before + committed + 1) << "at most one that we had not heard of yet";
    EXPECT_EQ(store->observations(experiment).size(), kept);
  }
}

TEST_P(StoreConformance, GivesRowsByPageFilterAndOrder) {
  Experiment experiment = test_experiment();
  experiment.more_metrics = {{.name = "size", .strategy = Strategy::kStore}};
  const Id id = add(experiment);
  store_->transact([&] {
    for (const double x : {.3, .1, .2}) {
      Observation row{.experiment = id, .point = full_trial(id).suggestion, .value = x};
      row.point.assignments["x"] = 1 - x;
      row.more_values = {{"size", 10 * x, std::nullopt}};
      row.deleted = x == .2;
      store_->add(row);
    }
    for (const TrialState state : {TrialState::kOpen, TrialState::kDone, TrialState::kRunning}) {
      Trial trial = full_trial(id);
      trial.state = state;
      trial.started = 0;
      store_->add(trial);
    }
  });
  const auto values = [&](RowQuery query) {
    query.experiment = id;
    std::vector<double> all;
    for (const auto& row : store_->observations(query)) all.push_back(*row.value);
    return all;
  };
  using testing::ElementsAre;
  EXPECT_THAT(values({}), ElementsAre(.3, .1));
  EXPECT_THAT(values({.ascending = false}), ElementsAre(.1, .3));
  EXPECT_THAT(values({.deleted = true}), ElementsAre(.2));
  EXPECT_THAT(values({.deleted = std::nullopt, .sort = "value"}), ElementsAre(.1, .2, .3));
  EXPECT_THAT(values({.sort = "parameter", .sort_name = "x"}), ElementsAre(.3, .1));
  EXPECT_THAT(values({.ascending = false, .sort = "metric", .sort_name = "size"}),
              ElementsAre(.3, .1));
  EXPECT_THAT(values({.limit = 1, .offset = 1}), ElementsAre(.1));
  EXPECT_THAT(values({.after = 1, .deleted = std::nullopt}), ElementsAre(.1, .2));
  EXPECT_EQ(store_->count_observations({.experiment = id}), 2u);
  EXPECT_EQ(store_->count_trials({.experiment = id, .waiting = true}), 1u);
  EXPECT_EQ(store_->count_trials({.experiment = id, .ended = true}), 1u);
  EXPECT_EQ(store_->trials(RowQuery{.experiment = id, .ended = false}).size(), 2u);
  EXPECT_EQ(store_->observations(RowQuery{.experiment = id, .only = 1})[0].more_values[0].value, 3);
}

TEST_P(StoreConformance, KeepsRecordsAndFindsThem) {
  const Record first{.kind = "run",
                     .owner = "cars",
                     .name = "a",
                     .state = "active",
                     .experiment = 3,
                     .expires = 50,
                     .body = {{"x", {1, 2}}},
                     .created = 7};
  Record other = first;
  other.owner = "boats'; DROP TABLE records; --";
  other.expires = 0;
  store_->transact([&] {
    EXPECT_EQ(store_->add(first), 1);
    EXPECT_EQ(store_->add(other), 2);
  });
  reopen();
  const auto found = store_->records({.kind = "run", .owner = "cars"});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].body, first.body);
  EXPECT_EQ(found[0].experiment, 3);
  EXPECT_EQ(found[0].expires, 50);
  EXPECT_EQ(store_->records({.kind = "run", .owner = other.owner})[0].id, 2);
  EXPECT_EQ(store_->records({.kind = "token"}).size(), 0u);
  EXPECT_EQ(store_->records({.kind = "run", .expired_before = 51})[0].id, 1);
  EXPECT_EQ(store_->records({.kind = "run", .expired_before = 50}).size(), 0u);
  EXPECT_EQ(store_->count_records({.kind = "run", .state = "active", .experiment = 3}), 2u);
  Record ended = found[0];
  ended.state = "completed";
  store_->transact([&] {
    store_->update(ended);
    store_->remove_records({.kind = "run", .only = 2});
  });
  EXPECT_EQ(store_->records({.kind = "run"}).size(), 1u);
  EXPECT_EQ(store_->records({.kind = "run"})[0].state, "completed");
  EXPECT_EQ(store_->last_ids().record, 1);
}

// As when a parameter was added and a category taken away.
TEST_P(StoreConformance, ReadsRowsThatTheirSpaceWouldRefuseToday) {
  Experiment experiment = test_experiment();
  experiment.id = add(experiment);
  store_->transact([&] { store_->add(full_trial(experiment.id)); });
  auto parameters = experiment.space.parameters();
  parameters[2].categories = {"a"};
  parameters.push_back({.name = "new", .min = 0, .max = 1});
  experiment.space = optimizer::Space(parameters);
  store_->transact([&] { store_->update(experiment); });
  EXPECT_EQ(store_->trials(experiment.id).at(0).suggestion, full_trial(1).suggestion);
  reopen();
  EXPECT_EQ(store_->trials(experiment.id).at(0).suggestion, full_trial(1).suggestion);
}

TEST_P(StoreConformance, SortsNumbersAsNumbersBeforeTextsAndWhatIsMissingFirst) {
  using optimizer::Parameter;
  using optimizer::ParameterType;
  Experiment experiment = test_experiment();
  experiment.space = optimizer::Space(
      {Parameter{.name = "it's", .type = ParameterType::kInt, .min = 0, .max = 1000},
       Parameter{.name = "c", .type = ParameterType::kCategorical, .categories = {"B", "a", "ä"}}});
  const Id id = add(experiment);
  const std::vector<optimizer::Assignments> rows = {
      {{"it's", std::int64_t{100}}, {"c", std::string("a")}},
      {{"it's", std::int64_t{9}}, {"c", std::string("ä")}},
      {{"c", std::string("B")}},
      {{"it's", std::int64_t{20}}}};
  store_->transact([&] {
    Observation row{.experiment = id, .point = full_trial(id).suggestion, .value = 1};
    for (const auto& assignments : rows) {
      row.point.assignments = assignments;
      store_->add(row);
    }
  });
  const auto ids = [&](const std::string& name, bool ascending) {
    std::vector<Id> all;
    for (const auto& row : store_->observations(
             {.experiment = id, .ascending = ascending, .sort = "parameter", .sort_name = name}))
      all.push_back(row.id);
    return all;
  };
  using testing::ElementsAre;
  EXPECT_THAT(ids("it's", true), ElementsAre(3, 2, 4, 1));
  EXPECT_THAT(ids("it's", false), ElementsAre(1, 4, 2, 3));
  EXPECT_THAT(ids("c", true), ElementsAre(4, 3, 1, 2)) << "by their bytes";
}

TEST_P(StoreConformance, RefusesASecondCoordinatorUntilTheFirstIsGone) {
  EXPECT_THAT([&] { GetParam().open(folder_.path()); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("is in use by another"),
                                              HasSubstr("process " + std::to_string(::getpid())))));
  store_->transact([&] { store_->add(test_experiment()); });
  store_.reset();
  EXPECT_EQ(GetParam().open(folder_.path())->experiments().size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    Stores, StoreConformance,
    testing::Values(Implementation{"sqlite",
                                   [](const std::filesystem::path& folder) {
                                     return open_sqlite_store((folder / "store.db").string());
                                   }},
                    Implementation{"postgresql",
                                   [](const std::filesystem::path& folder) {
                                     return open_store(postgresql_schema(folder.filename()));
                                   },
                                   [] { return ThrowawayPostgresql::get().obstacle(); }}),
    [](const auto& instance) { return std::string(instance.param.name); });

class SqliteStoreFile : public testing::Test {
 protected:
  std::string file() const { return (folder_.path() / "store.db").string(); }
  TemporaryFolder folder_;
};

TEST_F(SqliteStoreFile, IsFreeAgainAfterItsWriterWasKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = open_sqlite_store(file());
    ::raise(SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_NO_THROW(open_sqlite_store(file()));
}

TEST_F(SqliteStoreFile, OfANewerVersionIsRefusedAndLeftAsItWas) {
  open_sqlite_store(file()).reset();
  {
    soci::session sql(soci::sqlite3, "db=" + file());
    sql << "UPDATE frugal SET value = '999' WHERE key = 'schema_version'";
  }
  const std::string before = read_file(file());
  EXPECT_THAT([&] { open_sqlite_store(file()); },
              ThrowsMessage<InputError>(AllOf(HasSubstr(file()), HasSubstr("999"))));
  EXPECT_EQ(read_file(file()), before);
}

// As the program of that version left it: the dumps store_v1.sql, ....
class SqliteStoreOfVersion : public SqliteStoreFile, public testing::WithParamInterface<int> {};

TEST_P(SqliteStoreOfVersion, IsReadWholeAndGoesOn) {
  const int version = GetParam();
  {
    soci::session sql(soci::sqlite3, "db=" + file());
    std::istringstream statements(
        read_file(FRUGAL_EXPERIMENT_FOLDER "/store_v" + std::to_string(version) + ".sql"));
    for (std::string statement; std::getline(statements, statement);) sql << statement;
  }
  for (int time = 0; time < 2; ++time) {  // migrated, and opened again
    const auto store = open_sqlite_store(file());
    EXPECT_EQ(store->value("schema_version"), "3");
    const Experiment experiment = store->experiments().at(0);
    EXPECT_EQ(experiment.name, "old");
    EXPECT_EQ(experiment.budget, 10);
    EXPECT_EQ(experiment.seed, 7u);
    EXPECT_EQ(experiment.tasks.size(), 2u);
    EXPECT_EQ(store->value("spent_seconds"), "12.5");
    const auto trials = store->trials(experiment.id);
    ASSERT_EQ(trials.size(), 3u);
    EXPECT_EQ(trials[0].cost.wall_seconds, 3.5);
    EXPECT_EQ(trials[0].cost.dollars, version < 2 ? 0 : .25);
    EXPECT_EQ(trials[1].attempt_cost.device_seconds, version < 2 ? 0 : 8);
    EXPECT_EQ(trials[1].state, TrialState::kRunning);
    EXPECT_EQ(trials[1].checkpoint, "ckpt/2");
    EXPECT_EQ(std::get<std::int64_t>(trials[1].suggestion.assignments.at("n")), 4);
    EXPECT_EQ(trials[2].reason, "no memory");
    EXPECT_EQ(trials[2].deleted, version >= 3);
    const auto observations = store->observations(experiment.id);
    ASSERT_EQ(observations.size(), 3u);
    EXPECT_TRUE(observations[0].on_the_way);
    EXPECT_FALSE(observations[1].on_the_way);
    EXPECT_EQ(observations[1].value, .625);
    EXPECT_EQ(observations[1].value_stddev, .01);
    EXPECT_EQ(observations[2].value, std::nullopt);
    EXPECT_EQ(observations[1].more_values.size(), version < 3 ? 0u : 1u);
    EXPECT_EQ(store->records({.kind = "run"}).size(), version < 3 ? 0u : 1u);
    store->transact([&] { store->update(trials[0]); });
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, SqliteStoreOfVersion, testing::Values(1, 2, 3));

TEST_F(SqliteStoreFile, OfAnotherProgramIsRefusedAndLeftAsItWas) {
  {
    soci::session sql(soci::sqlite3, "db=" + file());
    sql << "CREATE TABLE bookmarks (url TEXT)";
  }
  const std::string before = read_file(file());
  EXPECT_THAT([&] { open_sqlite_store(file()); }, ThrowsMessage<InputError>(HasSubstr(file())));
  EXPECT_EQ(read_file(file()), before);
}

TEST_F(SqliteStoreFile, ThatIsNoDatabaseIsRefusedAndLeftAsItWas) {
  const std::string text(5000, 'x');
  write_file(file(), text);
  EXPECT_THAT([&] { open_sqlite_store(file()); }, ThrowsMessage<Error>(HasSubstr(file())));
  EXPECT_EQ(read_file(file()), text);
}

TEST_F(SqliteStoreFile, ThatIsCutShortIsRefused) {
  {
    const auto store = open_sqlite_store(file());
    Id experiment = 0;
    store->transact([&] { experiment = store->add(test_experiment()); });
    for (int i = 0; i < 100; ++i) store->transact([&] { store->add(full_trial(experiment)); });
  }
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) / 2);
  EXPECT_THAT(
      [&] {
        const auto store = open_sqlite_store(file());
        store->trials(1);
      },
      ThrowsMessage<Error>(HasSubstr(file())));
}

TEST_F(SqliteStoreFile, InAFolderThatIsMissingIsASystemError) {
  EXPECT_THAT([] { open_sqlite_store("/no/such/folder/store.db"); },
              ThrowsMessage<SystemError>(HasSubstr("/no/such/folder")));
}

}  // namespace
}  // namespace frugal::experiment
