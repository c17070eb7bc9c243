#include "serve/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "serve/depot.h"
#include "serve/fields.h"
#include "serve/handlers.h"

namespace frugal::serve {
namespace {

// Literal paths stand before those with an id in the same place.
constexpr Route kRoutes[] = {
    {"GET", "/healthz", get_health, Need::kNothing},
    {"GET", "/metrics", get_figures},
    {"POST", "/v1/sessions", begin_session, Need::kSignIn},
    {"GET", "/v1/sessions/self", get_session, Need::kNothing},
    {"DELETE", "/v1/sessions/self", end_session, Need::kSignIn},
    {"GET", "/v1/overview", get_overview, Need::kToken},
    {"GET", "/v1/events", get_events, Need::kToken},
    {"GET", "/v1/tokens/self", get_own_token, Need::kToken},
    {"POST", "/v1/tokens", create_token},
    {"GET", "/v1/tokens", list_tokens},
    {"DELETE", "/v1/tokens/{}", revoke_token},
    {"GET", "/v1/clients/{client}", get_client, Need::kToken},
    {"GET", "/v1/organizations/{client}", get_organization, Need::kToken},

    {"POST", "/v1/experiments", create_experiment, Need::kAll, get_experiment},
    {"GET", "/v1/experiments", list_experiments},
    {"POST", "/v1/clients/{client}/experiments", create_experiment, Need::kAll, get_experiment},
    {"GET", "/v1/clients/{client}/experiments", list_experiments},
    {"GET", "/v1/clients/{client}/projects/{project}/experiments", list_experiments},
    {"GET", "/v1/experiments/{}", get_experiment, Need::kExperiment},
    {"PUT", "/v1/experiments/{}", update_experiment, Need::kExperiment},
    {"DELETE", "/v1/experiments/{}", delete_experiment, Need::kExperiment},
    {"GET", "/v1/experiments/{}/best_assignments", get_best_assignments, Need::kExperiment},
    {"GET", "/v1/experiments/{}/best_training_runs", get_best_training_runs, Need::kExperiment},
    {"GET", "/v1/experiments/{}/stopping_criteria", get_stopping_criteria, Need::kExperiment},
    {"GET", "/v1/experiments/{}/metric_importances", get_metric_importances, Need::kExperiment},
    {"GET", "/v1/experiments/{}/insight", get_insight, Need::kExperiment},
    {"GET", "/v1/experiments/{}/trials", list_trials, Need::kExperiment},
    {"GET", "/v1/experiments/{}/trials/{}/augmented_samples", get_augmented_samples,
     Need::kExperiment},
    {"POST", "/v1/experiments/{}/tokens", create_guest_token, Need::kExperiment},

    {"POST", "/v1/experiments/{}/suggestions", create_suggestion, Need::kExperiment,
     get_suggestion},
    {"GET", "/v1/experiments/{}/suggestions", list_suggestions, Need::kExperiment},
    {"DELETE", "/v1/experiments/{}/suggestions", delete_suggestions, Need::kExperiment},
    {"GET", "/v1/experiments/{}/suggestions/{}", get_suggestion, Need::kExperiment},
    {"PUT", "/v1/experiments/{}/suggestions/{}", update_suggestion, Need::kExperiment},
    {"DELETE", "/v1/experiments/{}/suggestions/{}", delete_suggestion, Need::kExperiment},
    {"POST", "/v1/experiments/{}/queued_suggestions", queue_suggestion, Need::kExperiment,
     get_queued_suggestion},
    {"GET", "/v1/experiments/{}/queued_suggestions", list_queued_suggestions, Need::kExperiment},
    {"GET", "/v1/experiments/{}/queued_suggestions/{}", get_queued_suggestion, Need::kExperiment},
    {"DELETE", "/v1/experiments/{}/queued_suggestions/{}", delete_queued_suggestion,
     Need::kExperiment},

    {"POST", "/v1/experiments/{}/observations/batch", create_observations, Need::kExperiment,
     get_observation},
    {"POST", "/v1/experiments/{}/observations", create_observation, Need::kExperiment,
     get_observation},
    {"GET", "/v1/experiments/{}/observations", list_observations, Need::kExperiment},
    {"DELETE", "/v1/experiments/{}/observations", delete_observations, Need::kExperiment},
    {"GET", "/v1/experiments/{}/observations/{}", get_observation, Need::kExperiment},
    {"PUT", "/v1/experiments/{}/observations/{}", update_observation, Need::kExperiment},
    {"DELETE", "/v1/experiments/{}/observations/{}", delete_observation, Need::kExperiment},

    {"POST", "/v1/clients/{client}/projects", create_project},
    {"GET", "/v1/clients/{client}/projects", list_projects},
    {"GET", "/v1/clients/{client}/projects/{project}", get_project},
    {"PUT", "/v1/clients/{client}/projects/{project}", update_project},
    {"POST", "/v1/clients/{client}/projects/{project}/aiexperiments", create_experiment, Need::kAll,
     get_experiment, true},
    {"GET", "/v1/clients/{client}/projects/{project}/aiexperiments", list_experiments, Need::kAll,
     nullptr, true},
    {"GET", "/v1/clients/{client}/aiexperiments", list_experiments, Need::kAll, nullptr, true},
    {"GET", "/v1/aiexperiments", list_experiments, Need::kAll, nullptr, true},
    {"GET", "/v1/aiexperiments/{}", get_experiment, Need::kExperiment, nullptr, true},
    {"PUT", "/v1/aiexperiments/{}", update_experiment, Need::kExperiment, nullptr, true},
    {"DELETE", "/v1/aiexperiments/{}", delete_experiment, Need::kExperiment, nullptr, true},
    {"GET", "/v1/aiexperiments/{}/best_training_runs", get_best_training_runs, Need::kExperiment,
     nullptr, true},
    {"POST", "/v1/aiexperiments/{}/training_runs", create_experiment_run, Need::kExperiment,
     get_training_run, true},

    {"POST", "/v1/clients/{client}/projects/{project}/training_runs/batch", create_training_runs,
     Need::kAll, get_training_run},
    {"POST", "/v1/clients/{client}/projects/{project}/training_runs", create_training_run,
     Need::kAll, get_training_run},
    {"GET", "/v1/clients/{client}/projects/{project}/training_runs", list_training_runs},
    {"GET", "/v1/training_runs/{}", get_training_run},
    {"PUT", "/v1/training_runs/{}", replace_training_run},
    {"MERGE", "/v1/training_runs/{}", merge_training_run},
    {"DELETE", "/v1/training_runs/{}", delete_training_run},
    {"POST", "/v1/training_runs/{}/checkpoints", create_checkpoint, Need::kAll, get_checkpoint},
    {"GET", "/v1/training_runs/{}/checkpoints", list_checkpoints},
    {"GET", "/v1/training_runs/{}/checkpoints/{}", get_checkpoint},
    {"POST", "/v1/training_runs/{}/files", create_file, Need::kAll, get_file},
    {"GET", "/v1/training_runs/{}/files", list_files},
    {"GET", "/v1/training_runs/{}/files/{}", get_file},
    {"PUT", "/v1/training_runs/{}/files/{}/content", keep_file_content, Need::kAll, nullptr, false,
     true},
    {"GET", "/v1/training_runs/{}/files/{}/content", get_file_content},

    {"POST", "/v1/leases", create_lease},
    {"POST", "/v1/experiments/{}/leases", create_lease, Need::kExperiment},
    {"GET", "/v1/trials/{}", get_trial},
    {"POST", "/v1/trials/{}/stop", stop_trial},
    {"POST", "/v1/trials/{}/heartbeat", report_heartbeat},
    {"POST", "/v1/trials/{}/on_the_way", report_on_the_way},
    {"POST", "/v1/trials/{}/observation", report_observation},
    {"POST", "/v1/trials/{}/failure", report_failure},
    {"POST", "/v1/trials/{}/release", report_release},

    {"GET", "/v1/inputs", list_inputs},
    {"POST", "/v1/blobs/batch", get_blobs},
    {"GET", "/v1/blobs/{sha256}", get_blob},
    {"GET", "/v1/trials/{}/files/{name}", get_run_file},
    {"PUT", "/v1/trials/{}/files/{name}", keep_run_file, Need::kAll, nullptr, false, true},
};

// Nothing that leads elsewhere; which names there are is the depot's to say.
bool is_file_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
         });
}

