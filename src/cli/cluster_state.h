// What a run's workers do, as its coordinator writes it down every few seconds (cluster.json in the
// run's folder), for whoever looks at it from another process or machine.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "experiment/experiment.h"
#include "launch/launcher.h"

namespace frugal::cli {

struct ClusterState {
  double time = 0;          // when it was written
  std::string coordinator;  // the server's address
  double spent_seconds = 0, dollars = 0;
  std::vector<launch::WorkerStatus> workers;
  std::vector<std::string> nodes_left_alone;
  std::vector<experiment::Trial> trials;  // of which the id, state, worker and cost are kept
};

Json to_json(const ClusterState& state);
// where: for messages.
ClusterState cluster_state_from_json(const Json& json, const std::string& where);

}  // namespace frugal::cli
