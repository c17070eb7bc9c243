// frugal worker on machines that see nothing of the coordinator's: its folders are hidden behind an
// empty mount where the kernel lets us, else the coordinator calls its run's folder by a name that
// is no folder here.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/program_under_test.h"
#include "cli/run_folder.h"
#include "experiment/scheduler.h"
#include "experiment/test_experiment.h"
#include "serve/depot.h"
#include "serve/server.h"
#include "vision/draw/dataset.h"
#include "vision/train/train.h"
#include "worker/folders.h"
#include "worker/mirror.h"
#include "worker/training_executor.h"

namespace frugal::cli {
namespace {

using experiment::Id;
using experiment::TrialState;

constexpr std::size_t kPhotographs = 24;

class ElsewhereTest : public ProgramTest {
 protected:
  static void SetUpTestSuite() { make_folder("frugal-elsewhere"); }

  ElsewhereTest() {
    SilentProgress silence;
    draw::draw_dataset({.classes = 3, .per_class = kPhotographs / 3, .size = 32},
                       folder_ / "home" / "photographs", silence);
    std::filesystem::create_directories(run_.path());
    data_ = run_.prepare_data({.data = folder_ / "home" / "photographs"}, {.seed = 1}, 1, silence);
    depot_.offer("dataset.json", run_.dataset());
    depot_.offer("split.json", run_.split());
    for (const auto& photograph : data_.dataset.photographs)
      depot_.offer_content(photograph.content_hash, photograph.path);
    write_file(folder_ / "token", "secret", 0600);

    experiment::Experiment described = experiment::test_experiment();
    described.space = optimizer::space_from_json(
        Json::parse(
            R"({"parameters": [{"name": "learning_rate", "type": "double", "bounds": {"min": 1e-4, "max": 0.1}}]})"),
        "test");
    described.tasks = {{"full", 1.0}};
    described.metadata["training"] = to_json(
        worker::TrainingSetup{.folder = called(), .weights = "", .recipe = to_json(recipe())});
    experiment_ = scheduler_.create(described).id;
    // Nothing but what a test queues.
    scheduler_.set_admission([](const auto&, const auto&) { return false; });
  }

  void TearDown() override {
    for (const auto& left : std::filesystem::directory_iterator(folder_))
      std::filesystem::remove_all(left);
  }

  // The run's folder, as the experiment names it.
  std::string called() const { return hides() ? run_.path().string() : at() + "/nowhere/run"; }

  static train::Recipe recipe() {
    train::Recipe recipe;
    recipe.network = "resnet18";
    recipe.height = recipe.width = 32;
    recipe.head_start = train::HeadStart::kZero;
    return recipe;
  }

  Id queue(double epochs) {
    const auto point = optimizer::assignments_from_json(
        {{"learning_rate", 0.01}}, scheduler_.experiment(experiment_).space, "test");
    return scheduler_
        .queue(experiment_, {point, 0},
               {{"seed", 1}, {"keep_model", true}, {"changes", {{"epochs", epochs}}}})
        .id;
  }

  // A worker of a machine of that name.
  pid_t begin(const std::string& node) {
    const std::string own = fmt::format("{}/{}", at(), node);
    std::filesystem::create_directories(own);
    const std::string command = fmt::format(
        "exec env HOME={0} XDG_CACHE_HOME={0}/cache {1} worker --coordinator {2} "
        "--token-file {3}/token --name {4}",
        own, FRUGAL_PROGRAM, server_.address(), at(), node);
    const std::string hidden =
        hides() ? fmt::format("mount -t tmpfs none {}/home && cd {} && {}", at(), own, command)
                : command;
    const std::string log = fmt::format("{}/{}.log", at(), node);
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::freopen(log.c_str(), "a", stdout);
    ::freopen(log.c_str(), "a", stderr);
    if (hides())
      ::execlp("unshare", "unshare", "--mount", "sh", "-c", hidden.c_str(), nullptr);
    else
      ::execlp("sh", "sh", "-c", hidden.c_str(), nullptr);
    ::_exit(127);
  }

  // Whether this process may give a child a view of the file system of its own.
  static bool hides() {
    static const bool possible =
        std::system("unshare --mount sh -c 'mount -t tmpfs none /mnt' > /dev/null 2>&1") == 0;
    return possible;
  }

  std::string log(const std::string& node) const { return read_file(folder_ / (node + ".log")); }

