// frugal optimize, as a user runs it, on shell programs of the test's own.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "base/file.h"
#include "cli/program_under_test.h"
#include "experiment/store.h"

namespace frugal::cli {
namespace {

using experiment::TrialState;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kExperiment = R"(name: bowl
metrics: [{name: loss, objective: minimize}]
parameters:
  - {name: x, type: double, bounds: [-1, 2]}
  - {name: n, type: int, bounds: [1, 5]}
tasks:
  - {name: small, cost: 0.1}
  - {name: medium, cost: 0.5}
  - {name: full, cost: 1}
suggester: sobol
)";

// A bowl with its bottom at x 0.5, n 3, seen less well by cheaper tasks. Notes when it has begun.
constexpr const char* kBowl = R"(#!/bin/sh
echo "$4" >> "$5"
awk -v x="$1" -v n="$2" -v c="$3" 'BEGIN {
  printf "{\"loss\": %.12f}\n", (x - 0.5) ^ 2 + (n - 3) ^ 2 / 10 + 0.1 * (1 - c) }'
)";

// The same, and the disk of that folder is full from its fifth trial on, once.
constexpr const char* kFilling = R"(#!/bin/sh
if [ "$4" = 5 ] && mkdir "$5-was-filled"; then cat /dev/zero > "$5/ballast"; fi 2> /dev/null
exec "$(dirname "$0")/bowl.sh" "$1" "$2" "$3" "$4" /dev/null
)";

// Twice the same command on a disk of 8 MB, the second time with room.
constexpr const char* kOnASmallDisk = R"(#!/bin/sh
disk=$1 left=$2
shift 2
mount -t tmpfs -o size=8m none "$disk"
"$@" > "$left/first.log" 2>&1
echo $? > "$left/first"
rm "$disk/ballast"
"$@" > "$left/second.log" 2>&1
echo $? > "$left/second"
cp "$disk"/run/store.db* "$left"
)";

class OptimizeTest : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    make_folder("frugal-optimize");
    write_file(folder_ / "bowl.yml", kExperiment);
    write_file(folder_ / "bowl.sh", kBowl, 0755);
    write_file(folder_ / "broken.sh", "#!/bin/sh\necho the disk is on fire >&2\nexit 7\n", 0755);
  }

  static std::string optimize(const std::string& output, const std::string& more,
                              const std::string& program) {
    return fmt::format("optimize -f {0}/bowl.yml --output {0}/{1} {2} -- {0}/{3}", at(), output,
                       more, program);
  }

  static std::string bowl(const std::string& output, const std::string& more) {
    return optimize(
        output, more,
        fmt::format("bowl.sh {{x}} {{n}} {{task_cost}} {{trial}} {}/{}.begun", at(), output));
  }

  static std::unique_ptr<experiment::Store> store(const std::string& output) {
    return experiment::open_sqlite_store(folder_ / output / "store.db");
  }

  static std::map<experiment::Id, std::optional<double>> observed(const std::string& output) {
    std::map<experiment::Id, std::optional<double>> values;
    for (const auto& observation : store(output)->observations(1))
      values[observation.id] = observation.value;
    return values;
  }

  static std::map<experiment::Id, std::optional<double>> values_of_trials(
      const std::string& output) {
    std::map<experiment::Id, std::optional<double>> values;
    for (const auto& observation : store(output)->observations(1))
      values[observation.trial] = observation.value;
    return values;
  }

  // Every trial is over, and was observed once, on its own task.
  static void expect_whole(const std::string& output) {
    const auto rows = store(output);
    std::set<experiment::Id> seen;
    for (const auto& observation : rows->observations(1))
      EXPECT_TRUE(seen.insert(observation.trial).second) << "twice: trial " << observation.trial;
    for (const auto& trial : rows->trials(1)) {
      EXPECT_EQ(trial.state, TrialState::kDone) << trial.id;
      EXPECT_TRUE(seen.contains(trial.id)) << trial.id;
    }
  }
};

