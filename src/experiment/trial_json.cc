#include "experiment/trial_json.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"

namespace frugal::experiment {
namespace {

template <typename T>
T need(const Json& json, const char* key, std::string_view where) {
  try {
    return json.at(key).get<T>();
  } catch (const Json::exception&) {
    throw InputError(fmt::format("{}: {} is missing or of the wrong type", where, key));
  }
}

}  // namespace

Id id_from_json(const Json& json, std::string_view where) {
  Id id = 0;
  const std::string text = json.is_string() ? json.get<std::string>() : "";
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id < 0)
    throw InputError(fmt::format("{}: {} is no id", where, json.dump()));
  return id;
}

Trial trial_from_json(const Json& json, const Experiment& experiment, std::string_view where) {
  if (!json.is_object()) throw InputError(fmt::format("{}: a trial must be an object", where));
  Trial trial;
  trial.id = id_from_json(json.value("id", Json()), where);
  trial.experiment = experiment.id;
  trial.suggestion.assignments =
      optimizer::assignments_from_json(json.value("assignments", Json()), experiment.space, where);
  trial.suggestion.task =
      json.contains("task") ? task_named(experiment, need<std::string>(json["task"], "name", where))
                            : full_task(experiment);
  trial.purpose = need<std::string>(json, "purpose", where);
  trial.metadata = json.value("metadata", Json::object());
  trial.state = trial_state_named(need<std::string>(json, "state", where));
  trial.fence = need<std::int64_t>(json, "fence", where);
  trial.worker = need<std::string>(json, "worker", where);
  trial.attempts = need<int>(json, "attempts", where);
  trial.checkpoint = need<std::string>(json, "checkpoint", where);
  return trial;
}

}  // namespace frugal::experiment