  // Until it holds; false when the worker ended before.
  template <typename Condition>
  bool wait_until(pid_t worker, Condition condition) {
    while (!condition()) {
      siginfo_t ended{};
      if (::waitid(P_PID, static_cast<id_t>(worker), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
          ended.si_pid == worker)
        return condition();
      scheduler_.expire();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  std::size_t evaluations(Id trial) const {
    return scheduler_.trial(trial).progress.value("history", Json::array()).size();
  }

  std::size_t requests(const std::string& route) const {
    const std::string lines = read_file(folder_ / "access.log");
    std::size_t count = 0;
    for (auto at = lines.find(route); at != std::string::npos; at = lines.find(route, at + 1))
      ++count;
    return count;
  }

  const RunFolder run_{at() + "/home/run"};
  RunData data_;
  SystemClock clock_;
  std::unique_ptr<experiment::Store> store_ = [this] {
    std::filesystem::create_directories(run_.path());
    return experiment::open_sqlite_store(run_.store());
  }();
  experiment::Scheduler scheduler_{*store_, clock_};
  serve::Depot depot_{run_.path()};
  serve::Server server_{scheduler_,
                        {.token = "secret",
                         .access_log = at() + "/access.log",
                         .heartbeat_seconds = 0.1,
                         .depot = &depot_}};
  Id experiment_ = 0;
};

TEST_F(ElsewhereTest, AnotherMachineGoesOnFromTheCheckpointThatWasSent) {
  const Id trial = queue(100'000);
  const pid_t first = begin("node1");
  // One that was sent after the third epoch.
  std::optional<std::filesystem::file_time_type> early;
  const auto sent_late = [&] {
    if (evaluations(trial) < 3 || std::filesystem::is_empty(run_.checkpoints())) return false;
    const auto time = last_write_time(*std::filesystem::directory_iterator(run_.checkpoints()));
    if (!early) early = time;
    return time != *early;
  };
  std::filesystem::create_directories(run_.checkpoints());
  ASSERT_TRUE(wait_until(first, sent_late)) << log("node1");
  ::kill(first, SIGKILL);
  wait_for_end(first);
  scheduler_.worker_is_gone("node1");
  ASSERT_EQ(scheduler_.trial(trial).state, TrialState::kPreempted);

  const std::string route = "GET /v1/blobs/{sha256}";
  const auto bytes = file_size(*std::filesystem::directory_iterator(run_.checkpoints()));
  const std::size_t before = requests(route), pieces = (bytes + (1 << 20) - 1) >> 20;
  const Json last_word = scheduler_.trial(trial).progress.at("history");
  const pid_t second = begin("node2");
  const auto goes_on = [&] {
    const auto now = scheduler_.trial(trial);
    return now.worker == "node2" && now.progress.value("history", Json::array()) != last_word &&
           evaluations(trial) > 0;
  };
  ASSERT_TRUE(wait_until(second, goes_on)) << log("node2");
  EXPECT_EQ(requests(route) - before, 2 + pieces) << "data set, split, checkpoint";
  EXPECT_GT(scheduler_.trial(trial).progress["history"][0]["epochs"], 3) << "and no epoch again";

  // Asked to go, it sends a last checkpoint and gives the trial back.
  ::kill(second, SIGTERM);
  wait_for_end(second);
  const auto released = scheduler_.trial(trial);
  EXPECT_EQ(released.state, TrialState::kPreempted);
  const std::filesystem::path checkpoint = released.checkpoint;
  EXPECT_EQ(checkpoint.parent_path(), called() + "/checkpoints") << "by the coordinator's name";
  const auto runs = std::filesystem::directory_iterator(folder_ / "node2/cache/frugal/runs");
  EXPECT_EQ(sha256(read_file(run_.checkpoints() / checkpoint.filename())),
            sha256(read_file(runs->path() / "checkpoints" / checkpoint.filename())));
}

TEST_F(ElsewhereTest, PhotographsComeOnceForAMachineAndResultsGoBack) {
  const Id one = queue(1);
  const pid_t worker = begin("node3");
  const auto is_done = [&](Id trial) {
    return [this, trial] { return scheduler_.trial(trial).state == TrialState::kDone; };
  };
  ASSERT_TRUE(wait_until(worker, is_done(one))) << log("node3");
  EXPECT_EQ(requests("GET /v1/blobs/{sha256}"), 2u) << "data set and split";
  const Id two = queue(2);
  ASSERT_TRUE(wait_until(worker, is_done(two))) << log("node3");
  ::kill(worker, SIGKILL);  // another process of the same machine finds them too
  wait_for_end(worker);
  const Id three = queue(3);
  const pid_t another = begin("node3");
  ASSERT_TRUE(wait_until(another, is_done(three))) << log("node3");
  ::kill(another, SIGKILL);
  wait_for_end(another);
  EXPECT_EQ(requests("POST /v1/blobs/batch"), 1u) << "all photographs, once for the machine";
  for (const auto& photograph : data_.dataset.photographs)
    EXPECT_EQ(requests(photograph.content_hash), 0u) << "none by itself";
  for (const Id trial : {one, two, three}) {
    const std::filesystem::path left = worker::trial_folder(run_.path(), trial);
    EXPECT_EQ(train::Model::load(left / "model").classes().size(), 3u);
    EXPECT_TRUE(std::filesystem::exists(left / "trial.json"));
  }
}

TEST_F(ElsewhereTest, WhoIsAskedToGoWhilePhotographsComeGoesAndTheNextGoesOn) {
  worker::Client client({.address = server_.address(), .token = "secret"});
  std::vector<std::string> said;
  const auto listen = [&](const std::string& text) { said.push_back(text); };
  const worker::NodeCache cache(folder_ / "cache");
  int questions = 0;
  EXPECT_THROW(worker::Mirror(client, cache, listen)
                   .place_of(called(), false, [&] { return ++questions > 2; }),
               Stopped);
  EXPECT_EQ(requests("GET /v1/blobs/{sha256}"), 2u) << "split and data set, no photograph";
  const auto place =
      worker::Mirror(client, cache, listen).place_of(called(), false, [] { return false; });
  EXPECT_EQ(requests("GET /v1/blobs/{sha256}"), 2u);
  EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(place.folder) / "dataset.json"));
  EXPECT_EQ(said.size(), 1u);
}

}  // namespace
}  // namespace frugal::cli
