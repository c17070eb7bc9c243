#include "report/answer.h"

#include <fmt/format.h>

#include <type_traits>

#include "base/error.h"
#include "report/archive.h"
#include "report/data_fields.h"

namespace frugal::report {
// The fields of each type, listed once for both directions: archive(key, field).
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
  archive("value_stddev", x.value_stddev);
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

void fields(std::type_identity<SearchTask>, auto&& archive, auto& x) {
  archive("name", x.name);
  archive("cost", x.cost);
}

void fields(std::type_identity<Search>, auto&& archive, auto& x) {
  archive("strategy", x.strategy);
  archive("space", x.space);
  archive("tasks", x.tasks);
  archive("seed", x.seed);
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
  archive("searches", x.searches);
  archive("trials", x.trials);
}

namespace {

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
  return archive::encode(answer);
}

Answer answer_from_json(const Json& json, std::string_view where) {
  const std::string place(where);
  Json own = json;
  if (own.is_object()) own.erase("summary");
  Answer answer;
  archive::decode(own, place, answer);
  require_consistent(answer, place);
  return answer;
}

}  // namespace frugal::report
