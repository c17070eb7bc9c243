// The launcher of Slurm jobs on a real cluster (of pretend nodes), with workers that are shell
// scripts. Nothing here waits for a time: each test watches until what it waits for is there.
#include "launch/slurm_launcher.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <map>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "launch/command.h"
#include "launch/slurm_words.h"
#include "launch/test_slurm.h"

namespace frugal::launch {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(SlurmWordsTest, ReadTasksOfOneRunAndNoOther) {
  const auto tasks = tasks_of(
      "frugal-a-1f|12|0|RUNNING|n1|None\n"
      "frugal-b-1f|13|0|RUNNING|n2|None\n"
      "frugal-a-1f|12|1|PENDING||ReqNodeNotAvail, UnavailableNodes:n[1-2]\n",
      "frugal-a-");
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks.at("frugal-a-1f-0").node, "n1");
  EXPECT_EQ(tasks.at("frugal-a-1f-1").id, "12_1");
  EXPECT_EQ(tasks.at("frugal-a-1f-1").reason, "ReqNodeNotAvail, UnavailableNodes:n[1-2]");
}

TEST(SlurmWordsTest, KeepEveryWordOfTheWorkersCommand) {
  SlurmOptions options;
  options.command = {"echo", "it's $HOME", "{name}"};
  options.log_folder = "/a b";
  EXPECT_THAT(job_script(options),
              AllOf(HasSubstr(R"('echo' 'it'\''s $HOME' "$name" &)"), HasSubstr("left='/a b'/")));
}

TEST(SlurmNodesTest, WithoutSlurmOnThePathSaySo) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  EXPECT_THAT([] { check_slurm({}); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("no sbatch on the path"), HasSubstr("--on local"))));
  ::setenv("PATH", path.c_str(), 1);
}

class SlurmLauncherTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!cluster().obstacle().empty()) GTEST_SKIP() << cluster().obstacle();
    std::string pattern = (std::filesystem::temp_directory_path() / "frugal_jobs.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    options_ = options("");
    cluster().revive();
  }
  void TearDown() override {
    launcher_.reset();
    std::error_code ignored;  // who is just ending may still write
    std::filesystem::remove_all(folder_, ignored);
  }
  static ThrowawaySlurm& cluster() { return ThrowawaySlurm::get(); }

  // Workers that run that script; $0 is the worker's name, $F the test's folder.
  SlurmOptions options(const std::string& script) {
    SlurmOptions made;
    made.command = {"/bin/sh", "-c", "F=" + folder_.string() + "; " + script, "{name}"};
    made.log_folder = folder_ / "logs";
    made.run = "t" + std::to_string(::getpid());
    made.job.partition = "work";
    made.poll_seconds = 0.1;
    made.first_pause_seconds = 0.1;
    made.on_message = [this](const std::string& text) { messages_ += text + "\n"; };
    return made;
  }
  void launch(const SlurmOptions& options, std::size_t workers) {
    launcher_ = make_slurm_launcher(options, check_slurm(options.job), clock_);
    launcher_->want(workers);
  }

  void watch_until(const std::function<bool()>& condition) {
    while (!condition()) {
      launcher_->watch();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  std::size_t running() const {
    const auto all = launcher_->status();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const auto& worker) { return worker.running; }));
  }
  WorkerStatus first() const { return launcher_->status().at(0); }
  bool has_begun() const {
    return !launcher_->status().empty() && said(first()).find("begun") != std::string::npos;
  }
  std::string said(const WorkerStatus& worker) const {
    return std::filesystem::exists(worker.log) ? read_file(worker.log) : "";
  }
  static std::string slurm(const std::vector<std::string>& words, const std::string& input = "") {
    const CommandResult result = Command(words, input).wait(120);
    EXPECT_TRUE(result.ok()) << words[0] << ": " << result.words();
    return result.output;
  }
  static std::ptrdiff_t count_lines(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  }
  static bool is_queued(const std::string& job_name) {
    const CommandResult result = Command({"squeue", "--noheader", "--format=%j"}).wait(120);
    return !result.ok() || result.output.find(job_name) != std::string::npos;
  }

  static constexpr const char* kStay =
      "echo begun; trap 'echo asked; exit 0' TERM; "
      "while :; do sleep 0.1; done";
  std::filesystem::path folder_;
  SystemClock clock_;
  SlurmOptions options_;
  std::unique_ptr<Launcher> launcher_;
  std::string messages_;
};

