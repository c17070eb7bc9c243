#include "cli/ledger.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::cli {
namespace {

constexpr const char* kKey = "ledger";

void add_to(std::vector<Ledger::Line>& lines, const std::string& name, double seconds) {
  for (Ledger::Line& line : lines)
    if (line.name == name) {
      line.seconds += seconds;
      return;
    }
  lines.push_back({name, seconds});
}

}  // namespace

Ledger::Ledger(experiment::Scheduler& scheduler, const Clock& clock)
    : scheduler_(scheduler), clock_(clock) {
  const auto stored = scheduler.value(kKey);
  if (!stored) return;
  const Json json = parse_json(*stored, "the store's ledger");
  for (const Json& stage : json.at("stages")) stages_.push_back({stage.at(0), stage.at(1)});
  beside_workers_ = json.at("beside_workers");
  before_ = {json.at("starting"), json.at("waiting"), json.at("lost")};
}

Ledger::Stage::Stage(Ledger& ledger, const std::string& name) : ledger_(ledger) {
  FRUGAL_CHECK(!ledger.running_);
  const bool beside_workers = ledger.scheduler_.worker_time().is_open();
  ledger.running_ = Running{name, beside_workers, ledger.now(beside_workers)};
}

Ledger::Stage::~Stage() {
  ledger_.add(ledger_.stages_, ledger_.beside_workers_);
  ledger_.running_.reset();
}

double Ledger::now(bool beside_workers) const {
  const double time = clock_.now_seconds();
  return beside_workers ? scheduler_.worker_time().idle_seconds(time) : time;
}

// What is going on, until now.
void Ledger::add(std::vector<Line>& stages, double& beside_workers) const {
  if (!running_) return;
  const double seconds = std::max(0.0, now(running_->beside_workers) - running_->began);
  add_to(stages, running_->name, seconds);
  if (running_->beside_workers) beside_workers += seconds;
}

std::vector<Ledger::Line> Ledger::lines() const {
  const Json now = snapshot();
  std::vector<Line> lines;
  for (const Json& stage : now["stages"]) lines.push_back({stage[0], stage[1]});
  // Two clocks may differ by a little where all of the waiting was a stage's.
  const double waiting = now["waiting"].get<double>() - now["beside_workers"].get<double>();
  lines.push_back({"workers starting", now["starting"]});
  lines.push_back({"workers waiting for work", std::max(0.0, waiting)});
  lines.push_back({"lost with dead workers", now["lost"]});
  return lines;
}

Json Ledger::snapshot() const {
  std::vector<Line> stages = stages_;
  double beside_workers = beside_workers_;
  add(stages, beside_workers);
  const auto workers = scheduler_.worker_time().totals(clock_.now_seconds());
  Json json = {{"beside_workers", beside_workers},
               {"starting", before_.starting + workers.starting},
               {"waiting", before_.waiting + workers.waiting},
               {"lost", before_.lost + workers.lost},
               {"stages", Json::array()}};
  for (const Line& line : stages) json["stages"].push_back({line.name, line.seconds});
  return json;
}

void Ledger::save() {
  scheduler_.set_value(kKey, snapshot().dump());
}

}  // namespace frugal::cli
