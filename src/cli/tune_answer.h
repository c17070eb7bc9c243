// From the store to the answer: what tune has found so far, as report::Answer.
#pragma once

#include <string>
#include <vector>

#include "cli/arm.h"
#include "cli/ledger.h"
#include "cli/options.h"
#include "cli/prices.h"
#include "cli/run_folder.h"
#include "report/answer.h"

namespace frugal::cli {

// What a judged model said of the test photographs.
struct TestJudgement {
  experiment::Id trial = 0;
  double top5_accuracy = 0;
  std::vector<std::size_t> predictions;
};

struct TuneState {
  const TuneOptions* options = nullptr;
  const RunFolder* folder = nullptr;
  const RunData* data = nullptr;
  std::string command_line;
  std::string machine;  // "AMD EPYC, 2 cores"
  unsigned workers = 1;
  double spent_seconds = 0;
  double began_at = 0;  // seconds since the epoch
  Price price;
  std::vector<Ledger::Line> overheads;
  std::vector<TestJudgement> judgements;  // empty: the test part is closed
  std::optional<report::Refit> refit;
  bool finished = false;
};

report::Answer collect_answer(const TuneState& state, const experiment::Scheduler& scheduler,
                              const std::vector<experiment::Experiment>& experiments);

// The arm that won, by mean validation accuracy of its fresh seeds; nullopt: none has ended.
std::optional<std::size_t> winning_arm(const std::vector<report::Arm>& arms);

std::string describe_machine();

}  // namespace frugal::cli