TEST_F(OptimizeTest, FindsTheBottomWithFourWorkers) {
  const Ran ran = run(bowl("four", "--budget 12runs --workers 4 --suggester multitask --json"));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Json result = ran.last();
  EXPECT_LT(result.at("best").at("value").get<double>(), 0.2);
  EXPECT_LE(result.at("spent_runs").get<double>(), 12 + 1e-9);
  EXPECT_EQ(result.at("tasks").size(), 3u);
  EXPECT_TRUE(result.at("failures").empty());
  expect_whole("four");

  const Ran again = run(bowl("four", "--budget 12runs --workers 4 --suggester multitask"));
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("Best on the full task"));
}

TEST_F(OptimizeTest, GoesOnAfterKillsWithoutLosingOrDoublingAnything) {
  const std::string arguments = bowl("killed", "--budget 20runs --workers 2");
  const std::string log = at() + "/killed.log";
  std::map<experiment::Id, std::optional<double>> before;
  for (const int signal : {SIGKILL, SIGINT, SIGKILL}) {
    const pid_t child = start(arguments, log);
    wait_for("trial ", log, child);
    ::kill(child, signal);
    const int status = wait_for_end(child);
    if (signal == SIGINT && WIFEXITED(status) && WEXITSTATUS(status) != 0) {
      EXPECT_EQ(WEXITSTATUS(status), 130);
      EXPECT_THAT(read_file(log), HasSubstr("to go on, say again\n  frugal optimize -f"));
    }
    const auto now = observed("killed");
    for (const auto& [id, value] : before) EXPECT_EQ(now.at(id), value) << "lost: " << id;
    before = now;
  }
  std::set<std::string> over;
  for (const auto& trial : store("killed")->trials(1))
    if (trial.state == TrialState::kDone) over.insert(std::to_string(trial.id));
  std::filesystem::remove(folder_ / "killed.begun");
  const Ran finished = run(arguments);
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  std::istringstream begun(read_file(folder_ / "killed.begun"));
  for (std::string trial; begun >> trial;)
    EXPECT_FALSE(over.contains(trial)) << "again: trial " << trial;
  const auto now = observed("killed");
  for (const auto& [id, value] : before) EXPECT_EQ(now.at(id), value) << "lost: " << id;
  expect_whole("killed");

  const Ran more = run(bowl("killed", "--budget 22runs --json"));
  ASSERT_EQ(more.exit_code, 0) << more.err;
  EXPECT_GT(more.last().at("spent_runs").get<double>(), 20);
  expect_whole("killed");
}

