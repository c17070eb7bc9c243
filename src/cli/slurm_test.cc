// frugal optimize and tune --on slurm, as a user runs it, on a real cluster of pretend nodes.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/file.h"
#include "base/progress.h"
#include "cli/program_under_test.h"
#include "experiment/store.h"
#include "launch/command.h"
#include "launch/test_slurm.h"
#include "vision/draw/dataset.h"

namespace frugal::cli {
namespace {

using experiment::TrialState;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kExperiment = R"(name: bowl
metrics: [{name: loss, objective: minimize}]
parameters:
  - {name: x, type: double, bounds: [-1, 2]}
  - {name: n, type: int, bounds: [1, 5]}
suggester: sobol
)";

// Waits until trials of its number may end.
constexpr const char* kBowl = R"sh(#!/bin/sh
while [ "$3" -gt "$(cat "$4")" ];
do sleep 0.1; done
awk -v x="$1" -v n="$2" 'BEGIN { printf "{\"loss\": %.12f}\n", (x - 0.5) ^ 2 + (n - 3) ^ 2 / 10 }'
)sh";

class SlurmRunTest : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    make_folder("frugal-on-slurm");
    write_file(folder_ / "bowl.yml", kExperiment);
    write_file(folder_ / "bowl.sh", kBowl, 0755);
    let_end_until(1000);
  }
  void SetUp() override {
    if (!cluster().obstacle().empty()) GTEST_SKIP() << cluster().obstacle();
    cluster().revive();
  }
  static void let_end_until(int trial) { write_file(folder_ / "gate", std::to_string(trial)); }
  static launch::ThrowawaySlurm& cluster() { return launch::ThrowawaySlurm::get(); }

  static std::string optimize(const std::string& output, const std::string& more) {
    return fmt::format(
        "optimize -f {0}/bowl.yml --output {0}/{1} {2} -- {0}/bowl.sh {{x}} {{n}} {{trial}} "
        "{0}/gate",
        at(), output, more);
  }
  static std::unique_ptr<experiment::Store> store(const std::string& output) {
    return experiment::open_sqlite_store(folder_ / output / "store.db");
  }

  // What was tried, and what came of it. Every trial is done, and was observed once.
  static std::map<std::string, double> answers(const std::string& output) {
    const auto rows = store(output);
    std::map<std::string, double> values;
    std::set<experiment::Id> seen;
    for (const auto& row : rows->observations(1)) {
      EXPECT_TRUE(seen.insert(row.trial).second) << "twice: trial " << row.trial;
      values[optimizer::to_json(row.point.assignments).dump()] = row.value.value_or(1e9);
    }
    for (const auto& trial : rows->trials(1))
      EXPECT_TRUE(trial.state == TrialState::kDone && seen.contains(trial.id)) << trial.id;
    return values;
  }

  // By this machine alone, once for all tests.
  static const std::map<std::string, double>& undisturbed() {
    static const std::map<std::string, double> found = [] {
      const Ran alone = run(optimize("alone", "--budget 20runs --workers 2"));
      EXPECT_EQ(alone.exit_code, 0) << alone.err;
      return answers("alone");
    }();
    return found;
  }

  static void slurm(std::vector<std::string> words, const std::string& input = "") {
    const auto result = launch::Command(words, input).wait(120);
    EXPECT_TRUE(result.ok()) << words[0] << ": " << result.words();
  }
  static Json status(const std::string& output) {
    const Ran ran = run(fmt::format("cluster status {}/{} --json", at(), output));
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return ran.last();
  }
  static std::size_t count(const Json& trials, const std::string& state) {
    return static_cast<std::size_t>(std::count_if(
        trials.begin(), trials.end(), [&](const Json& row) { return row.at("state") == state; }));
  }
  // Until so many trials are done, or the program has ended.
  static void wait_for_done(const std::string& output, std::size_t trials, pid_t child) {
    for (;;) {
      siginfo_t ended{};
      if (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
          ended.si_pid == child)
        return;
      if (std::filesystem::exists(folder_ / output / "cluster.json") &&
          count(parse_json(read_file(folder_ / output / "cluster.json"), output).at("trials"),
                "done") >= trials)
        return;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
};

TEST_F(SlurmRunTest, FindsWhatThisMachineAloneFindsAndShowsWhoDidIt) {
  const Ran ran = run(optimize("many", "--budget 20runs --workers 4 --on slurm --partition work"));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(answers("many"), undisturbed());

  const Ran table = run(fmt::format("cluster status {}/many", at()));
  EXPECT_THAT(table.out, AllOf(HasSubstr("frugal-"), HasSubstr("n1"), HasSubstr("20 done")));
  const Json json = status("many");
  EXPECT_EQ(count(json.at("trials"), "done"), 20u);
  const Ran log = run(fmt::format("cluster logs {}/many --trial 1", at()));
  EXPECT_EQ(log.exit_code, 0) << log.err;
  EXPECT_THAT(log.out, HasSubstr("trial 1 (full): observed"));
  EXPECT_EQ(run(fmt::format("cluster logs {}/many --trial 99", at())).exit_code, 2);
}

TEST_F(SlurmRunTest, LosesAndDoublesNothingWhateverTheClusterDoes) {
  const std::string arguments =
      optimize("disturbed", "--budget 20runs --workers 4 --on slurm --partition work");
  const std::string log = at() + "/disturbed.log";
  undisturbed();
  let_end_until(2);
  pid_t child = start(arguments, log);
  const auto go_on_until = [&](int trial) {
    let_end_until(trial);
    wait_for_done("disturbed", static_cast<std::size_t>(trial), child);
  };
  go_on_until(2);
  slurm({"scancel", "--partition=work", "--user=" + std::to_string(::getuid())});
  go_on_until(5);
  slurm({"sbatch", "--output=/dev/null", "--partition=urgent", "--job-name=urgent",
         "--cpus-per-task=4"},
        "#!/bin/sh\nsleep 1000\n");
  go_on_until(8);
  cluster().crash_controller();
  go_on_until(10);
  cluster().revive();
  slurm({"scancel", "--name=urgent"});
  go_on_until(13);
  ::kill(child, SIGKILL);  // the coordinator; its workers are on their nodes
  const int end = wait_for_end(child);
  EXPECT_TRUE(WIFSIGNALED(end)) << "it was at work: " << read_file(log);
  let_end_until(1000);
  child = start(arguments, log);
  EXPECT_EQ(wait_for_end(child), 0) << read_file(log);
  EXPECT_EQ(answers("disturbed"), undisturbed()) << read_file(log);
  const auto trials = store("disturbed")->trials(1);
  EXPECT_GE(std::count_if(trials.begin(), trials.end(), [](const auto& t) { return t.fence > 1; }),
            4)
      << "the trials of those that were cancelled, at least";
}

TEST_F(SlurmRunTest, TunesAClassifierFromPhotographsToModel) {
  SilentProgress silence;
  draw::draw_dataset({.classes = 3, .per_class = 10, .size = 32}, folder_ / "photographs", silence);
  const std::string data = at() + "/photographs --resolution 32 --epochs 1";
  const Ran trained =
      run(fmt::format("train --data {} --set head_start=zero --output {}/trained", data, at()));
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const Ran tuned = run(fmt::format(
      "tune --data {0} --weights {1}/trained/model/model.pth --strategy features --budget 4runs "
      "--seeds 1 --output {1}/tuned --json --on slurm --partition work --workers 2",
      data, at()));
  ASSERT_EQ(tuned.exit_code, 0) << tuned.err;
  EXPECT_TRUE(tuned.last().at("finished").get<bool>());
  EXPECT_TRUE(std::filesystem::exists(folder_ / "tuned" / "model" / "model.pth"));
  EXPECT_GE(count(status("tuned").at("trials"), "done"), 3u);
  EXPECT_THAT(run(fmt::format("cluster status {}/tuned", at())).out, HasSubstr("frugal-"));
}

TEST_F(SlurmRunTest, IsRefusedWithWordsForWhatIsNotThere) {
  const Ran partition =
      run(optimize("none", "--budget 2runs --on slurm --partition nowhere --workers 2"));
  EXPECT_EQ(partition.exit_code, 2);
  EXPECT_THAT(partition.err, AllOf(HasSubstr("nowhere"), HasSubstr("urgent, work")));
  const Ran node = run(optimize("none",
                                "--budget 2runs --on slurm --workers 2 "
                                "--sbatch-extra=--nodelist=n99"));
  EXPECT_EQ(node.exit_code, 2);
  EXPECT_THAT(node.err, HasSubstr("Slurm refuses such workers"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "none" / "store.db"));
}

}  // namespace
}  // namespace frugal::cli