TEST_F(SlurmLauncherTest, RunsSixteenWorkersOnFourNodesAndStopsThemCleanly) {
  launch(options(kStay), 16);
  watch_until([&] { return running() == 16; });
  std::map<std::string, int> by_node;
  for (const auto& worker : launcher_->status()) by_node[worker.node] += 1;
  EXPECT_EQ(by_node, (std::map<std::string, int>{{"n1", 4}, {"n2", 4}, {"n3", 4}, {"n4", 4}}));
  watch_until([&] { return has_begun(); });
  const auto names = launcher_->status();
  launcher_->stop(60);
  EXPECT_EQ(running(), 0u);
  EXPECT_FALSE(is_queued("frugal-" + options_.run));
  EXPECT_THAT(said(names[0]), HasSubstr("\nasked\n")) << "and given time";
}

TEST_F(SlurmLauncherTest, LeavesWhoFinishedAloneAndScalesWithWhatIsWanted) {
  launch(options("touch $F/$0.was; while ! [ -e $F/go ]; do sleep 0.1; done"), 2);
  watch_until([&] { return running() == 2; });
  launcher_->want(0);
  write_file(folder_ / "go", "");
  watch_until([&] { return running() == 0; });
  EXPECT_EQ(launcher_->status().size(), 2u);
  std::filesystem::remove(folder_ / "go");
  launcher_->want(1);
  watch_until([&] { return running() == 1; });
  EXPECT_EQ(launcher_->status().size(), 3u);
}

TEST_F(SlurmLauncherTest, CallsOffWhatWaitsWhenLessIsWantedAndTellsSlurmsReason) {
  SlurmOptions few = options(kStay);
  few.patience_seconds = 0;
  launch(few, 20);
  watch_until([&] { return running() == 16; });
  watch_until([&] { return messages_.find("workers wait") != std::string::npos; });
  watch_until([&] {
    return messages_.find("4 for Resources") != std::string::npos ||
           messages_.find("for Priority") != std::string::npos;
  });
  launcher_->want(16);
  watch_until([&] {
    const auto all = launcher_->status();
    return std::none_of(all.begin(), all.end(), [](const auto& w) { return !w.waiting.empty(); });
  });
  EXPECT_EQ(running(), 16u) << "who is at work stays";
}

TEST_F(SlurmLauncherTest, ReplacesWhatWasCancelled) {
  launch(options(kStay), 1);
  watch_until([&] { return has_begun(); });
  const std::string job = first().name.substr(0, first().name.rfind('-'));
  slurm({"scancel", "--name=" + job});
  watch_until([&] { return launcher_->status().size() == 2 && running() == 1; });
}

TEST_F(SlurmLauncherTest, AsksAWorkerOnceBeforeItsTimeIsUpAndReplacesIt) {
  SlurmOptions timed = options(kStay);
  timed.job.time = "10:00";
  launch(timed, 1);
  watch_until([&] { return has_begun(); });
  const WorkerStatus worker = first();
  const std::string job = "--name=" + worker.name.substr(0, worker.name.rfind('-'));
  EXPECT_EQ(slurm({"squeue", "--noheader", "--format=%l", job}), "10:00\n");
  // As Slurm does by itself a minute before the end.
  slurm({"scancel", "--batch", "--signal=USR1", job});
  watch_until([&] { return launcher_->status().size() == 2 && running() == 1; });
  EXPECT_EQ(said(worker), "begun\nasked\n");
}

TEST_F(SlurmLauncherTest, ReplacesWhatAnUrgentJobDroveOutAfterAskingIt) {
  launch(options(kStay), 16);
  watch_until([&] { return running() == 16; });
  watch_until([&] {
    const auto all = launcher_->status();
    return std::all_of(all.begin(), all.end(), [&](const auto& w) { return !said(w).empty(); });
  });
  const auto before = launcher_->status();
  slurm({"sbatch", "--output=/dev/null", "--partition=urgent", "--job-name=urgent", "--ntasks=1",
         "--cpus-per-task=4"},
        "#!/bin/sh\nsleep 1000\n");
  std::string driven_out;
  watch_until([&] {
    for (const auto& worker : before)
      if (said(worker).find("asked") != std::string::npos) driven_out = worker.name;
    return !driven_out.empty();
  });
  slurm({"scancel", "--name=urgent"});
  watch_until([&] { return running() == 16 && launcher_->status().size() >= 20; });
}

TEST_F(SlurmLauncherTest, LeavesANodeAloneAfterThreeFailuresAndNamesIt) {
  launch(
      options("[ $SLURMD_NODENAME != n2 ] || { echo no weights here; exit 2; }; exec sleep 1000"),
      16);
  watch_until([&] { return !launcher_->nodes_left_alone().empty(); });
  EXPECT_EQ(launcher_->nodes_left_alone(), std::vector<std::string>{"n2"});
  EXPECT_EQ(read_file(folder_ / "logs" / "nodes-left-alone"), "n2\n");
  EXPECT_THAT(messages_, AllOf(HasSubstr("the node n2 is left alone"), HasSubstr("no weights here"),
                               HasSubstr("exited with 2")));
  watch_until([&] { return running() == 12; });
  watch_until([&] {
    const auto all = launcher_->status();
    return std::count_if(all.begin(), all.end(), [](const auto& w) {
             return !w.waiting.empty() && w.waiting != "submitted";
           }) == 4;
  });
}

