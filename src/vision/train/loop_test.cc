#include "vision/train/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "vision/train/checkpoint.h"

namespace frugal::train {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class LoopTest : public testing::Test {
 protected:
  LoopTest() { fs::create_directories(folder_); }
  ~LoopTest() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("frugal_loop_" + std::to_string(::getpid()));
};

// One number that every step changes in its own way, so that a step skipped, repeated or taken at
// another rate shows in the last bit. Its losses go up and down, so that the plateau ticks.
class Number final : public Learner {
 public:
  explicit Number(BatchPlan plan) : plan_(std::move(plan)) {}
  void begin() override { value_ = 1; }
  double step(std::size_t step, double /*share_done*/, const SgdOptions& options) override {
    std::this_thread::sleep_for(step_takes);
    value_ = std::sin(value_ + options.rate * static_cast<double>(plan_.positions(step)[0]) +
                      static_cast<double>(step));
    return explode_at == step ? NAN : value_;
  }
  std::optional<Evaluation> evaluate(const std::function<bool()>& should_stop) override {
    if (should_stop()) return {};
    return Evaluation{.accuracy = 0.5, .loss = 1 + value_};
  }
  std::string save() const override {
    return {reinterpret_cast<const char*>(&value_), sizeof(value_)};
  }
  bool load(std::string_view state) override {
    if (state.size() != sizeof(value_)) return false;
    std::memcpy(&value_, state.data(), sizeof(value_));
    return true;
  }
  void write_weights(const std::string&) const override {}

  double value() const { return value_; }
  std::size_t explode_at = 1'000'000;
  std::chrono::milliseconds step_takes{0};

 private:
  BatchPlan plan_;
  double value_ = 0;
};

struct Outcome {
  TrainingSummary summary;
  double value = 0;
};

const BatchPlan kPlan(100, 10, 4);
const Recipe kRecipe{
    .epochs = 5.4, .learning_rate = 0.3, .plateau_factor = 0.5, .plateau_patience = 0};

Outcome run(const TrainOptions& options, const Recipe& recipe = kRecipe,
            const Json& identity = {{"a", 1}}) {
  Number learner(kPlan);
  Outcome outcome{run_loop(learner, recipe, kPlan, identity, options, Meter())};
  outcome.value = learner.value();
  return outcome;
}

std::vector<std::vector<double>> numbers(const std::vector<EpochReport>& history) {
  std::vector<std::vector<double>> rows;
  for (const EpochReport& r : history)  // all but the clock
    rows.push_back(
        {r.epochs, r.training_loss, r.validation_loss, r.validation_accuracy, r.learning_rate});
  return rows;
}

TEST_F(LoopTest, AStoppedAndResumedRunEndsAsAnUninterruptedOne) {
  const Outcome whole = run({.also_evaluate_at = {0.25, 2.5}});
  ASSERT_EQ(whole.summary.history.size(), 8u);
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    RandomStream random(seed);
    TrainOptions options{.checkpoint_path = path("checkpoint"), .also_evaluate_at = {0.25, 2.5}};
    options.should_stop = [&] { return random.uniform() < 0.1; };
    Outcome part = run(options);
    int calls = 1;
    while (part.summary.ending == Ending::kStopped) {
      const double stopped_at = part.summary.epochs;
      part = run(options);
      EXPECT_EQ(part.summary.resumed_from_epochs, stopped_at);
      ASSERT_LT(++calls, 1000);
    }
    EXPECT_EQ(part.value, whole.value);
    EXPECT_EQ(numbers(part.summary.history), numbers(whole.summary.history));
    fs::remove(path("checkpoint"));
  }
}

TEST_F(LoopTest, AShorterRunIsTheBeginningOfALongerOne) {
  Recipe shorter = kRecipe;
  shorter.epochs = 0.54;
  const TrainOptions options{.checkpoint_path = path("checkpoint")};
  EXPECT_EQ(run(options, shorter).summary.epochs, 0.5);
  EXPECT_TRUE(fs::exists(path("checkpoint")));
  const Outcome longer = run(options);
  EXPECT_EQ(longer.summary.resumed_from_epochs, 0.5);
  EXPECT_EQ(longer.value, run({}).value);
}