// The part of a path up to the next slash; path is what follows.
std::string_view next_part(std::string_view& path) {
  const auto slash = path.find('/');
  const auto part = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  return part;
}

bool matches(std::string_view pattern, std::string_view path, Match& match) {
  if (path.empty() || path.front() != '/' || path.back() == '/') return false;
  if (std::count(path.begin(), path.end(), '/') != std::count(pattern.begin(), pattern.end(), '/'))
    return false;
  pattern.remove_prefix(1);
  path.remove_prefix(1);
  while (!pattern.empty()) {
    const auto wanted = next_part(pattern), part = next_part(path);
    if (wanted == "{}") {
      const auto id = id_from_text(std::string(part));
      if (!id) return false;
      match.ids.push_back(*id);
    } else if (wanted == "{project}") {
      match.name = std::string(part);
      if (!is_project_id(match.name)) return false;
    } else if (wanted == "{sha256}") {
      match.name = std::string(part);
      if (!is_sha256(match.name)) return false;
    } else if (wanted == "{name}") {
      match.name = std::string(part);
      if (!is_file_name(match.name)) return false;
    } else if (part != (wanted == "{client}" ? "1" : wanted)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::span<const Route> all_routes() {
  return kRoutes;
}

bool is_project_id(const std::string& text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

Match find_route(const std::string& method, const std::string& path) {
  std::string allowed;
  for (const Route& route : kRoutes) {
    Match match{.route = &route};
    if (!matches(route.path, path, match)) continue;
    if (method == route.method || (method == "HEAD" && route.method == std::string("GET")))
      return match;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  if (!allowed.empty())
    throw Refusal(405, fmt::format("{} is not possible here, but {} is", method, allowed));
  throw Refusal(404, "there is nothing at this path; docs/http_api.md lists what there is");
}

}  // namespace frugal::serve
