// What a server may do to a store in PostgreSQL; what every store does is in store_test.cc.
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "experiment/postgresql_address.h"
#include "experiment/scheduler.h"
#include "experiment/store.h"
#include "experiment/test_experiment.h"
#include "experiment/test_postgresql.h"

namespace frugal::experiment {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

constexpr const char* kSecret = "s3cret";

TEST(PostgresqlAddressTest, ShowsEverythingButThePassword) {
  const PostgresqlAddress address("postgresql://me:s3cret@db.example:5433/frugal?sslmode=require");
  EXPECT_EQ(address.shown(), "postgresql://me@db.example:5433/frugal");
  EXPECT_EQ(address.without_passwords("wrong: s3cret, s3cret"), "wrong: ***, ***");
  EXPECT_EQ(shown_store("runs/store.db"), "runs/store.db");
  EXPECT_EQ(shown_store("postgres://me:s3cret@/x"), "postgresql://me@/x");
}

TEST(PostgresqlAddressTest, ThatIsNoneIsRefusedWithoutRepeatingIt) {
  EXPECT_THAT([] { PostgresqlAddress("postgresql://me:s3cret@host:nonsense:1/x?=y"); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("postgresql://USER@HOST"), Not(HasSubstr(kSecret)))));
}

TEST(PostgresqlAddressTest, WithoutAServerSaysSo) {
  EXPECT_THAT([] { open_store("postgresql://me:s3cret@127.0.0.1:1/frugal"); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("postgresql://me@127.0.0.1:1/frugal"),
                                              HasSubstr("refused"), HasSubstr("is the server up"),
                                              Not(HasSubstr(kSecret)))));
}

class PostgresqlStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!ThrowawayPostgresql::get().obstacle().empty())
      GTEST_SKIP() << ThrowawayPostgresql::get().obstacle();
    address_ = postgresql_schema(folder_.path().filename());
    schema_ = "\"" + folder_.path().filename().string() + "\"";
  }
  // The server's address with another user, password or database.
  static std::string with(const std::string& user, const std::string& password,
                          const std::string& database) {
    const std::string& own = ThrowawayPostgresql::get().address();
    const auto at = own.find('@');
    return "postgresql://" + user + ":" + password + own.substr(at, own.rfind('/') - at) + "/" +
           database;
  }
  static std::string as_administrator(const std::string& sql) {
    return query(ThrowawayPostgresql::get().administrator(), sql);
  }

  TemporaryFolder folder_;
  std::string address_, schema_;
};

TEST_F(PostgresqlStoreTest, WithAWrongPasswordSaysSoAndKeepsIt) {
  EXPECT_THAT([] { open_store(with("frugal", kSecret, "frugal")); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("password authentication failed"),
                                              HasSubstr("~/.pgpass"), Not(HasSubstr(kSecret)))));
}

TEST_F(PostgresqlStoreTest, WithAPasswordOfEveryKindOfSignOpens) {
  as_administrator("CREATE ROLE odd LOGIN PASSWORD 'a  b c''c\\d=@:/?&%\"singlerows=true'");
  as_administrator("GRANT CREATE ON DATABASE frugal TO odd");
  const std::string address =
      with("odd", "a%20%20b%20c%27c%5Cd%3D%40%3A%2F%3F%26%25%22singlerows%3Dtrue", "frugal") +
      "?options=-csearch_path%3Dodd";
  query(address, "CREATE SCHEMA odd");
  EXPECT_TRUE(open_store(address)->experiments().empty());
}

TEST_F(PostgresqlStoreTest, WithoutADatabaseSaysHowToMakeIt) {
  EXPECT_THAT([] { open_store(with("frugal", "frugal", "nowhere")); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("nowhere"), HasSubstr("createdb"))));
}

TEST_F(PostgresqlStoreTest, WithoutTheRightToMakeTablesSaysWhatToGrant) {
  as_administrator("CREATE ROLE poor LOGIN PASSWORD 'poor'");
  EXPECT_THAT(
      [] { open_store(with("poor", "poor", "frugal")); },
      ThrowsMessage<InputError>(AllOf(HasSubstr("permission denied"), HasSubstr("GRANT CREATE"))));
}

TEST_F(PostgresqlStoreTest, WithoutTheSchemaOfItsSearchPathSaysSo) {
  EXPECT_THAT([] { open_store(with("frugal", "frugal", "frugal?options=-csearch_path%3Dnone")); },
              ThrowsMessage<InputError>(HasSubstr("CREATE SCHEMA")));
}

TEST_F(PostgresqlStoreTest, OfAnotherProgramIsRefusedAndLeftAsItWas) {
  query(address_, "CREATE TABLE trials (patient TEXT)");
  EXPECT_THAT([&] { open_store(address_); },
              ThrowsMessage<InputError>(HasSubstr("another program's tables")));
  EXPECT_EQ(query(address_, "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"),
            "1");
}