TEST_F(SlurmLauncherTest, LeavesThoseAloneThatACoordinatorBeforeItDid) {
  std::filesystem::create_directories(folder_ / "logs");
  write_file(folder_ / "logs" / "nodes-left-alone", "n1\nn3\nn9\n");
  launch(options(kStay), 2);
  EXPECT_EQ(launcher_->nodes_left_alone(), (std::vector<std::string>{"n1", "n3"}));
  EXPECT_THAT(messages_, AllOf(HasSubstr("n1, n3"), HasSubstr("nodes-left-alone")));
  watch_until([&] { return running() == 2; });
  for (const auto& worker : launcher_->status())
    EXPECT_THAT(worker.node, testing::AnyOf("n2", "n4"));
  launcher_.reset();
  write_file(folder_ / "logs" / "nodes-left-alone", "n1\nn2\nn3\nn4\n");
  launch(options(kStay), 1);  // when none would be left they are tried again
  EXPECT_TRUE(launcher_->nodes_left_alone().empty());
}

TEST_F(SlurmLauncherTest, GivesUpWhenWorkersFailEverywhere) {
  SlurmOptions hopeless = options("echo the weights are missing; exit 2");
  hopeless.first_pause_seconds = 0.01;
  launch(hopeless, 16);
  EXPECT_THAT([&] { watch_until([] { return false; }); },
              ThrowsMessage<SystemError>(
                  AllOf(HasSubstr("no node is left"), HasSubstr("the weights are missing"))));
}

TEST_F(SlurmLauncherTest, GoesOnWhenTheControllerIsKilledAndLosesItsJobs) {
  launch(options(kStay), 2);
  watch_until([&] { return running() == 2; });
  cluster().crash_controller();
  watch_until([&] { return messages_.find("Slurm: ") != std::string::npos; });
  EXPECT_EQ(running(), 2u) << "nothing is known of them, and so nothing is done";
  cluster().revive_without_memory();
  watch_until([&] { return messages_.find("is lost") != std::string::npos; });
  watch_until([&] { return running() == 2; });
  EXPECT_EQ(launcher_->status().size(), 4u);
}

TEST_F(SlurmLauncherTest, ReplacesTheWorkerOfANodeThatDied) {
  launch(options("[ -e $F/zombie ] || echo $$ > $F/zombie; exec sleep 1000"), 1);
  watch_until([&] { return running() == 1 && std::filesystem::exists(folder_ / "zombie"); });
  const std::string node = first().node;
  cluster().crash_node(node);
  slurm({"scontrol", "update", "NodeName=" + node, "State=DOWN", "Reason=test"});
  watch_until([&] { return launcher_->status().size() == 2 && running() == 1; });
  EXPECT_THAT(messages_, HasSubstr("is lost"));
  const int zombie = std::stoi(read_file(folder_ / "zombie"));
  EXPECT_EQ(::kill(zombie, 0), 0) << "its process lives on; a fence keeps its late report out";
  ::kill(zombie, SIGKILL);
  cluster().revive();
  while (count_lines(slurm({"sinfo", "--noheader", "--Node", "--partition=work",
                            "--states=idle,mixed,allocated"})) < 4) {
    // Refused when the node has come back by itself.
    Command({"scontrol", "update", "NodeName=" + node, "State=RESUME"}).wait(120);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

TEST_F(SlurmLauncherTest, CancelsWhatACoordinatorBeforeItLeft) {
  slurm({"sbatch", "--output=/dev/null", "--partition=work",
         "--job-name=frugal-" + options_.run + "-old", "--array=0-1"},
        "#!/bin/sh\nsleep 1000\n");
  launch(options(kStay), 1);
  watch_until([&] { return running() == 1 && !is_queued(options_.run + "-old"); });
}

TEST_F(SlurmLauncherTest, IsRefusedForWhatTheClusterDoesNotHave) {
  SlurmJobOptions job;
  job.partition = "nowhere";
  EXPECT_THAT([&] { check_slurm(job); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("nowhere"), HasSubstr("urgent, work"))));
  job.partition = "work";
  job.threads = 999;
  EXPECT_THAT([&] { check_slurm(job); },
              ThrowsMessage<InputError>(HasSubstr("Slurm refuses such workers")));
  job.threads = 1;
  EXPECT_EQ(check_slurm(job).size(), 4u);
  EXPECT_EQ(check_slurm(job)[0].address, "127.0.0.1");
}

}  // namespace
}  // namespace frugal::launch
