// The questions of `frugal explain`, each answered by measurement on one run. inquiry.cc looks at
// the model as it is, inquiry_training.cc trains again, inquiry_transfer.cc on another
// network, inquiry_looks.cc looks at the trials' pictures.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/other_data.h"
#include "cli/run_folder.h"
#include "cli/short_runs.h"
#include "report/findings.h"
#include "vision/augment/policy.h"
#include "vision/explain/answers.h"
#include "vision/explain/class_activation.h"
#include "vision/explain/retraining.h"
#include "vision/explain/subject.h"

namespace frugal::cli {

class Inquiry {
 public:
  // Throws InputError when this is no run, or has no model.
  Inquiry(const ExplainOptions& options, double budget_seconds, Console& console);

  report::Finding answer(const std::string& question);
  // The last answer lacks what the same command would go on with.
  bool is_unfinished() const { return is_unfinished_; }
  // What the answer depends on, as text.
  std::string identity(const std::string& question) const;

  // The surest mistakes and the most confused pairs, with what speaks for what.
  std::vector<report::PictureRow> pictured_mistakes();

  const train::Recipe& recipe() const { return subject_.recipe(); }
  const RunData& run() const { return run_; }
  std::string photographs_text() const;

 private:
  report::Finding robustness();
  report::Finding attention();
  report::Finding test_photographs();
  report::Finding training_photographs();
  report::Finding layers();
  report::Finding policy();
  report::Finding parameters();
  report::Finding looks();
  report::Finding transfer();

  const explain::Gallery& gallery();
  const std::vector<explain::ModelAnswer>& answers();
  std::vector<bool> correct();
  report::Region region();
  std::vector<std::optional<augment::Window>> boxes() const;
  report::Picture picture_of(const data::Image& image, const std::string& alt,
                             const std::string& caption) const;
  std::string name_of(std::size_t label) const { return subject_.classes()[label]; }
  report::Picture pictured(std::size_t photograph, std::size_t class_index,
                           const std::string& caption);
  report::PictureRow pictured_copies();

  bool is_fine_tuned() const { return recipe().strategy == train::Strategy::kFineTune; }
  train::HeldOutPhotographs judges() const;
  std::optional<std::string> pretrained_weights() const;
  explain::Retraining retraining(const std::string& weights, const BudgetShare& budget) const;
  std::size_t questions_that_train() const;
  BudgetShare budget_of_question() const;
  explain::ShortRunRequest runs_on_training_part(const train::Recipe& recipe,
                                                 std::size_t variants) const;
  explain::ShortRunPlan plan_for(const std::string& question, explain::ShortRunRequest request,
                                 const BudgetShare& budget) const;
  std::optional<report::LearningCurve> retrained_curve(const std::string& weights,
                                                       std::vector<std::string>& notes);
  struct Arm;  // what short runs are repeated with over seeds
  static std::vector<Arm> arms_of(const augment::Policy& policy,
                                  const std::filesystem::path& models);
  std::vector<report::PolicyRuns> trained_over_seeds(const std::vector<Arm>& arms,
                                                     ShortRuns& short_runs,
                                                     const explain::ShortRunPlan& plan,
                                                     const explain::Retraining& training) const;
  augment::Policy tuned_anew(const augment::Policy& open, const explain::ShortRunPlan& plan,
                             const explain::Retraining& training, ShortRuns& short_runs) const;
  explain::Gallery validation_gallery(const explain::Subject& subject) const;
  report::Affinity affinity(const augment::Policy& policy, const std::string& model_folder) const;
  std::vector<report::Copies> judged_copies(const std::string& model_folder) const;

  const ExplainOptions& options_;
  Console& console_;
  const RunFolder folder_;
  const unsigned threads_;
  const double budget_seconds_;
  const SystemClock clock_;
  const RunData run_;
  const train::Environment environment_;  // without weights
  std::optional<OtherData> other_;        // --data
  explain::Subject subject_;
  std::optional<explain::Gallery> gallery_;
  std::vector<explain::ModelAnswer> answers_;
  bool is_unfinished_ = false;
};

// A model on altered copies of those photographs.
std::vector<report::Copies> copies_judged(explain::Subject& subject,
                                          const explain::Gallery& gallery, Console& console);

struct Inquiry::Arm {
  std::string name;
  augment::Policy policy;
  report::PolicyRuns::Against against = report::PolicyRuns::Against::kWhole;
  std::string model_folder = "";  // where the first seed's model is to be left; "": nowhere
};

// The policy of a recipe with nothing open, without transforms that never happen.
augment::Policy policy_of(const train::Recipe& recipe);

// Why no policy could have mattered to that recipe; "" when one could. whose: "the run's".
std::string without_policy(const train::Recipe& recipe, const std::string& whose = "the run's");

}  // namespace frugal::cli
