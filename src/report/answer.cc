#include "report/answer.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "base/error.h"

namespace frugal::report {
namespace {

// The fields of each type, listed once for both directions: archive(key, field).
void fields(std::type_identity<BrokenPhotograph>, auto&& archive, auto& x) {
  archive("path", x.path);
  archive("reason", x.reason);
}

void fields(std::type_identity<DataSummary>, auto&& archive, auto& x) {
  archive("path", x.path);
  archive("photographs", x.photographs);
  archive("train", x.train);
  archive("validation", x.validation);
  archive("test", x.test);
  archive("min_per_class", x.min_per_class);
  archive("max_per_class", x.max_per_class);
  archive("split_seed", x.split_seed);
  archive("shared_content", x.shared_content);
  archive("split_hash", x.split_hash);
  archive("broken", x.broken);
  archive("duplicates", x.duplicates);
  archive("near_duplicates", x.near_duplicates);
  archive("conflicting", x.conflicting);
}

void fields(std::type_identity<SeedResult>, auto&& archive, auto& x) {
  archive("seed", x.seed);
  archive("validation_accuracy", x.validation_accuracy);
  archive("test_top5", x.test_top5);
  archive("test_predictions", x.test_predictions);
}

void fields(std::type_identity<Arm>, auto&& archive, auto& x) {
  archive("strategy", x.strategy);
  archive("tuned", x.tuned);
  archive("longer", x.longer);
  archive("seeds", x.seeds);
  archive("trials", x.trials);
  archive("search_seconds", x.search_seconds);
  archive("run_seconds", x.run_seconds);
  archive("dollars", x.dollars);
  archive("recipe", x.recipe);
}

void fields(std::type_identity<Evaluation>, auto&& archive, auto& x) {
  archive("epochs", x.epochs);
  archive("training_loss", x.training_loss);
  archive("validation_loss", x.validation_loss);
  archive("validation_accuracy", x.validation_accuracy);
  archive("wall_seconds", x.wall_seconds);
}

void fields(std::type_identity<Passing>, auto&& archive, auto& x) {
  archive("task", x.task);
  archive("cost", x.cost);
  archive("value", x.value);
}

void fields(std::type_identity<Trial>, auto&& archive, auto& x) {
  archive("id", x.id);
  archive("strategy", x.strategy);
  archive("task", x.task);
  archive("cost", x.cost);
  archive("state", x.state);
  archive("value", x.value);
  archive("assignments", x.assignments);
  archive("started_seconds", x.started_seconds);
  archive("seconds", x.seconds);
  archive("cpu_seconds", x.cpu_seconds);
  archive("device_seconds", x.device_seconds);
  archive("machine_seconds", x.machine_seconds);
  archive("peak_memory_bytes", x.peak_memory_bytes);
  archive("dollars", x.dollars);
  archive("passings", x.passings);
  archive("history", x.history);
  archive("reason", x.reason);
}

void fields(std::type_identity<Stage>, auto&& archive, auto& x) {
  archive("name", x.name);
  archive("seconds", x.seconds);
}

void fields(std::type_identity<Refit>, auto&& archive, auto& x) {
  archive("photographs", x.photographs);
  archive("recipe", x.recipe);
  archive("seconds", x.seconds);
  archive("test_top5", x.test_top5);
  archive("test_predictions", x.test_predictions);
}

void fields(std::type_identity<Answer>, auto&& archive, auto& x) {
  archive("title", x.title);
  archive("finished", x.finished);
  archive("ended_at_seconds", x.ended_at_seconds);
  archive("data", x.data);
  archive("classes", x.classes);
  archive("network", x.network);
  archive("weights", x.weights);
  archive("command_line", x.command_line);
  archive("budget", x.budget);
  archive("machine", x.machine);
  archive("version", x.version);
  archive("workers", x.workers);
  archive("spent_seconds", x.spent_seconds);
  archive("spent_dollars", x.spent_dollars);
  archive("price_per_hour", x.price_per_hour);
  archive("price", x.price);
  archive("stages", x.stages);
  archive("arms", x.arms);
  archive("winner", x.winner);
  archive("refit", x.refit);
  archive("test_labels", x.test_labels);
  archive("trials", x.trials);
}

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
constexpr bool kPlain =
    std::is_arithmetic_v<T> || std::is_same_v<T, std::string> || std::is_same_v<T, Json>;

template <class T>
Json encode(const T& value) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isfinite(value) ? Json(value) : Json();
  } else if constexpr (kPlain<T>) {
    return value;
  } else if constexpr (IsOptional<T>::value) {
    return value ? encode(*value) : Json();
  } else if constexpr (IsVector<T>::value) {
    Json array = Json::array();
    for (const auto& element : value) array.push_back(encode(element));
    return array;
  } else {
    Json object = Json::object();
    fields(
        std::type_identity<T>(),
        [&](const char* key, const auto& field) { object[key] = encode(field); }, value);
    return object;
  }
}

