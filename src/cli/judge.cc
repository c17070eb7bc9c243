#include "cli/judge.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/statistics.h"

namespace frugal::cli {
namespace {

report::Interval interval_of(const train::Evaluation& evaluation) {
  std::vector<bool> correct(evaluation.labels.size());
  for (std::size_t i = 0; i < correct.size(); ++i)
    correct[i] = evaluation.labels[i] == evaluation.predictions[i];
  return report::accuracy_interval({correct}, RandomStream(0).derive("judgement"));
}

}  // namespace

Json judgement(const train::Evaluation& evaluation) {
  const report::Interval interval = interval_of(evaluation);
  return {{"accuracy", evaluation.accuracy},
          {"accuracy_interval", {interval.low, interval.high}},
          {"top5_accuracy", evaluation.top5_accuracy},
          {"macro_f1", report::macro_f1(evaluation.labels, evaluation.predictions)},
          {"loss", evaluation.loss},
          {"photographs", evaluation.labels.size()}};
}

std::string judgement_text(const train::Evaluation& evaluation) {
  const report::Interval interval = interval_of(evaluation);
  return fmt::format("{:.1f} % [{:.1f}, {:.1f}]  top 5 {:.1f} %  macro F1 {:.3f}  ({} photographs)",
                     100 * evaluation.accuracy, 100 * interval.low, 100 * interval.high,
                     100 * evaluation.top5_accuracy,
                     report::macro_f1(evaluation.labels, evaluation.predictions),
                     evaluation.labels.size());
}

}  // namespace frugal::cli
