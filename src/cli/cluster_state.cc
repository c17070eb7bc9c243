#include "cli/cluster_state.h"

#include <nlohmann/json.hpp>

namespace frugal::cli {
namespace {

Json to_json(const launch::WorkerStatus& worker) {
  Json json = {{"name", worker.name},
               {"node", worker.node},
               {"waiting", worker.waiting},
               {"running", worker.running},
               {"log", worker.log.string()}};
  if (worker.exit_code) json["exit_code"] = *worker.exit_code;
  if (worker.signal) json["signal"] = *worker.signal;
  return json;
}

launch::WorkerStatus worker_from(const Json& json) {
  launch::WorkerStatus worker;
  worker.name = json.at("name");
  worker.node = json.at("node");
  worker.waiting = json.at("waiting");
  worker.running = json.at("running");
  worker.log = json.at("log").get<std::string>();
  worker.starts = 1;
  if (json.contains("exit_code")) worker.exit_code = json.at("exit_code").get<int>();
  if (json.contains("signal")) worker.signal = json.at("signal").get<int>();
  return worker;
}

}  // namespace

Json to_json(const ClusterState& state) {
  Json workers = Json::array(), trials = Json::array();
  for (const auto& worker : state.workers) workers.push_back(to_json(worker));
  for (const auto& trial : state.trials)
    trials.push_back({{"id", trial.id},
                      {"state", experiment::to_string(trial.state)},
                      {"worker", trial.worker},
                      {"wall_seconds", trial.cost.wall_seconds},
                      {"dollars", trial.cost.dollars}});
  return {{"time", state.time},
          {"coordinator", state.coordinator},
          {"spent_seconds", state.spent_seconds},
          {"dollars", state.dollars},
          {"nodes_left_alone", state.nodes_left_alone},
          {"workers", workers},
          {"trials", trials}};
}

ClusterState cluster_state_from_json(const Json& json, const std::string& where) {
  require_known_keys(
      json,
      {"time", "coordinator", "spent_seconds", "dollars", "nodes_left_alone", "workers", "trials"},
      where);
  ClusterState state;
  state.time = json.at("time");
  state.coordinator = json.at("coordinator");
  state.spent_seconds = json.at("spent_seconds");
  state.dollars = json.at("dollars");
  state.nodes_left_alone = json.at("nodes_left_alone").get<std::vector<std::string>>();
  for (const Json& worker : json.at("workers")) state.workers.push_back(worker_from(worker));
  for (const Json& row : json.at("trials")) {
    experiment::Trial trial;
    trial.id = row.at("id");
    trial.state = experiment::trial_state_named(row.at("state"));
    trial.worker = row.at("worker");
    trial.cost.wall_seconds = row.at("wall_seconds");
    trial.cost.dollars = row.at("dollars");
    state.trials.push_back(trial);
  }
  return state;
}

}  // namespace frugal::cli