TEST_F(PostgresqlStoreTest, OfANewerVersionIsRefused) {
  open_store(address_).reset();
  query(address_, "UPDATE frugal SET value = '999' WHERE key = 'schema_version'");
  EXPECT_THAT([&] { open_store(address_); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("newer"), HasSubstr("999"))));
  EXPECT_EQ(query(address_, "SELECT value FROM frugal WHERE key = 'schema_version'"), "999");
}

// Written by the first version that could (store_postgresql_v3.sql is its dump).
TEST_F(PostgresqlStoreTest, OfVersion3IsReadWholeAndGoesOn) {
  query(address_, read_file(FRUGAL_EXPERIMENT_FOLDER "/store_postgresql_v3.sql"));
  for (int time = 0; time < 2; ++time) {
    const auto store = open_store(address_);
    const Experiment experiment = store->experiments().at(0);
    EXPECT_EQ(experiment.name, "old");
    EXPECT_EQ(store->value("spent_seconds"), "12.5");
    const auto trials = store->trials(experiment.id);
    ASSERT_EQ(trials.size(), 3u);
    EXPECT_EQ(trials[0].cost.device_seconds, 7);
    EXPECT_EQ(trials[1].checkpoint, "ckpt/2");
    EXPECT_TRUE(trials[2].deleted);
    const auto observations = store->observations(experiment.id);
    ASSERT_EQ(observations.size(), 3u);
    EXPECT_TRUE(observations[0].on_the_way);
    EXPECT_EQ(observations[1].value, .625);
    EXPECT_EQ(observations[1].more_values.at(0).value_stddev, .5);
    EXPECT_EQ(observations[2].value, std::nullopt);
    EXPECT_EQ(store->records({.kind = "run"}).at(0).name, "a");
  }
}

// The server ends both connections, as when it or a firewall restarts.
TEST_F(PostgresqlStoreTest, MakesALostConnectionAgainAndStillHasTheLock) {
  const auto store = open_store(address_);
  store->transact([&] { store->add(test_experiment()); });
  as_administrator("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename='frugal'");
  EXPECT_EQ(store->experiments().size(), 1u);
  store->transact([&] { store->add(test_experiment()); });
  EXPECT_EQ(store->experiments().size(), 2u);
  EXPECT_THROW(open_store(address_), InputError);
}

TEST_F(PostgresqlStoreTest, ThatIsLostInATransactionHasNothingOfIt) {
  const auto store = open_store(address_);
  EXPECT_THROW(store->transact([&] {
    store->add(test_experiment());
    as_administrator(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'frugal'");
    store->add(test_experiment());
  }),
               SystemError);
  EXPECT_TRUE(store->experiments().empty());
  store->transact([&] { store->add(test_experiment()); });
  EXPECT_EQ(store->experiments().size(), 1u);
}

TEST_F(PostgresqlStoreTest, KeepsWhatWasCommittedWhenItsServerIsKilled) {
  const auto store = open_store(address_);
  const SystemClock clock;
  Scheduler scheduler(*store, clock);
  const Id experiment = scheduler.create(test_experiment()).id;
  const Trial trial = *scheduler.lease(experiment, "w");
  auto& server = ThrowawayPostgresql::get();
  server.crash();
  std::thread revival([&] { server.restart(); });
  for (bool accepted = false; !accepted;) {  // as a worker that does not give up
    try {
      scheduler.observe(trial.id, trial.fence, {.value = 1});
      accepted = true;
    } catch (const SystemError&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  revival.join();
  EXPECT_EQ(store->observations(experiment).size(), 1u) << "neither lost nor doubled";
  EXPECT_EQ(store->trial(trial.id)->state, TrialState::kDone);
}

TEST_F(PostgresqlStoreTest, ThatAnotherCoordinatorTookOverIsWrittenToNoMore) {
  const auto store = open_store(address_);
  as_administrator("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename='frugal'");
  auto other = open_store(address_);
  const auto write = [&] { store->transact([&] { store->add(test_experiment()); }); };
  EXPECT_THAT(write, ThrowsMessage<SystemError>(HasSubstr("taken over")));
  other->transact([&] { other->add(test_experiment()); });
  other.reset();
  EXPECT_THAT(write, ThrowsMessage<SystemError>(HasSubstr("another coordinator since")))
      << "what this one remembers is not true any more";
  EXPECT_THAT(write, ThrowsMessage<SystemError>(HasSubstr("another coordinator since")));
  EXPECT_EQ(query(address_, "SELECT count(*) FROM experiments"), "1");
}

}  // namespace
}  // namespace frugal::experiment
