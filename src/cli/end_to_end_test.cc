// The program itself, as a user runs it, on photographs that the test draws.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/program_under_test.h"
#include "experiment/store.h"
#include "vision/draw/dataset.h"

namespace frugal::cli {
namespace {

using testing::HasSubstr;

// One folder for all tests of this file: photographs, and weights that know a little of them.
class EndToEnd : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    make_folder("frugal-end-to-end");
    SilentProgress silence;
    draw::DrawOptions drawing;
    drawing.task = draw::Task::kTarget;
    drawing.classes = 4;
    drawing.per_class = 14;
    drawing.size = 48;
    draw::draw_dataset(drawing, folder_ / "photographs", silence);
    const Ran trained =
        run(fmt::format("train --data {0}/photographs --resolution 32 --epochs 1 --set "
                        "head_start=zero --json --output {0}/trained",
                        at()));
    ASSERT_EQ(trained.exit_code, 0) << trained.err << trained.out;
  }

  static std::string weights() { return at() + "/trained/model/model.pth"; }

  static std::string tune(const std::string& strategy, const std::string& output,
                          const std::string& more) {
    return fmt::format(
        "tune --data {0}/photographs --weights {1} --strategy {2} --resolution 32 --epochs 2 "
        "--seeds 1 --output {0}/{3} {4}",
        at(), weights(), strategy, output, more);
  }
};

TEST_F(EndToEnd, TunesJudgesPredictsAndReports) {
  const Ran tuned = run(tune("auto", "tuned", "--budget 6runs --json"));
  ASSERT_EQ(tuned.exit_code, 0) << tuned.err;
  const Json answer = tuned.last();
  EXPECT_TRUE(answer.at("finished").get<bool>());
  EXPECT_EQ(answer.at("arms").size(), 4u);  // both strategies, untuned and tuned
  for (const char* left : {"model/model.pth", "model/model.json", "store.db", "split.json",
                           "report.html", "result.json"})
    EXPECT_TRUE(std::filesystem::exists(folder_ / "tuned" / left)) << left;

  const Ran again = run(tune("auto", "tuned", "--budget 6runs --json"));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.last().at("arms"), answer.at("arms"));

  const Ran judged = run(fmt::format("evaluate {}/tuned --json", at()));
  ASSERT_EQ(judged.exit_code, 0) << judged.err;
  const double accuracy = judged.last().at("accuracy");
  EXPECT_LE(judged.last().at("accuracy_interval")[0].get<double>(), accuracy);
  EXPECT_GE(judged.last().at("accuracy_interval")[1].get<double>(), accuracy);

  const Ran seen = run(fmt::format("evaluate {0}/tuned --data {0}/photographs --json", at()));
  ASSERT_EQ(seen.exit_code, 0) << seen.err;
  EXPECT_GT(seen.last().at("seen_photographs").get<int>(), 0);

  const Ran predicted = run(fmt::format("predict {0}/tuned {0}/photographs --top 2 --json", at()));
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  EXPECT_EQ(predicted.last().at("predictions").size(), 2u);

  for (const char* format : {"json", "md", "csv", "html"})
    EXPECT_EQ(run(fmt::format("report {}/tuned --format {}", at(), format)).exit_code, 0) << format;
  EXPECT_EQ(
      run(fmt::format("export {0}/tuned --format safetensors --output {0}/w.safetensors", at()))
          .exit_code,
      0);
  EXPECT_EQ(
      run(fmt::format(
              "train --data {0}/photographs --weights {0}/w.safetensors --resolution 32 --epochs 1 "
              "--strategy features --output {0}/again",
              at()))
          .exit_code,
      0);
}

TEST_F(EndToEnd, GoesOnAfterKillsWithoutLosingOrDoublingAnything) {
  const std::string arguments = tune("fine-tune", "killed", "--budget 4runs");
  const std::string log = at() + "/killed.log";
  std::map<experiment::Id, std::optional<double>> before;
  for (const int signal : {SIGKILL, SIGTERM, SIGKILL}) {
    const pid_t child = start(arguments, log);
    wait_for("fine-tune: trial", log, child);
    ::kill(child, signal);
    const int status = wait_for_end(child);
    if (signal == SIGTERM && WIFEXITED(status)) {
      EXPECT_THAT(WEXITSTATUS(status), testing::AnyOf(143, 0)) << read_file(log);
    }
    const auto store = experiment::open_sqlite_store(at() + "/killed/store.db");
    std::map<experiment::Id, std::optional<double>> now;
    for (const auto& observation : store->observations(1)) now[observation.id] = observation.value;
    for (const auto& [id, value] : before) EXPECT_EQ(now.at(id), value) << "lost: " << id;
    before = now;
  }
  const Ran finished = run(arguments);
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const auto store = experiment::open_sqlite_store(at() + "/killed/store.db");
  std::map<std::pair<experiment::Id, std::size_t>, int> counts;
  for (const auto& observation : store->observations(1))
    ++counts[{observation.trial, observation.point.task}];
  for (const auto& [key, count] : counts)
    EXPECT_EQ(count, 1) << "trial " << key.first << " task " << key.second;
  for (const auto& trial : store->trials(1))
    EXPECT_NE(trial.state, experiment::TrialState::kRunning);
}

TEST_F(EndToEnd, DryRunPrintsThePlanAndLeavesNothing) {
  const Ran planned = run(tune("features", "planned", "--budget 5m --dry-run"));
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_THAT(planned.out, HasSubstr("a full run takes"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "planned"));
}

TEST_F(EndToEnd, SaysWhatIsWrongAndExitsWithTwo) {
  const auto expect_refused = [](const std::string& arguments, const std::string& words) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.exit_code, 2) << arguments;
    EXPECT_THAT(ran.err, HasSubstr(words)) << arguments;
  };
  expect_refused(
      "tune --data /nowhere --weights " + weights() + " --budget 5m --output " + at() + "/x",
      "/nowhere");
  expect_refused(
      fmt::format("tune --data {0}/photographs --weights {0}/err --budget 5m --output {0}/x", at()),
      "/err");
  expect_refused(tune("features", "x", "--budget 5parsecs"), "parsecs");
  expect_refused(tune("features", "x", "--budget 5usd"), "--price-per-hour");
  expect_refused(tune("fine-tune", "small", "--budget 3s"), "too small");
  expect_refused(tune("features", "x", "--bugdet 5m"), "did you mean --budget?");
  expect_refused("tnue", "did you mean tune?");
  expect_refused(fmt::format("evaluate {}/photographs", at()), "not the folder of a run");
  expect_refused(
      fmt::format("train --data {0}/photographs --set learning_rat=1 --output {0}/y", at()),
      "learning_rate");

  write_file(folder_ / "options.yml", "strategy: features\nbudgett: 5m\n");
  expect_refused(fmt::format("tune --config {}/options.yml", at()),
                 "options.yml:2: unknown option \"budgett\"; did you mean \"budget\"?");

  write_file(folder_ / "photographs" / "broken.jpg", "not a picture");
  expect_refused(fmt::format("predict {0}/trained {0}/photographs/broken.jpg", at()), "broken.jpg");
  std::filesystem::remove(folder_ / "photographs" / "broken.jpg");

  expect_refused(fmt::format("train --data {0}/photographs --seed 9 --output {0}/trained", at()),
                 "belongs to a run with");
}

}  // namespace
}  // namespace frugal::cli