[[noreturn]] void wrong(const std::string& where, const char* expected, const Json& got) {
  throw InputError(
      fmt::format("{}: expected {}, found {}", where, expected,
                  got.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 40)));
}

template <class T>
void decode(const Json& json, const std::string& where, T& value) {
  if constexpr (std::is_same_v<T, Json>) {
    if (!json.is_object()) wrong(where, "an object", json);
    value = json;
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) wrong(where, "a text", json);
    value = json.get<std::string>();
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) wrong(where, "true or false", json);
    value = json.get<bool>();
  } else if constexpr (std::is_unsigned_v<T>) {
    // A number that was not parsed but set may be signed.
    if (!json.is_number_integer() || (!json.is_number_unsigned() && json.get<std::int64_t>() < 0) ||
        json.get<std::uint64_t>() > std::numeric_limits<T>::max())
      wrong(where, "a whole number, not negative", json);
    value = json.get<T>();
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number() && !json.is_null()) wrong(where, "a number or null", json);
    value = json.is_null() ? std::numeric_limits<T>::quiet_NaN() : json.get<T>();
  } else if constexpr (IsOptional<T>::value) {
    value.reset();
    if (!json.is_null()) decode(json, where, value.emplace());
  } else if constexpr (IsVector<T>::value) {
    if (!json.is_array()) wrong(where, "a list", json);
    value.assign(json.size(), {});
    for (std::size_t i = 0; i < json.size(); ++i)
      decode(json[i], fmt::format("{}[{}]", where, i), value[i]);
  } else {
    if (!json.is_object()) wrong(where, "an object", json);
    std::vector<std::string> known;
    fields(
        std::type_identity<T>(),
        [&](const char* key, auto& field) {
          known.emplace_back(key);
          if (auto found = json.find(key); found != json.end())
            decode(*found, fmt::format("{}.{}", where, key), field);
        },
        value);
    require_known_keys(json, known, where);
  }
}

void require_consistent(const Answer& answer, const std::string& where) {
  const auto require_class = [&](std::size_t value, const std::string& place) {
    if (value >= answer.classes.size())
      throw InputError(fmt::format("{}: there is no class {}; there are {}", place, value,
                                   answer.classes.size()));
  };
  for (std::size_t j = 0; j < answer.test_labels.size(); ++j)
    require_class(answer.test_labels[j], fmt::format("{}.test_labels[{}]", where, j));
  const auto require_fit = [&](const std::vector<std::size_t>& predictions,
                               const std::string& place) {
    if (!predictions.empty() && predictions.size() != answer.test_labels.size())
      throw InputError(fmt::format("{}: {} predictions for {} test labels", place,
                                   predictions.size(), answer.test_labels.size()));
    for (std::size_t prediction : predictions) require_class(prediction, place);
  };
  for (std::size_t a = 0; a < answer.arms.size(); ++a)
    for (std::size_t s = 0; s < answer.arms[a].seeds.size(); ++s)
      require_fit(answer.arms[a].seeds[s].test_predictions,
                  fmt::format("{}.arms[{}].seeds[{}].test_predictions", where, a, s));
  if (answer.refit)
    require_fit(answer.refit->test_predictions, fmt::format("{}.refit.test_predictions", where));
  if (answer.winner && *answer.winner >= answer.arms.size())
    throw InputError(fmt::format("{}.winner: there is no arm {}; there are {}", where,
                                 *answer.winner, answer.arms.size()));
}

}  // namespace

Json to_json(const Answer& answer) {
  return encode(answer);
}

Answer answer_from_json(const Json& json, std::string_view where) {
  const std::string place(where);
  Json own = json;
  if (own.is_object()) own.erase("summary");
  Answer answer;
  decode(own, place, answer);
  require_consistent(answer, place);
  return answer;
}

}  // namespace frugal::report
