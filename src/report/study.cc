#include "report/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "base/error.h"
#include "report/archive.h"
#include "report/data_fields.h"

namespace frugal::report {
void fields(std::type_identity<StudyRun>, auto&& archive, auto& x) {
  archive("seed", x.seed);
  archive("state", x.state);
  archive("reason", x.reason);
  archive("seconds", x.seconds);
  archive("trials", x.trials);
  archive("recipe", x.recipe);
  archive("test_top5", x.test_top5);
  archive("test_predictions", x.test_predictions);
}

void fields(std::type_identity<StudyArm>, auto&& archive, auto& x) {
  archive("name", x.name);
  archive("strategy", x.strategy);
  archive("network", x.network);
  archive("tuned", x.tuned);
  archive("recipe", x.recipe);
  archive("augment", x.augment);
  archive("suggester", x.suggester);
  archive("spends", x.spends);
  archive("note", x.note);
  archive("left_out", x.left_out);
  archive("runs", x.runs);
}

void fields(std::type_identity<Study>, auto&& archive, auto& x) {
  archive("title", x.title);
  archive("finished", x.finished);
  archive("ended_at_seconds", x.ended_at_seconds);
  archive("data", x.data);
  archive("classes", x.classes);
  archive("command_line", x.command_line);
  archive("budget", x.budget);
  archive("machine", x.machine);
  archive("version", x.version);
  archive("price_per_hour", x.price_per_hour);
  archive("price", x.price);
  archive("shared_seconds", x.shared_seconds);
  archive("baseline", x.baseline);
  archive("arms", x.arms);
  archive("test_labels", x.test_labels);
}

namespace {

void require_consistent(const Study& study, const std::string& where) {
  const auto require_class = [&](std::size_t value, const std::string& place) {
    if (value >= study.classes.size())
      throw InputError(fmt::format("{}: there is no class {}; there are {}", place, value,
                                   study.classes.size()));
  };
  for (std::size_t label : study.test_labels) require_class(label, where + ".test_labels");
  if (study.baseline >= std::max<std::size_t>(1, study.arms.size()))
    throw InputError(fmt::format("{}.baseline: there is no arm {}; there are {}", where,
                                 study.baseline, study.arms.size()));
  for (std::size_t a = 0; a < study.arms.size(); ++a)
    for (std::size_t r = 0; r < study.arms[a].runs.size(); ++r) {
      const auto& predictions = study.arms[a].runs[r].test_predictions;
      const std::string place = fmt::format("{}.arms[{}].runs[{}].test_predictions", where, a, r);
      if (!predictions.empty() && predictions.size() != study.test_labels.size())
        throw InputError(fmt::format("{}: {} predictions for {} test labels", place,
                                     predictions.size(), study.test_labels.size()));
      for (std::size_t prediction : predictions) require_class(prediction, place);
    }
}

}  // namespace

Json to_json(const Study& study) {
  return archive::encode(study);
}

Study study_from_json(const Json& json, std::string_view where) {
  const std::string place(where);
  Json own = json;
  if (own.is_object()) {
    own.erase("summary");
    own.erase("kind");
  }
  Study study;
  archive::decode(own, place, study);
  require_consistent(study, place);
  return study;
}

std::optional<Delivery> delivery(const Answer& answer) {
  if (answer.refit && !answer.refit->test_predictions.empty())
    return Delivery{answer.refit->recipe, answer.refit->test_top5, answer.refit->test_predictions};
  if (!answer.winner) return {};
  const Arm& winner = answer.arms[*answer.winner];
  const SeedResult* best = nullptr;
  for (const SeedResult& seed : winner.seeds)
    if (!seed.test_predictions.empty() &&
        (best == nullptr || seed.validation_accuracy > best->validation_accuracy))
      best = &seed;
  if (best == nullptr) return {};
  return Delivery{winner.recipe, best->test_top5, best->test_predictions};
}

}  // namespace frugal::report
