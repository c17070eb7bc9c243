#include "spot/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <queue>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "experiment/scheduler.h"

namespace frugal::bench {
namespace {

using experiment::Id;
using experiment::Trial;

constexpr double kHeartbeatSeconds = 30;
constexpr double kExpireSeconds = 5;
constexpr double kAskAgainSeconds = 10;
constexpr double kNever = 1e18;

struct Machine {
  int life = 0;  // how often it was replaced; events of an earlier life are void
  bool is_up = false;
  double paid_since = 0;
  std::optional<Trial> trial;
  double began = 0;        // the attempt
  double from = 0;         // progress at that time, seconds of work
  double needed = 0;       // of the whole trial
  double wasted_from = 0;  // progress that this attempt has to do again, up to here
};

enum class Kind { kAsk, kBeat, kDone, kNotice, kGone, kExpire };

struct Event {
  double time = 0;
  Kind kind = Kind::kExpire;
  std::size_t machine = 0;
  int life = 0;
  Id trial = 0;
  bool operator>(const Event& other) const { return time > other.time; }
};

class Fleet {
 public:
  Fleet(const Market& market, const FleetOptions& options, const std::string& store)
      : market_(market),
        options_(options),
        store_(experiment::open_sqlite_store(store)),
        scheduler_(*store_, clock_),
        machines_(options.machines) {
    const experiment::Experiment experiment{
        .name = "fleet",
        .space = optimizer::Space({optimizer::Parameter{
            .name = "x", .type = optimizer::ParameterType::kDouble, .min = 0, .max = 1}}),
        .tasks = {{"full", 1.0}},
        .suggester = "random"};
    experiment_ = scheduler_.create(experiment).id;
    scheduler_.set_admission(
        [this](const auto&, const auto&) { return ++begun_ <= options_.trials; });
  }

  FleetResult run() {
    for (std::size_t i = 0; i < machines_.size(); ++i) rent(i, 0);
    push({.time = kExpireSeconds, .kind = Kind::kExpire});
    while (result_.observed < options_.trials) {
      const Event event = events_.top();
      events_.pop();
      clock_.advance(event.time - now());
      handle(event);
    }
    result_.hours = now() / 3600;
    for (std::size_t i = 0; i < machines_.size(); ++i) give_back(i);
    result_.dollars = result_.machine_hours * market_.dollars_per_hour;
    result_.doubled = scheduler_.observations(experiment_).size() - result_.observed;
    return result_;
  }

 private:
  double now() const { return clock_.now_seconds(); }
  void push(const Event& event) { events_.push(event); }
  void after(double seconds, Kind kind, std::size_t machine, Id trial = 0) {
    push({now() + seconds, kind, machine, machines_[machine].life, trial});
  }
  RandomStream random(const char* what, std::uint64_t a, std::uint64_t b = 0) const {
    return RandomStream(options_.seed).derive(what).derive(a).derive(b);
  }

  void handle(const Event& event) {
    if (event.kind == Kind::kExpire) {
      scheduler_.expire();
      return push({.time = now() + kExpireSeconds, .kind = Kind::kExpire});
    }
    Machine& machine = machines_[event.machine];
    if (event.life != machine.life) return;
    const bool is_of_trial = machine.trial && machine.trial->id == event.trial;
    switch (event.kind) {
      case Kind::kAsk:
        return ask(event.machine);
      case Kind::kBeat:
        if (is_of_trial) beat(event.machine);
        return;
      case Kind::kDone:
        if (is_of_trial) finish(event.machine);
        return;
      case Kind::kNotice:
        return notice(event.machine);
      case Kind::kGone:
        return go(event.machine);
      case Kind::kExpire:
        return;
    }
  }

  // Found after so long, and not paid for until then.
  void rent(std::size_t i, double seconds) {
    Machine& machine = machines_[i];
    machine.is_up = true;
    machine.paid_since = now() + seconds;
    after(seconds + options_.boot_seconds, Kind::kAsk, i);
    if (market_.interruptions_per_hour <= 0) return;
    auto stream = random("life", i, static_cast<std::uint64_t>(machine.life));
    const double lives = -std::log(1 - stream.uniform()) * 3600 / market_.interruptions_per_hour;
    const bool is_silent = stream.uniform() < options_.silent_share;
    after(seconds + lives, is_silent ? Kind::kGone : Kind::kNotice, i);
  }

  void give_back(std::size_t i) {
    Machine& machine = machines_[i];
    if (!machine.is_up) return;
    machine.is_up = false;
    machine.life += 1;
    result_.machine_hours += std::max(0.0, now() - machine.paid_since) / 3600;
  }

