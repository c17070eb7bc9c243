#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/judge.h"
#include "cli/other_data.h"
#include "cli/run_folder.h"
#include "vision/train/train.h"

namespace frugal::cli {

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
    const OtherData other = read_other_data(options.data, run, threads, console);
    seen = other.seen;
    evaluation =
        model.evaluate(train::HeldOutPhotographs::all(other.dataset), environment, console);
  }
  Json result = judgement(evaluation);
  result["seen_photographs"] = seen;
  console.result("accuracy  " + judgement_text(evaluation), result);
  return 0;
}

}  // namespace frugal::cli
