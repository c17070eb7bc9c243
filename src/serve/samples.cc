#include "serve/samples.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "serve/fields.h"
#include "serve/handlers.h"

namespace frugal::serve {
namespace {

Json to_json(const AugmentedSamples& samples) {
  Json json = {{"object", "augmented_samples"}, {"lacking", samples.lacking}};
  if (!samples.lacking.empty()) return json;
  json.update({{"transforms", samples.transforms},
               {"photographs", samples.photographs},
               {"variants", samples.variants},
               {"width", samples.width},
               {"height", samples.height},
               {"jpeg", base64(samples.jpeg)}});
  return json;
}

}  // namespace

Answer get_augmented_samples(Call& call) {
  require_known_query(call.query, {});
  const auto experiment = call.scheduler.experiment(call.ids[0]);
  const auto trial = call.scheduler.trial(call.ids[1]);
  if (trial.experiment != experiment.id)
    throw experiment::NotFound(
        fmt::format("experiment {} has no trial {}", experiment.id, call.ids[1]));
  const auto& draw = call.services.options.draw_samples;
  if (draw == nullptr)
    return {200, to_json({.lacking = "this server knows no photographs: samples are drawn by "
                                     "frugal tune, while it runs"})};
  return {200, to_json(draw(experiment, trial))};
}

}  // namespace frugal::serve