  std::string name(std::size_t i) const { return fmt::format("m{}-{}", i, machines_[i].life); }

  void ask(std::size_t i) {
    const auto trial = scheduler_.lease(experiment_, name(i));
    if (!trial) {
      // Nothing to do: it is given back, unless a trial of a lost machine may come.
      if (begun_ > options_.trials && scheduler_.open_trials(experiment_) < machines_up())
        return give_back(i);
      return after(kAskAgainSeconds, Kind::kAsk, i);
    }
    Machine& machine = machines_[i];
    machine.trial = trial;
    machine.began = now();
    machine.from = saved_[trial->id];
    machine.wasted_from = reached_[trial->id];
    auto stream = random("trial", static_cast<std::uint64_t>(trial->id));
    machine.needed = options_.trial_seconds * std::exp(0.5 * stream.normal());
    const double seconds = wall_of(machine.needed - machine.from);
    after(seconds, Kind::kDone, i, trial->id);
    after(kHeartbeatSeconds, Kind::kBeat, i, trial->id);
  }

  std::size_t machines_up() const {
    return static_cast<std::size_t>(std::count_if(
        machines_.begin(), machines_.end(), [](const Machine& machine) { return machine.is_up; }));
  }

  // With its checkpoints.
  double wall_of(double work) const {
    return work * (1 + options_.checkpoint_seconds / options_.checkpoint_every_seconds);
  }
  double progress(const Machine& machine) const {
    return std::min(machine.needed, machine.from + (now() - machine.began) / wall_of(1));
  }

  void beat(std::size_t i) {
    const Machine& machine = machines_[i];
    scheduler_.heartbeat(machine.trial->id, machine.trial->fence, Json(), cost(machine));
    after(kHeartbeatSeconds, Kind::kBeat, i, machine.trial->id);
  }

  experiment::Cost cost(const Machine& machine) const {
    return {.wall_seconds = now() - machine.began};
  }

  // The attempt is over, having reached that progress, of which so much is kept.
  void account(Machine& machine, double reached, double kept) {
    const Id trial = machine.trial->id;
    const double repeated =
        std::clamp(std::min(reached, machine.wasted_from) - machine.from, 0.0, kNever);
    result_.repeated_hours += repeated / 3600;
    result_.work_hours += (reached - machine.from - repeated) / 3600;
    result_.checkpoint_hours += (now() - machine.began - (reached - machine.from)) / 3600;
    reached_[trial] = std::max(reached_[trial], reached);
    saved_[trial] = kept;
    machine.trial.reset();
  }

  void finish(std::size_t i) {
    Machine& machine = machines_[i];
    scheduler_.observe(machine.trial->id, machine.trial->fence,
                       {.value = 1, .cost = cost(machine)});
    result_.observed += 1;
    account(machine, machine.needed, machine.needed);
    ask(i);
  }

  // Its last checkpoint, and its trial given back.
  void notice(std::size_t i) {
    Machine& machine = machines_[i];
    result_.interruptions += 1;
    if (machine.trial && market_.notice_seconds >= options_.checkpoint_seconds) {
      const double reached = progress(machine);
      scheduler_.release(machine.trial->id, machine.trial->fence, fmt::format("{:.0f}", reached),
                         cost(machine));
      account(machine, reached, reached);
    }
    leave(i);
  }

  // Without a word: the lease will tell.
  void go(std::size_t i) {
    Machine& machine = machines_[i];
    result_.interruptions += 1;
    result_.silent += 1;
    if (machine.trial) {
      const double reached = progress(machine);
      const double every = options_.checkpoint_every_seconds;
      account(machine, reached, std::max(machine.from, std::floor(reached / every) * every));
    }
    leave(i);
  }

  void leave(std::size_t i) {
    give_back(i);
    if (begun_ > options_.trials && scheduler_.open_trials(experiment_) <= machines_up()) return;
    rent(i, options_.replacement_seconds);
  }

  const Market market_;
  const FleetOptions options_;
  ManualClock clock_;
  std::unique_ptr<experiment::Store> store_;
  experiment::Scheduler scheduler_;
  Id experiment_ = 0;
  std::size_t begun_ = 0;
  std::vector<Machine> machines_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::map<Id, double> saved_, reached_;  // seconds of work, by trial
  FleetResult result_;
};

}  // namespace

FleetResult simulate(const Market& market, const FleetOptions& options, const std::string& store) {
  return Fleet(market, options, store).run();
}

}  // namespace frugal::bench
