// How the scheduler and its store grow: so many workers, each a thread that leases a trial, sends
// one heartbeat and observes, at once and without training anything, until there are so many
// trials.
//
//   bench_scale [--store FILE|postgresql://...] [--workers 1,10,100,1000] [--trials 100,...]
//               [--filled 0,...] [--suggester random] [--seconds 60]
//
// --seconds: of one row, at most; it says how far it came. --filled: so many trials are done before
// it begins. A file is made anew for each row; of PostgreSQL give an empty database, where the
// rows' experiments lie side by side.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "experiment/scheduler.h"

namespace frugal::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::string store;
  std::vector<std::size_t> workers = {1, 10, 100, 1000};
  std::vector<std::size_t> trials = {100, 1000, 10000, 100000};
  std::vector<std::size_t> filled = {0};
  std::string suggester = "random";
  double seconds = 60;
};

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

struct Times {
  std::vector<double> lease, beat, observe;  // seconds
  void add(const Times& other) {
    lease.insert(lease.end(), other.lease.begin(), other.lease.end());
    beat.insert(beat.end(), other.beat.begin(), other.beat.end());
    observe.insert(observe.end(), other.observe.begin(), other.observe.end());
  }
};

std::string quantiles(std::vector<double> times) {
  if (times.empty()) return "-";
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) {
    return 1000 * times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  return fmt::format("{:.2f} / {:.2f}", at(0.5), at(0.99));
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

experiment::Experiment problem(const std::string& suggester) {
  using optimizer::Parameter;
  using optimizer::ParameterType;
  return {
      .name = "scale",
      .space = optimizer::Space(
          {Parameter{
               .name = "rate", .type = ParameterType::kDouble, .min = 1e-5, .max = 1, .log = true},
           Parameter{.name = "decay", .type = ParameterType::kDouble, .min = 0, .max = 1},
           Parameter{.name = "layers", .type = ParameterType::kInt, .min = 1, .max = 100},
           Parameter{.name = "head",
                     .type = ParameterType::kCategorical,
                     .categories = {"a", "b", "c"}}}),
      .tasks = {{"full", 1.0}},
      .suggester = suggester,
      .seed = 1};
}

// What a model has something to learn of.
double value_at(const optimizer::Assignments& assignments) {
  const double rate = std::log10(std::get<double>(assignments.at("rate"))) + 3;
  const double decay = std::get<double>(assignments.at("decay")) - 0.3;
  return 1 - rate * rate / 10 - decay * decay;
}

// As if so many trials had been done; they come in one transaction.
void fill(experiment::Store& store, const experiment::Experiment& experiment, std::size_t trials) {
  RandomStream random(1);
  store.transact([&] {
    for (std::size_t i = 0; i < trials; ++i) {
      const optimizer::Suggestion point{experiment.space.sample(random), 0};
      experiment::Trial trial{.experiment = experiment.id,
                              .suggestion = point,
                              .state = experiment::TrialState::kDone,
                              .fence = 1,
                              .worker = "w",
                              .attempts = 1};
      trial.created = trial.started = trial.ended = 1;
      const experiment::Id id = store.add(trial);
      store.add(experiment::Observation{.experiment = experiment.id,
                                        .trial = id,
                                        .point = point,
                                        .value = value_at(point.assignments),
                                        .created = 1});
    }
  });
}

// One worker, until the trials or the time are used up.
Times work(experiment::Scheduler& scheduler, experiment::Id experiment, const std::string& name,
           SteadyClock::time_point end) {
  Times times;
  const auto timed = [](std::vector<double>& into, auto call) {
    const auto began = SteadyClock::now();
    auto result = call();
    into.push_back(seconds_since(began));
    return result;
  };
  while (SteadyClock::now() < end) {
    const auto trial = timed(times.lease, [&] { return scheduler.lease(experiment, name); });
    if (!trial) break;
    timed(times.beat, [&] {
      return scheduler.heartbeat(trial->id, trial->fence, {{"epoch", 1}}, {.wall_seconds = 1});
    });
    timed(times.observe, [&] {
      scheduler.observe(trial->id, trial->fence,
                        {.value = value_at(trial->suggestion.assignments)});
      return true;
    });
  }
  return times;
}

void row(const Options& options, std::size_t workers, std::size_t trials, std::size_t filled) {
  const SystemClock clock;
  const std::string file = fmt::format("/tmp/bench-scale-{}.db", ::getpid());
  const auto store = experiment::open_store(options.store.empty() ? file : options.store);
  const auto described = experiment::Scheduler(*store, clock).create(problem(options.suggester));
  const experiment::Id experiment = described.id;
  fill(*store, described, filled);
  const auto opened = SteadyClock::now();
  experiment::Scheduler scheduler(*store, clock);
  const double opening = seconds_since(opened);
  std::atomic<std::size_t> begun = 0;
  scheduler.set_admission([&](const auto&, const auto&) { return ++begun <= trials; });
  const auto before = scheduler.written();
  const auto began = SteadyClock::now();
  const auto end = began + std::chrono::duration_cast<SteadyClock::duration>(
                               std::chrono::duration<double>(options.seconds));
  Times all;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < workers; ++i)
    threads.emplace_back([&, i] {
      const Times times = work(scheduler, experiment, fmt::format("w{}", i), end);
      const std::lock_guard lock(mutex);
      all.add(times);
    });
  for (std::thread& thread : threads) thread.join();
  const double took = seconds_since(began);
  const auto written = scheduler.written();
  fmt::print("| {} | {} | {:.2f} | {} | {:.0f} | {} | {} | {} | {:.1f} | {:.0f} |\n", workers,
             filled, opening, all.observe.size(), static_cast<double>(all.observe.size()) / took,
             quantiles(all.lease), quantiles(all.beat), quantiles(all.observe),
             static_cast<double>(written.changes - before.changes) /
                 static_cast<double>(written.transactions - before.transactions),
             resident_mib());
  std::fflush(stdout);
  if (!options.store.empty()) return;
  for (const char* ending : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(file + ending);
}

std::vector<std::size_t> numbers(const std::string& text) {
  std::vector<std::size_t> all;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) all.push_back(std::stoul(word));
  return all;
}

int run(const Options& options) {
  fmt::print(
      "| workers | trials before | opened in, s | done | trials/s | lease ms, median / 99 % | "
      "heartbeat ms | "
      "observe ms | changes a commit | MiB |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  for (const std::size_t workers : options.workers)
    for (const std::size_t filled : options.filled)
      for (const std::size_t trials : options.trials)
        if (trials >= workers) row(options, workers, trials, filled);
  return 0;
}

}  // namespace
}  // namespace frugal::bench

int main(int argc, char** argv) {
  frugal::bench::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--store") options.store = value;
    if (name == "--workers") options.workers = frugal::bench::numbers(value);
    if (name == "--trials") options.trials = frugal::bench::numbers(value);
    if (name == "--filled") options.filled = frugal::bench::numbers(value);
    if (name == "--suggester") options.suggester = value;
    if (name == "--seconds") options.seconds = std::stod(value);
  }
  return frugal::bench::run(options);
}
