#include "launch/launcher.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"

namespace frugal::launch {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class LocalLauncherTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "frugal_launch.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    std::error_code ignored;  // who is just ending may still write
    std::filesystem::remove_all(folder_, ignored);
  }

  LocalOptions shell(const std::string& script) {
    LocalOptions options;
    options.command = {"/bin/sh", "-c", script, "{name}"};
    options.log_folder = folder_ / "logs";
    return options;
  }

  // Watches until the condition holds.
  template <typename Condition>
  void watch_until(Launcher& launcher, Condition condition) {
    while (!condition()) {
      launcher.watch();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  static bool is_alive(int pid) { return ::kill(pid, 0) == 0; }

  std::filesystem::path folder_;
  ManualClock clock_;
};

TEST_F(LocalLauncherTest, GivesEachWorkerItsNameItsLogAndAnEmptyInput) {
  const auto launcher = make_local_launcher(shell("cat; echo I am $0; echo oops >&2"), clock_);
  launcher->want(2);
  watch_until(*launcher, [&] {
    const auto all = launcher->status();
    return !all[0].running && !all[1].running;
  });
  const auto all = launcher->status();
  EXPECT_EQ(all[1].name, "local-2");
  EXPECT_EQ(all[1].exit_code, 0);
  EXPECT_EQ(read_file(all[1].log), "I am local-2\noops\n");
}

TEST_F(LocalLauncherTest, LeavesAWorkerThatFinishedAlone) {
  const auto launcher = make_local_launcher(shell("exit 0"), clock_);
  launcher->want(1);
  watch_until(*launcher, [&] { return !launcher->status()[0].running; });
  clock_.advance(1000);
  launcher->watch();
  EXPECT_EQ(launcher->status()[0].starts, 1);
}

TEST_F(LocalLauncherTest, StartsADeadWorkerAgainAfterAPauseThatGrows) {
  std::vector<std::string> deaths;
  LocalOptions options = shell("exec sleep 1000");
  options.young_seconds = 0;
  options.on_death = [&](const WorkerStatus& status) { deaths.push_back(describe_end(status)); };
  const auto launcher = make_local_launcher(options, clock_);
  launcher->want(1);
  ::kill(launcher->status()[0].pid, SIGKILL);
  watch_until(*launcher, [&] { return !deaths.empty(); });
  EXPECT_EQ(deaths[0], "was killed by signal 9 (Killed)");
  launcher->watch();
  EXPECT_FALSE(launcher->status()[0].running) << "the clock stands still";
  clock_.advance(0.5);
  launcher->watch();
  EXPECT_TRUE(launcher->status()[0].running);
  EXPECT_EQ(launcher->status()[0].starts, 2);
}

TEST_F(LocalLauncherTest, GivesUpAfterThreeQuickDeathsWithTheEndOfTheLog) {
  const auto launcher = make_local_launcher(shell("echo the GPU is on fire; exit 7"), clock_);
  launcher->want(1);
  EXPECT_THAT(
      [&] {
        watch_until(*launcher, [&] {
          clock_.advance(1);
          return false;
        });
      },
      ThrowsMessage<SystemError>(AllOf(HasSubstr("local-1 died 3 times"),
                                       HasSubstr("exited with 7"),
                                       HasSubstr("the GPU is on fire"))));
}

TEST_F(LocalLauncherTest, ForgetsQuickDeathsAfterALongLife) {
  LocalOptions options = shell("exec sleep 1000");
  int deaths = 0;
  options.on_death = [&](const WorkerStatus&) { ++deaths; };
  const auto launcher = make_local_launcher(options, clock_);
  launcher->want(1);
  for (int death = 1; death <= 6; ++death) {
    if (death == 3) clock_.advance(100);  // this one has lived long
    ::kill(launcher->status()[0].pid, SIGKILL);
    if (death == 6) {
      EXPECT_THROW(watch_until(*launcher, [&] { return deaths == death; }), SystemError);
      break;
    }
    watch_until(*launcher, [&] { return deaths == death; });
    clock_.advance(9);
    const bool again = [&] {
      launcher->watch();
      return launcher->status()[0].running;
    }();
    if (!again) {
      clock_.advance(60);
      launcher->watch();
    }
    ASSERT_TRUE(launcher->status()[0].running) << death;
  }
}

TEST_F(LocalLauncherTest, StopsAllAndKillsWhatDoesNotListen) {
  const std::string ready = (folder_ / "ready").string();
  const auto launcher = make_local_launcher(
      shell("trap '' TERM; sleep 1000 & echo $! > " + ready + ".$0; wait"), clock_);
  launcher->want(2);
  const auto child = [&](int i) {
    int pid = 0;
    std::ifstream(ready + ".local-" + std::to_string(i)) >> pid;
    return pid;
  };
  watch_until(*launcher, [&] { return child(1) > 0 && child(2) > 0; });
  launcher->stop(0.05);
  for (const auto& status : launcher->status()) {
    EXPECT_EQ(status.signal, SIGKILL);
    EXPECT_FALSE(is_alive(status.pid));
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no zombie is left";
}

TEST_F(LocalLauncherTest, LetsAWorkerEndInGoodOrder) {
  const std::string ready = (folder_ / "ready").string();
  const auto launcher = make_local_launcher(
      shell("trap 'echo saved; exit 3' TERM; touch " + ready + "; while :; do sleep 0.01; done"),
      clock_);
  launcher->want(1);
  watch_until(*launcher, [&] { return std::filesystem::exists(ready); });
  launcher->stop(60);
  EXPECT_EQ(launcher->status()[0].exit_code, 3);
  EXPECT_EQ(read_file(launcher->status()[0].log), "saved\n");
}

TEST_F(LocalLauncherTest, SaysWhatItCannotStart) {
  LocalOptions options = shell("");
  options.command = {"/no/such/program"};
  const auto launcher = make_local_launcher(options, clock_);
  EXPECT_THAT([&] { launcher->want(1); },
              ThrowsMessage<SystemError>(HasSubstr("cannot start /no/such/program")));
}

}  // namespace
}  // namespace frugal::launch
