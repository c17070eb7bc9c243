#include "serve/routes.h"

#include <fmt/format.h>

#include <sstream>

#include "serve/fields.h"
#include "serve/handlers.h"

namespace frugal::serve {
namespace {

// Literal paths stand before those with an id in the same place.
constexpr Route kRoutes[] = {
    {"GET", "/healthz", get_health, false},
    {"GET", "/v1/tokens/self", get_own_token},

    {"POST", "/v1/experiments", create_experiment},
    {"GET", "/v1/experiments", list_experiments},
    {"GET", "/v1/experiments/{}", get_experiment},
    {"PUT", "/v1/experiments/{}", update_experiment},
    {"DELETE", "/v1/experiments/{}", delete_experiment},
    {"GET", "/v1/experiments/{}/best_assignments", get_best_assignments},
    {"GET", "/v1/experiments/{}/stopping_criteria", get_stopping_criteria},
    {"GET", "/v1/experiments/{}/metric_importances", get_metric_importances},

    {"POST", "/v1/experiments/{}/suggestions", create_suggestion},
    {"GET", "/v1/experiments/{}/suggestions", list_suggestions},
    {"GET", "/v1/experiments/{}/suggestions/{}", get_suggestion},
    {"POST", "/v1/experiments/{}/queued_suggestions", queue_suggestion},
    {"GET", "/v1/experiments/{}/queued_suggestions", list_queued_suggestions},
    {"GET", "/v1/experiments/{}/queued_suggestions/{}", get_queued_suggestion},

    {"POST", "/v1/experiments/{}/observations", create_observation},
    {"POST", "/v1/experiments/{}/observations/batch", create_observations},
    {"GET", "/v1/experiments/{}/observations", list_observations},
    {"GET", "/v1/experiments/{}/observations/{}", get_observation},

    {"POST", "/v1/leases", create_lease},
    {"POST", "/v1/experiments/{}/leases", create_lease},
    {"GET", "/v1/trials/{}", get_trial},
    {"POST", "/v1/trials/{}/heartbeat", report_heartbeat},
    {"POST", "/v1/trials/{}/on_the_way", report_on_the_way},
    {"POST", "/v1/trials/{}/observation", report_observation},
    {"POST", "/v1/trials/{}/failure", report_failure},
    {"POST", "/v1/trials/{}/release", report_release},
};

bool matches(const std::string& pattern, const std::string& path,
             std::vector<experiment::Id>& ids) {
  std::istringstream patterns(pattern), parts(path);
  std::string wanted, part;
  for (;;) {
    const bool more_wanted = static_cast<bool>(std::getline(patterns, wanted, '/'));
    const bool more = static_cast<bool>(std::getline(parts, part, '/'));
    if (more_wanted != more) return false;
    if (!more) return true;
    if (wanted == "{}") {
      const auto id = id_from_text(part);
      if (!id) return false;
      ids.push_back(*id);
    } else if (wanted != part) {
      return false;
    }
  }
}

}  // namespace

Match find_route(const std::string& method, const std::string& path) {
  std::string allowed;
  for (const Route& route : kRoutes) {
    Match match{&route, {}};
    if (!matches(route.path, path, match.ids)) continue;
    if (method == route.method || (method == "HEAD" && route.method == std::string("GET")))
      return match;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  if (!allowed.empty())
    throw Refusal(405, fmt::format("{} is not possible here, but {} is", method, allowed));
  throw Refusal(404, "there is nothing at this path; docs/http_api.md lists what there is");
}

}  // namespace frugal::serve
