#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "cli/commands.h"
#include "cli/judge.h"
#include "cli/run_folder.h"
#include "vision/data/check.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

// Photographs of the data set that the run has trained or been tuned on, by content.
std::size_t count_seen(const data::Dataset& dataset, const RunData& run) {
  std::set<std::string> seen;
  for (const auto& part : {run.split.train, run.split.validation})
    for (const std::size_t i : part) seen.insert(run.dataset.photographs[i].content_hash);
  std::size_t count = 0;
  for (const auto& photograph : dataset.photographs)
    count += seen.contains(photograph.content_hash) ? 1 : 0;
  return count;
}

}  // namespace

int run_evaluate(const EvaluateOptions& options, Console& console) {
  const RunFolder folder(options.run);
  folder.require_run();
  const unsigned threads = threads_of(options.threads);
  train::Model model = train::Model::load(folder.model());
  const RunData run = folder.load_data();
  const train::Environment environment{"", folder.cache(), threads};

  std::size_t seen = 0;
  train::Evaluation evaluation;
  if (options.data.data.empty()) {
    evaluation = model.evaluate(train::HeldOutPhotographs::test(run.dataset, run.split),
                                environment, console);
  } else {
    const data::CheckOptions check_options{.strict = options.data.strict, .threads = threads};
    const auto checked = data::check(data::read_dataset(options.data.data, options.data.reader),
                                     check_options, console);
    for (const auto& broken : checked.broken)
      console.message(fmt::format("left out {}: {}", broken.path, broken.reason));
    seen = count_seen(checked.dataset, run);
    if (seen > 0)
      console.message(
          fmt::format("{} of {} photographs are among those that this run was trained or tuned on; "
                      "the accuracy "
                      "flatters",
                      seen, checked.dataset.photographs.size()));
    evaluation =
        model.evaluate(train::HeldOutPhotographs::all(checked.dataset), environment, console);
  }
  Json result = judgement(evaluation);
  result["seen_photographs"] = seen;
  console.result("accuracy  " + judgement_text(evaluation), result);
  return 0;
}

}  // namespace frugal::cli