TEST_F(OptimizeTest, SaysWhichDiskIsFullAndGoesOnWhenThereIsRoom) {
  if (std::system("unshare -rm mount -t tmpfs none /mnt > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "no process may mount a disk of its own here";
  for (const char* folder : {"disk", "left"}) std::filesystem::create_directory(folder_ / folder);
  write_file(folder_ / "filling.sh", kFilling, 0755);
  write_file(folder_ / "on-a-small-disk.sh", kOnASmallDisk, 0755);
  const auto arguments = [](const std::string& output) {
    return optimize(output, "--budget 8runs --workers 1",
                    fmt::format("filling.sh {{x}} {{n}} {{task_cost}} {{trial}} {}/disk", at()));
  };
  std::system(fmt::format("unshare -rm {0}/on-a-small-disk.sh {0}/disk {0}/left {1} {2}", at(),
                          FRUGAL_PROGRAM, arguments("disk/run"))
                  .c_str());
  const auto left = [](const char* name) { return read_file(folder_ / "left" / name); };
  EXPECT_EQ(left("first"), "2\n") << left("first.log");
  EXPECT_THAT(left("first.log"),
              HasSubstr(fmt::format("the disk at {0}/disk, which holds {0}/disk/run, is full: make "
                                    "room there and say the same command again",
                                    at())));
  EXPECT_EQ(left("second"), "0\n") << left("second.log");
  expect_whole("left");
  ASSERT_EQ(run(arguments("alone")).exit_code, 0);
  EXPECT_EQ(values_of_trials("left"), values_of_trials("alone"));
}

TEST_F(OptimizeTest, EndsWithTheWordsOfAProgramThatAlwaysFails) {
  const Ran ran = run(optimize("failing", "--budget 50runs", "broken.sh {x} {n}"));
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("exited with 7"));
  EXPECT_THAT(ran.err, HasSubstr("the disk is on fire"));
  EXPECT_LT(store("failing")->trials(1).size(), 20u) << "no use in spending all of the budget";
  EXPECT_EQ(read_file(folder_ / "failing/trials/1/stderr.txt"), "the disk is on fire\n");
}

TEST_F(OptimizeTest, RefusesWhatCannotWorkBeforeAnythingStarts) {
  const auto expect_refused = [](const std::string& arguments, const std::string& words) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.exit_code, 2) << arguments;
    EXPECT_THAT(ran.err, HasSubstr(words)) << arguments;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "refused")) << arguments;
  };
  const std::string budget = "--budget 3runs";
  expect_refused(optimize("refused", budget, "nowhere.sh {x} {n}"), "there is no program");
  expect_refused(optimize("refused", budget, "bowl.yml {x} {n}"), "not executable");
  expect_refused(optimize("refused", budget, "bowl.sh {y}"), "the command uses {y}");
  expect_refused(optimize("refused", "", "bowl.sh {x} {n}"), "--budget 40runs");
  expect_refused(optimize("refused", budget + " --suggester best", "bowl.sh {x} {n}"),
                 "there is no suggester");
  expect_refused(optimize("refused", budget + " --metric-regex '('", "bowl.sh {x} {n}"),
                 "no regular expression");
  expect_refused(fmt::format("optimize -f {}/bowl.yml", at()), "which program?");
  expect_refused(fmt::format("optimize -f {}/bowl.yml ls --all", at()), "stand behind --");
  expect_refused("optimize", "which experiment?");
}

TEST_F(OptimizeTest, RefusesAnotherExperimentInTheSameFolder) {
  ASSERT_EQ(run(bowl("same", "--budget 1runs")).exit_code, 0);
  const Ran ran = run(bowl("same", "--budget 1runs --seed 3"));
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("seed was 0 and is now 3"));
}

TEST_F(OptimizeTest, StopsAtItsTimeAndBeginsNothingThatWouldNotEndInIt) {
  write_file(folder_ / "slow.sh", "#!/bin/sh\nsleep 1000\n", 0755);
  const Ran ran = run(optimize("timed", "--budget 2s", "slow.sh {x} {n}"));
  EXPECT_EQ(ran.exit_code, 3) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("the budget was spent before a trial of the full task"));
  for (const auto& trial : store("timed")->trials(1))
    EXPECT_EQ(trial.state, TrialState::kPreempted) << trial.id;
}

TEST_F(OptimizeTest, ShowsThePlanAndLeavesNothing) {
  const Ran ran = run(bowl("planned", "--budget 5runs --dry-run"));
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* words : {"minimize loss", "-1 to 2", "small (cost 0.1)", "5 runs", "bowl.sh"})
    EXPECT_THAT(ran.out, HasSubstr(words));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "planned"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "planned.begun"));
  EXPECT_EQ(run("optimize --example").exit_code, 0);

  write_file(folder_ / "one.yml", "parameters: [{name: x, type: int, bounds: [3, 3]}]\n");
  const Ran one = run(fmt::format(
      "optimize -f {}/one.yml --budget 2runs --dry-run --workers 4 -- echo {{x}}", at()));
  EXPECT_EQ(one.exit_code, 0) << one.err;  // one suggestion is all there is
  EXPECT_THAT(one.out, HasSubstr("echo 3"));
}

}  // namespace
}  // namespace frugal::cli