TEST_F(LoopTest, ALongerStableRunGoesOnFromWhereAShorterOneBeganToFall) {
  Recipe longer = kRecipe, shorter = kRecipe;
  longer.schedule = shorter.schedule = Schedule::kStable;
  shorter.epochs = 2;
  const TrainOptions options{.checkpoint_path = path("checkpoint")};
  const auto identity = [](const Recipe& recipe) { return Json{{"epochs", recipe.epochs}}; };
  EXPECT_EQ(run(options, shorter, identity(shorter)).value,
            run({}, shorter, identity(shorter)).value);
  std::string message;
  TrainOptions with_message = options;
  with_message.on_message = [&](const std::string& text) { message += text; };
  const Outcome promoted = run(with_message, longer, identity(longer));
  EXPECT_EQ(promoted.summary.resumed_from_epochs, 1.4);  // of 2, the last 30 % fall
  EXPECT_EQ(promoted.value, run({}, longer, identity(longer)).value);
  EXPECT_EQ(message, "");
  // The other way round there is nothing to go on from.
  EXPECT_EQ(run(options, shorter, identity(shorter)).summary.resumed_from_epochs, 0);
}

TEST_F(LoopTest, AFinishedRunIsJudgedAgainAndNotTrainedAgain) {
  const TrainOptions options{.checkpoint_path = path("checkpoint")};
  const Outcome first = run(options);
  const Outcome second = run(options);
  EXPECT_EQ(second.summary.resumed_from_epochs, first.summary.epochs);
  EXPECT_EQ(second.summary.ending, Ending::kFinished);
  EXPECT_EQ(second.summary.validation.loss, first.summary.validation.loss);
  EXPECT_EQ(numbers(second.summary.history), numbers(first.summary.history));
}

TEST_F(LoopTest, SpentSecondsGoOnAcrossCheckpoints) {
  TrainOptions options{.checkpoint_path = path("checkpoint")};
  run(options);
  Checkpoint checkpoint = parse_checkpoint(read_file(path("checkpoint")), "x");
  checkpoint.position.spent_seconds = 1000;
  write_file(path("checkpoint"), serialize(checkpoint));
  Recipe longer = kRecipe;
  longer.epochs = 7;
  EXPECT_GE(run(options, longer).summary.history.back().wall_seconds, 1000);
}

TEST_F(LoopTest, TornForeignAndLongerCheckpointsAreIgnoredWithAMessage) {
  const Outcome whole = run({});
  const auto message_of = [&](const Recipe& recipe, const Json& identity) {
    std::string message;
    TrainOptions options{.checkpoint_path = path("checkpoint")};
    options.on_message = [&](const std::string& text) { message += text; };
    const Outcome fresh = run(options, recipe, identity);
    EXPECT_EQ(fresh.summary.resumed_from_epochs, 0);
    return message;
  };
  EXPECT_EQ(message_of(kRecipe, {{"a", 1}}), "");
  EXPECT_THAT(message_of(kRecipe, {{"a", 2}}), HasSubstr("a 1, not 2"));
  Recipe shorter = kRecipe;
  shorter.epochs = 1;
  EXPECT_THAT(message_of(shorter, {{"a", 2}}), HasSubstr("longer run"));

  const std::string good = read_file(path("checkpoint"));
  for (const std::size_t length : {std::size_t{0}, std::size_t{10}, good.size() - 1}) {
    write_file(path("checkpoint"), good.substr(0, length));
    EXPECT_THAT(message_of(kRecipe, {{"a", 2}}), HasSubstr("checkpoint"));
  }
  std::string flipped = good;
  flipped[flipped.size() - 3] ^= 1;
  write_file(path("checkpoint"), flipped);
  EXPECT_THAT(message_of(kRecipe, {{"a", 2}}), HasSubstr("torn"));
  EXPECT_EQ(run({}).value, whole.value);
}

