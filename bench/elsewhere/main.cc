// What it costs to work for a coordinator whose folder one does not see, over a line of that round
// trip and speed: the first fetch of a data set, one photograph after the other and many at once,
// and what sending checkpoints takes from a training run.
//
//   bench_elsewhere photographs --folder DIR [--count 3000] [--runs 3] [--round-trip-ms 0]
//                               [--megabytes-per-second 0]
//   bench_elsewhere checkpoints [--epochs 20] [--runs 5] [--threads 1] [--side 64]
//                               [--photographs 1000] [--round-trip-ms 0] ...
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/run_folder.h"
#include "elsewhere/relay.h"
#include "experiment/scheduler.h"
#include "serve/depot.h"
#include "serve/server.h"
#include "vision/draw/dataset.h"
#include "worker/mirror.h"
#include "worker/training_executor.h"

namespace frugal::bench {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr const char* kToken = "bench";

struct Options {
  fs::path folder;
  std::size_t count = 3000;
  int runs = 3;
  double round_trip_ms = 0, megabytes_per_second = 0;
  double epochs = 20;
  unsigned threads = 1;
  int side = 64, photographs = 1000;

  Line line() const { return {round_trip_ms / 1e3, megabytes_per_second * 1e6}; }
};

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

double peak_mib(pid_t process) {
  std::ifstream status(fmt::format("/proc/{}/status", process));
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

// Gone with everything in it.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(fs::temp_directory_path() / fmt::format("bench-elsewhere-{}-{}", name, ::getpid())) {
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;  // the system clears what is left
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// A coordinator in a process of its own, until it goes.
class Coordinator {
 public:
  using Furnish = std::function<void(serve::Depot&, experiment::Scheduler&)>;
  Coordinator(const fs::path& run_folder, const Furnish& furnish) {
    FRUGAL_CHECK(::pipe(pipe_) == 0);
    process_ = ::fork();
    if (process_ == 0) serve(run_folder, furnish);
    FRUGAL_CHECK(::read(pipe_[0], &port_, sizeof port_) == sizeof port_);
  }
  ~Coordinator() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  int port() const { return port_; }
  pid_t process() const { return process_; }

 private:
  [[noreturn]] void serve(const fs::path& run_folder, const Furnish& furnish) const {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    serve::share_heaps();
    const SystemClock clock;
    const auto store = experiment::open_sqlite_store((run_folder / "store.db").string());
    experiment::Scheduler scheduler(*store, clock);
    scheduler.set_admission([](const auto&, const auto&) { return false; });
    serve::Depot depot(run_folder);
    furnish(depot, scheduler);
    serve::Server server(scheduler, {.token = kToken, .requests_per_second = 0, .depot = &depot});
    const int port = server.port();
    FRUGAL_CHECK(::write(pipe_[1], &port, sizeof port) == sizeof port);
    int signal = 0;
    ::sigwait(&signals, &signal);
    server.stop();
    ::_exit(0);
  }

  int pipe_[2] = {};
  pid_t process_ = 0;
  int port_ = 0;
};

worker::Client client_through(const Relay& relay) {
  return worker::Client(
      {.address = fmt::format("http://127.0.0.1:{}", relay.port()), .token = kToken});
}

struct Lent {
  std::vector<std::string> hashes;
  std::vector<fs::path> paths;
  std::uint64_t bytes = 0;
};

Lent files_of(const Options& options) {
  Lent lent;
  for (const auto& file : fs::recursive_directory_iterator(options.folder))
    if (file.is_regular_file()) lent.paths.push_back(file.path());
  std::sort(lent.paths.begin(), lent.paths.end());
  lent.paths.resize(std::min(lent.paths.size(), options.count));
  for (const fs::path& path : lent.paths) {
    const std::string content = read_file(path);
    lent.hashes.push_back(sha256(content));
    lent.bytes += content.size();
  }
  return lent;
}

// As a worker does it that finds nothing here, or with no more than one photograph a request.
double fetch(worker::Client& client, const Lent& lent, bool many, const std::string& name) {
  const Folder folder(name);
  worker::NodeCache cache(folder.path());
  const auto began = SteadyClock::now();
  const auto run = cache.open_run("bench");
  if (many)
    cache.fetch_many(
        run, lent.hashes, [&](std::span<const std::string> some) { return client.read_many(some); },
        [](std::size_t) {});
  for (const std::string& hash : lent.hashes)
    cache.fetch(hash, [&](std::uint64_t offset) { return client.read(hash, offset); });
  return seconds_since(began);
}

int photographs(const Options& options) {
  const Lent lent = files_of(options);
  const double megabytes = 1e-6 * static_cast<double>(lent.bytes);
  fmt::print("{} files, {:.0f} MB; round trip {:g} ms, {:g} MB/s (0: no limit)\n",
             lent.paths.size(), megabytes, options.round_trip_ms, options.megabytes_per_second);
  const Folder folder("coordinator");
  const Coordinator coordinator(folder.path(), [&](serve::Depot& depot, auto&) {
    for (std::size_t i = 0; i < lent.paths.size(); ++i)
      depot.offer_content(lent.hashes[i], lent.paths[i]);
  });
  const Relay relay(coordinator.port(), options.line());
  worker::Client client = client_through(relay);
  fmt::print(
      "| run | | seconds | photographs/s | MB/s | processor, s | coordinator, MiB |\n"
      "|--:|---|--:|--:|--:|--:|--:|\n");
  for (int run = 1; run <= options.runs; ++run)
    for (const bool many : {false, true}) {
      const double cpu_before = cpu_seconds();
      const double seconds = fetch(client, lent, many, "node");
      fmt::print("| {} | {} | {:.2f} | {:.0f} | {:.1f} | {:.2f} | {:.0f} |\n", run,
                 many ? "many at once" : "one by one", seconds,
                 static_cast<double>(lent.hashes.size()) / seconds, megabytes / seconds,
                 cpu_seconds() - cpu_before, peak_mib(coordinator.process()));
      std::fflush(stdout);
    }
  return 0;
}

// What the executor does, timed.
class Timed final : public worker::Executor {
 public:
  explicit Timed(worker::TrainingExecutor& executor) : executor_(executor) {}
  worker::Outcome run(const worker::Lease& lease, worker::Context& context) override {
    const auto began = SteadyClock::now();
    const double cpu_before = cpu_seconds();
    worker::Outcome outcome = executor_.run(lease, context);
    cpu = cpu_seconds() - cpu_before;
    whole = seconds_since(began);
    const Json history = outcome.metadata.value("history", Json::array());
    training = history.empty() ? 0 : history.back().value("wall_seconds", 0.0);
    return outcome;
  }
  double cpu = 0, whole = 0, training = 0;

 private:
  worker::TrainingExecutor& executor_;
};

train::Recipe recipe(const Options& options) {
  train::Recipe recipe;
  recipe.network = "resnet18";
  recipe.height = recipe.width = options.side;
  recipe.epochs = options.epochs;
  recipe.head_start = train::HeadStart::kZero;
  return recipe;
}

void furnish(const Options& options, const cli::RunFolder& run, const cli::RunData& data,
             serve::Depot& depot, experiment::Scheduler& scheduler) {
  depot.offer("dataset.json", run.dataset());
  depot.offer("split.json", run.split());
  for (const auto& photograph : data.dataset.photographs)
    depot.offer_content(photograph.content_hash, photograph.path);
  using optimizer::ParameterType;
  experiment::Experiment described{
      .name = "checkpoints",
      .space = optimizer::Space(
          {{.name = "learning_rate", .type = ParameterType::kDouble, .min = 1e-4, .max = 0.1}}),
      .tasks = {{"full", 1.0}},
      .suggester = "random",
      .seed = 1};
  described.metadata["training"] = to_json(worker::TrainingSetup{
      .folder = run.path().string(), .weights = "", .recipe = to_json(recipe(options))});
  const auto experiment = scheduler.create(described);
  const auto point =
      optimizer::assignments_from_json({{"learning_rate", 0.01}}, experiment.space, "bench");
  for (int trial = 0; trial < 2 * (options.runs + 1); ++trial) {
    Json metadata = {{"seed", trial}};
    if (trial < 2) metadata["changes"] = {{"epochs", 1}};  // to warm up
    scheduler.queue(experiment.id, {point, 0}, metadata);
  }
}

// The next trial, by a worker that sees the run's folder, or does not.
void train(worker::Client& client, worker::TrainingExecutor& executor, Timed& timed,
           worker::Mirror* mirror) {
  executor.use(mirror);
  timed.whole = 0;
  const auto summary = worker::run_worker(
      client, timed,
      {.name = "bench", .wait_seconds = 0, .should_stop = [&] { return timed.whole > 0; }});
  if (summary.observed != 1) throw InputError("the trial came to nothing");
}

int checkpoints(const Options& options) {
  const Folder home("home"), node("node");
  SilentProgress silence;
  draw::DrawOptions drawing;
  drawing.classes = 10;
  drawing.per_class = options.photographs / drawing.classes;
  drawing.size = options.side;
  draw::draw_dataset(drawing, home.path() / "photographs", silence);
  const cli::RunFolder run((home.path() / "run").string());
  fs::create_directories(run.path());
  const cli::RunData data =
      run.prepare_data({.data = (home.path() / "photographs").string()}, {.seed = 1}, 1, silence);
  const Coordinator coordinator(run.path(),
                                [&](serve::Depot& depot, experiment::Scheduler& scheduler) {
                                  furnish(options, run, data, depot, scheduler);
                                });
  const Relay relay(coordinator.port(), options.line());
  worker::Client client = client_through(relay);
  worker::TrainingExecutor executor(options.threads);
  Timed timed(executor);
  worker::Mirror mirror(client, worker::NodeCache(node.path()), [](const std::string&) {});
  train(client, executor, timed, nullptr);
  train(client, executor, timed, &mirror);
  fmt::print(
      "ResNet-18 at {}, {} photographs, {:g} epochs, threads {}; round trip {:g} ms, {:g} "
      "MB/s (0: no limit)\n| run | folder | seconds | training | beside it | processor, s | "
      "MB sent |\n|--:|---|--:|--:|--:|--:|--:|\n",
      options.side, options.photographs, options.epochs, options.threads, options.round_trip_ms,
      options.megabytes_per_second);
  for (int i = 1; i <= options.runs; ++i)
    for (worker::Mirror* const used : {static_cast<worker::Mirror*>(nullptr), &mirror}) {
      const auto before = relay.bytes_up();
      train(client, executor, timed, used);
      fmt::print("| {} | {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.0f} |\n", i,
                 used == nullptr ? "seen" : "not seen", timed.whole, timed.training,
                 timed.whole - timed.training, timed.cpu,
                 1e-6 * static_cast<double>(relay.bytes_up() - before));
      std::fflush(stdout);
    }
  return 0;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app("What it costs to work for a coordinator whose folder one does not see");
  app.require_subcommand(1);
  CLI::App& fetching = *app.add_subcommand("photographs", "the first fetch of a data set");
  fetching.add_option("--folder", options.folder, "with photographs")->required();
  fetching.add_option("--count", options.count, "of them, at most");
  CLI::App& training = *app.add_subcommand("checkpoints", "what sending them takes from training");
  training.add_option("--epochs", options.epochs);
  training.add_option("--threads", options.threads);
  training.add_option("--side", options.side, "pixels");
  training.add_option("--photographs", options.photographs, "drawn, of ten classes");
  for (CLI::App* command : {&fetching, &training}) {
    command->add_option("--runs", options.runs);
    command->add_option("--round-trip-ms", options.round_trip_ms);
    command->add_option("--megabytes-per-second", options.megabytes_per_second);
  }
  CLI11_PARSE(app, argc, argv);
  return fetching.parsed() ? photographs(options) : checkpoints(options);
}

}  // namespace
}  // namespace frugal::bench

int main(int argc, char** argv) {
  try {
    return frugal::bench::run(argc, argv);
  } catch (const frugal::Error& error) {
    fmt::print(stderr, "bench_elsewhere: {}\n", error.what());
    return 2;
  }
}
