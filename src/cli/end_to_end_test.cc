// The program itself, as a user runs it, on photographs that the test draws.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

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
    draw::draw_dataset({.task = draw::Task::kTarget, .classes = 4, .per_class = 14, .size = 48},
                       folder_ / "photographs", silence);
    const Ran trained =
        run(fmt::format("train --data {0}/photographs --resolution 32 --epochs 1 --set "
                        "head_start=zero --json --output {0}/trained",
                        at()));
    ASSERT_EQ(trained.exit_code, 0) << trained.err << trained.out;
  }

  static std::string weights() { return at() + "/trained/model/model.pth"; }

  static std::string tune(const std::string& strategy, const std::string& output,
                          const std::string& more, int epochs = 2) {
    return fmt::format(
        "tune --data {0}/photographs --weights {1} --strategy {2} --resolution 32 --epochs {3} "
        "--seeds 1 --output {0}/{4} {5}",
        at(), weights(), strategy, epochs, output, more);
  }
};

// Trials and overheads against the experiment's own clock: two clocks, of workers and coordinator,
// of the same run.
void expect_no_gap_in_costs(const Json& answer) {
  const double spent = answer.at("spent_seconds");
  double trials = 0, overheads = 0, of_stages = 0;
  for (const Json& trial : answer.at("trials")) trials += trial.at("machine_seconds").get<double>();
  for (const Json& stage : answer.at("stages")) {
    const std::string name = stage.at("name");
    const double seconds = stage.at("seconds");
    EXPECT_GE(seconds, 0) << name;
    (name.find(": ") == std::string::npos ? overheads : of_stages) += seconds;
  }
  EXPECT_NEAR(of_stages, trials, 1e-6 * spent);
  EXPECT_NEAR((trials + overheads) / spent, 1, 0.02) << answer.at("stages").dump(1);
}

// Each result of a network says what was taken for what, and agrees with its accuracy.
void expect_confusions(const std::filesystem::path& folder) {
  const auto store = experiment::open_sqlite_store((folder / "store.db").string());
  std::size_t ends = 0;
  for (const auto& experiment : store->experiments()) {
    EXPECT_EQ(experiment.metadata.at("classes").size(), 4u);
    for (const auto& observation : store->observations(experiment.id)) {
      if (observation.on_the_way || !observation.value) continue;
      const Json& confusions = observation.metadata.at("confusions");
      double photographs = 0, mistaken = confusions.at("left_out");
      for (const Json& count : confusions.at("photographs")) photographs += count.get<double>();
      for (const Json& mistake : confusions.at("mistakes")) mistaken += mistake[2].get<double>();
      EXPECT_NEAR(*observation.value, 1 - mistaken / photographs, 1e-9);
      ++ends;
    }
  }
  EXPECT_GT(ends, 0u);
}

// Children of that process, now.
std::vector<pid_t> children_of(pid_t process) {
  std::ifstream file(fmt::format("/proc/{0}/task/{0}/children", process));
  return {std::istream_iterator<pid_t>(file), {}};
}