TEST_F(LoopTest, TrainingGoesOnWhenNoCheckpointCanBeWritten) {
  int messages = 0;
  TrainOptions options{.checkpoint_path = path("no such folder/checkpoint"),
                       .checkpoint_every_seconds = 0};
  options.on_message = [&](const std::string&) { ++messages; };
  EXPECT_EQ(run(options).value, run({}).value);
  EXPECT_GT(messages, 1);
  options.should_stop = [] { return true; };
  EXPECT_THROW(run(options), SystemError);  // stopping now would lose everything
}

TEST_F(LoopTest, ALossThatIsNotANumberFailsTheRun) {
  Number learner(kPlan);
  learner.explode_at = 12;
  try {
    run_loop(learner, kRecipe, kPlan, {}, {}, Meter());
    FAIL();
  } catch (const NumericalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("after 1.20 epochs at a learning rate of 0.3"));
  }
}

TEST_F(LoopTest, FractionalEndsAreReportedWithoutATickOfThePlateau) {
  std::vector<double> reported;
  TrainOptions options{.also_evaluate_at = {0.5}};
  options.on_evaluation = [&](const EpochReport& report) { reported.push_back(report.epochs); };
  const Outcome with = run(options);
  EXPECT_EQ(reported, (std::vector<double>{0.5, 1, 2, 3, 4, 5, 5.4}));
  EXPECT_EQ(with.value, run({}).value);
}

const Recipe kTimed{.epochs = 50, .learning_rate = 0.3, .schedule = Schedule::kCosine};

Outcome run_timed(const TrainOptions& options) {
  Number learner(kPlan);
  learner.step_takes = std::chrono::milliseconds(2);
  Outcome outcome{run_loop(learner, kTimed, kPlan, {{"a", 1}}, options, Meter())};
  outcome.value = learner.value();
  return outcome;
}

TEST_F(LoopTest, ARunThatIsBoundByTimeEndsWellBeforeItsEpochs) {
  const Outcome outcome = run_timed({.allowed_seconds = 0.3});  // its 500 steps take a second
  EXPECT_EQ(outcome.summary.ending, Ending::kFinished);
  EXPECT_LT(outcome.summary.epochs, 20);
  EXPECT_EQ(outcome.summary.history.back().epochs, outcome.summary.epochs);
  EXPECT_LT(outcome.summary.history.back().learning_rate, 0.05);
  EXPECT_EQ(outcome.summary.validation.accuracy, 0.5);
}

TEST_F(LoopTest, ARunThatIsBoundByTimeGoesOnWithWhatIsLeftOfIt) {
  TrainOptions options{.checkpoint_path = path("checkpoint"), .allowed_seconds = 60};
  int steps = 0;
  options.should_stop = [&] { return ++steps == 15; };
  const double stopped_at = run_timed(options).summary.epochs;
  EXPECT_GT(stopped_at, 0);
  Checkpoint checkpoint = parse_checkpoint(read_file(path("checkpoint")), "x");
  ASSERT_TRUE(checkpoint.position.length.has_value());
  checkpoint.position.spent_seconds = 60;
  write_file(path("checkpoint"), serialize(checkpoint));
  options.should_stop = [] { return false; };
  const Outcome rest = run_timed(options);
  EXPECT_EQ(rest.summary.ending, Ending::kFinished);
  EXPECT_EQ(rest.summary.resumed_from_epochs, stopped_at);
  EXPECT_NEAR(rest.summary.epochs, stopped_at + 0.1, 1e-9);  // one step
}

TEST_F(LoopTest, WhereNothingIsJudgedTheTrainingLossIsReportedAlone) {
  std::vector<EpochReport> reports;
  TrainOptions options{.evaluate = false};
  options.on_evaluation = [&](const EpochReport& report) { reports.push_back(report); };
  Recipe recipe = kRecipe;
  recipe.schedule = Schedule::kCosine;
  const Outcome outcome = run(options, recipe);
  ASSERT_EQ(reports.size(), 6u);
  EXPECT_NE(reports.back().training_loss, 0);
  EXPECT_EQ(reports.back().validation_loss, 0);
  EXPECT_TRUE(outcome.summary.history.empty());
  EXPECT_EQ(outcome.value, run({}, recipe).value);
}

}  // namespace
}  // namespace frugal::train
