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

namespace frugal::experiment {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<Store>(const std::filesystem::path& folder)> open;
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
  std::unique_ptr<Store> store_ = GetParam().open(folder_.path());
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
  EXPECT_THROW(values({.sort = "parameter", .sort_name = "\""}), InputError);
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

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance,
                         testing::Values(Implementation{"sqlite",
                                                        [](const std::filesystem::path& folder) {
                                                          return open_sqlite_store(
                                                              (folder / "store.db").string());
                                                        }}),
                         [](const auto& instance) { return std::string(instance.param.name); });

class SqliteStoreFile : public testing::Test {
 protected:
  std::string file() const { return (folder_.path() / "store.db").string(); }
  TemporaryFolder folder_;
};

TEST_F(SqliteStoreFile, HasOneWriterAtATimeAndNamesIt) {
  const auto store = open_sqlite_store(file());
  EXPECT_THAT([&] { open_sqlite_store(file()); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr(file()), HasSubstr("process " + std::to_string(::getpid())))));
}

TEST_F(SqliteStoreFile, IsFreeAgainAfterItsWriterWasKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = open_sqlite_store(file());
    ::raise(SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_NO_THROW(open_sqlite_store(file()));
}

// As the program of schema 1 left it.
constexpr const char* kSchemaOne[] = {
    "CREATE TABLE frugal (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "INSERT INTO frugal VALUES ('schema_version', '1')",
    "INSERT INTO frugal VALUES ('spent_seconds', '12.500')",
    "CREATE TABLE experiments (id INTEGER PRIMARY KEY, body TEXT NOT NULL, created DOUBLE "
    "PRECISION "
    "NOT NULL)",
    "CREATE TABLE trials (id INTEGER PRIMARY KEY, experiment INTEGER NOT NULL REFERENCES "
    "experiments(id), assignments TEXT NOT NULL, task INTEGER NOT NULL, purpose TEXT NOT NULL, "
    "metadata TEXT NOT NULL, state TEXT NOT NULL, fence INTEGER NOT NULL, worker TEXT NOT NULL, "
    "lease_expires DOUBLE PRECISION NOT NULL, attempts INTEGER NOT NULL, wall_seconds DOUBLE "
    "PRECISION NOT NULL, cpu_seconds DOUBLE PRECISION NOT NULL, attempt_wall_seconds DOUBLE "
    "PRECISION NOT NULL, attempt_cpu_seconds DOUBLE PRECISION NOT NULL, checkpoint TEXT NOT NULL, "
    "reason TEXT NOT NULL, progress TEXT NOT NULL, created DOUBLE PRECISION NOT NULL, started "
    "DOUBLE PRECISION NOT NULL, ended DOUBLE PRECISION NOT NULL)",
    "CREATE INDEX trials_experiment ON trials(experiment)",
    "CREATE TABLE observations (id INTEGER PRIMARY KEY, experiment INTEGER NOT NULL REFERENCES "
    "experiments(id), trial INTEGER NOT NULL, assignments TEXT NOT NULL, task INTEGER NOT NULL, "
    "value DOUBLE PRECISION, value_stddev DOUBLE PRECISION, cost_seconds DOUBLE PRECISION NOT "
    "NULL, metadata TEXT NOT NULL, created DOUBLE PRECISION NOT NULL)",
    "CREATE INDEX observations_experiment ON observations(experiment)",
    R"(INSERT INTO trials VALUES (1, 1, '{"c":"a","n":3,"x":0.25}', 2, 'search', '{}', 'done', 4,
       'local-1', 0, 1, 7.5, 6.5, 0, 0, '', '', '{}', 10, 11, 19))",
    R"(INSERT INTO observations VALUES (1, 1, 1, '{"c":"a","n":3,"x":0.25}', 2, 0.75, NULL, 7.5,
       '{}', 19))",
};

TEST(SqliteStore, MigratesAStoreOfSchemaOneAndKeepsAllThatIsInIt) {
  const TemporaryFolder folder;
  const std::string path = folder.path() / "store.db";
  {
    soci::session sql(soci::sqlite3, "db=" + path);
    for (const char* statement : kSchemaOne) sql << statement;
    const std::string body = to_json(test_experiment()).dump();
    sql << "INSERT INTO experiments VALUES (1, :body, 5)", soci::use(body);
  }
  for (int time = 0; time < 2; ++time) {  // migrated, and opened again
    const auto store = open_sqlite_store(path);
    EXPECT_EQ(store->value("schema_version"), "3");
    EXPECT_EQ(store->value("spent_seconds"), "12.500");
    Trial trial = store->trials(1).at(0);
    EXPECT_EQ(trial.cost.wall_seconds, 7.5);
    EXPECT_EQ(trial.cost.cpu_seconds, 6.5);
    EXPECT_EQ(trial.cost.device_seconds, 0);
    EXPECT_EQ(trial.cost.peak_memory_bytes, time == 0 ? 0 : 1e9);
    EXPECT_EQ(trial.fence, 4);
    EXPECT_EQ(trial.ended, 19);
    EXPECT_EQ(store->observations(1).at(0).value, 0.75);
    trial.cost.peak_memory_bytes = 1e9;
    store->transact([&] { store->update(trial); });
  }
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

// Written by the version that made such files (store_v1.sql is its dump).
TEST_F(SqliteStoreFile, OfVersion1IsReadWholeAndGoesOn) {
  {
    soci::session sql(soci::sqlite3, "db=" + file());
    std::istringstream statements(read_file(FRUGAL_EXPERIMENT_FOLDER "/store_v1.sql"));
    for (std::string statement; std::getline(statements, statement);) sql << statement;
  }
  for (int time = 0; time < 2; ++time) {
    const auto store = open_sqlite_store(file());
    const Experiment experiment = store->experiments().at(0);
    EXPECT_EQ(experiment.name, "old");
    EXPECT_EQ(experiment.budget, 10);
    EXPECT_EQ(experiment.seed, 7u);
    EXPECT_EQ(experiment.tasks.size(), 2u);
    EXPECT_EQ(store->value("spent_seconds"), "12.5");
    const auto trials = store->trials(experiment.id);
    ASSERT_EQ(trials.size(), 3u);
    EXPECT_EQ(trials[0].cost.wall_seconds, 3.5);
    EXPECT_EQ(trials[1].state, TrialState::kRunning);
    EXPECT_EQ(trials[1].checkpoint, "ckpt/2");
    EXPECT_EQ(std::get<std::int64_t>(trials[1].suggestion.assignments.at("n")), 4);
    EXPECT_EQ(trials[2].reason, "no memory");
    EXPECT_FALSE(trials[2].deleted);
    const auto observations = store->observations(experiment.id);
    ASSERT_EQ(observations.size(), 3u);
    EXPECT_TRUE(observations[0].on_the_way);
    EXPECT_FALSE(observations[1].on_the_way);
    EXPECT_EQ(observations[1].value, .625);
    EXPECT_EQ(observations[1].value_stddev, .01);
    EXPECT_EQ(observations[2].value, std::nullopt);
    EXPECT_TRUE(observations[1].more_values.empty());
    EXPECT_EQ(store->records({.kind = "run"}).size(), 0u);
  }
}

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
