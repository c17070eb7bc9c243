#include "serve/workers.h"

#include <nlohmann/json.hpp>

namespace frugal::serve {
namespace {

constexpr double kForgottenSeconds = 3600;

Json id_or_null(experiment::Id id) {
  return id > 0 ? Json(std::to_string(id)) : Json();
}

}  // namespace

Workers::Worker& Workers::worker(const std::string& name) {
  const double now = clock_.now_seconds();
  const auto [place, is_new] = workers_.try_emplace(name);
  if (is_new) place->second.since = now;
  place->second.heard = now;
  return place->second;
}

void Workers::asked(const std::string& name) {
  const std::lock_guard lock(mutex_);
  worker(name).trial = 0;
}

void Workers::heard(const experiment::Trial& trial) {
  const std::lock_guard lock(mutex_);
  Worker& one = worker(trial.worker);
  one.experiment = trial.experiment;
  one.trial = trial.id;
}

void Workers::ended(const experiment::Trial& trial) {
  const std::lock_guard lock(mutex_);
  Worker& one = worker(trial.worker);
  if (one.trial == trial.id) one.ended += 1;  // else a repeated report
  one.trial = 0;
}

Json Workers::list(experiment::Id experiment) {
  const std::lock_guard lock(mutex_);
  const double now = clock_.now_seconds();
  std::erase_if(workers_,
                [&](const auto& item) { return now - item.second.heard > kForgottenSeconds; });
  Json json = Json::array();
  for (const auto& [name, one] : workers_) {
    if (experiment > 0 && one.experiment != experiment) continue;
    json.push_back({{"object", "worker"},
                    {"name", name},
                    {"state", one.trial > 0 ? "working" : "waiting"},
                    {"experiment", id_or_null(one.experiment)},
                    {"trial", id_or_null(one.trial)},
                    {"heard", one.heard},
                    {"since", one.since},
                    {"ended_trials", one.ended}});
  }
  return json;
}

}  // namespace frugal::serve