TEST_F(EndToEnd, TunesJudgesPredictsAndReports) {
  const Ran tuned = run(tune("auto", "tuned", "--budget 6runs --json --machine c7a.large"));
  ASSERT_EQ(tuned.exit_code, 0) << tuned.err;
  const Json answer = tuned.last();
  expect_no_gap_in_costs(answer);
  EXPECT_NEAR(answer.at("spent_dollars"), answer.at("spent_seconds").get<double>() / 3600 * 0.10264,
              1e-9);
  for (const Json& trial : answer.at("trials")) {
    if (trial.at("state") != "done") continue;
    EXPECT_GT(trial.at("cpu_seconds"), 0);
    EXPECT_GT(trial.at("device_seconds"), 0);
    EXPECT_GT(trial.at("peak_memory_bytes"), 2e7);
    EXPECT_NEAR(trial.at("dollars"), trial.at("machine_seconds").get<double>() / 3600 * 0.10264,
                1e-9);
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ / "tuned" / "machine.json"));
  expect_confusions(folder_ / "tuned");
  EXPECT_TRUE(answer.at("finished").get<bool>());
  EXPECT_EQ(answer.at("arms").size(), 4u);  // both strategies, untuned and tuned
  for (const char* left : {"model/model.pth", "model/model.json", "store.db", "split.json",
                           "report.html", "result.json"})
    EXPECT_TRUE(std::filesystem::exists(folder_ / "tuned" / left)) << left;

  const Ran again = run(tune("auto", "tuned", "--budget 6runs --json --machine c7a.large"));
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

  const std::string own_page = read_file(folder_ / "tuned" / "report.html");
  EXPECT_NE(own_page.find("id=\"augmentation\""), std::string::npos);
  for (const char* format : {"json", "md", "csv", "html"})
    EXPECT_EQ(run(fmt::format("report {}/tuned --format {}", at(), format)).exit_code, 0) << format;
  EXPECT_EQ(read_file(folder_ / "tuned" / "report.html"), own_page);  // as tune left it
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

TEST_F(EndToEnd, AccountsForTheTimeOfAWorkerThatWasKilled) {
  const std::string log = at() + "/lost.log";
  const pid_t child = start(tune("fine-tune", "lost", "--budget 3runs"), log);
  wait_for("fine-tune: trial", log, child);
  const auto workers = children_of(child);
  ASSERT_FALSE(workers.empty()) << read_file(log);
  for (const pid_t worker : workers) ::kill(worker, SIGKILL);
  ASSERT_EQ(wait_for_end(child), 0) << read_file(log);
  const Json answer = parse_json(read_file(folder_ / "lost" / "result.json"), "result.json");
  expect_no_gap_in_costs(answer);  // what died with a worker is in them, under a name of its own
}

// The study's schedule does not depend on the length of the run: a full run passes through the
// cheap tasks. So many epochs that these are cheaper on the fastest machine.
TEST_F(EndToEnd, ComparesCheapTasksWithFullRunsThatPassedThem) {
  const Ran tuned = run(
      tune("fine-tune", "passing", "--budget 2runs --recipe study --task-by epochs --json", 120));
  ASSERT_EQ(tuned.exit_code, 0) << tuned.err;
  const Json agreements = tuned.last().at("summary").at("task_agreements");
  ASSERT_FALSE(agreements.empty()) << tuned.last().at("trials").dump(1);
  EXPECT_TRUE(agreements[0].at("in_passing").get<bool>());
  EXPECT_GE(agreements[0].at("pairs"), 1);
}

TEST_F(EndToEnd, ABudgetThatHoldsNoSearchIsOneLongRun) {
  const Ran ran = run(tune("fine-tune", "one", "--budget 1runs --json"));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Json answer = ran.last();
  ASSERT_EQ(answer.at("arms").size(), 1u);
  EXPECT_FALSE(answer.at("arms")[0].at("tuned").get<bool>());
  EXPECT_EQ(answer.at("trials").size(), 1u);
  EXPECT_EQ(answer.at("winner"), 0);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "one" / "model" / "model.pth"));
  expect_no_gap_in_costs(answer);
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
  expect_refused(tune("features", "x", "--budget 5m --spot"), "--machine");
  expect_refused(tune("features", "x", "--budget 5m --machine c7a.larg"),
                 "did you mean c7a.large?");
  expect_refused(tune("features", "x", "--budget 5m --machine n2-standard-2 --spot"),
                 "no spot price");
  expect_refused(tune("features", "x", "--budget 5m --workers 900 --threads 2"), "1800 cores");
  expect_refused(fmt::format("evaluate {}/trained --threads 2000", at()), "--threads 2000");
  write_file(folder_ / "prices.yml", "machines: [{name: mine, on_demand: 1}]\n");
  expect_refused(
      tune("features", "x", fmt::format("--budget 5m --machine mine --prices {}/prices.yml", at())),
      "provider is missing");
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
