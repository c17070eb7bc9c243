// From measurements to findings: intervals, sentences, tables, plots. Everything is judged on the
// same photographs, so differences are paired. Deterministic: the resampling's seed is fixed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/explanation.h"
#include "report/power_law.h"
#include "report/statistics.h"

namespace frugal::report {

// A question that has no answer here.
Finding unanswered(const std::string& question, const std::string& why_not);
// "What does it rely on?"; the questions by name, in the order of the page.
const std::vector<std::pair<std::string, std::string>>& question_titles();

// robustness: the photographs as they are, the first, and altered copies of them.
struct Copies {
  std::string name, meaning;
  std::vector<bool> correct;
};
Finding robustness_finding(const std::vector<Copies>& copies);

// attention: of each photograph the share of its Grad-CAM's mass in a region, and the region's
// share of the picture; where the evidence was nowhere, none.
struct RegionMass {
  std::optional<double> mass;
  double area = 0;
  bool correct = false;
};
struct Region {
  std::string name;  // "the object's box"
  std::vector<RegionMass> masses;
};
Finding attention_finding(const Region& region, const std::string& map_size);

// test-photographs
Finding test_size_finding(const std::vector<bool>& correct);

// training-photographs: the largest size of the first curve is all that there are.
struct LearningCurve {
  std::string name;                   // "ridge head on frozen features"
  std::vector<SizedJudgement> sizes;  // ascending; three at least
};
Finding training_size_finding(const std::vector<LearningCurve>& curves);

// layers
struct LayerAlignment {
  std::size_t layer = 0;
  double before = 0, before_low = 0, before_high = 0;  // CKA with the network before training
  double fresh = 0, fresh_low = 0, fresh_high = 0;     // with one that learnt nothing
};
Finding layers_finding(const std::vector<LayerAlignment>& layers, std::size_t photographs);

// policy: the whole policy, the first, against none, the second, and against its variants; all runs
// on the same seeds and judged on the same photographs.
struct PolicyRuns {
  std::string name;  // "the policy", "no policy", "without hue", "hue alone"
  enum class Against { kWhole, kNone } against = Against::kWhole;
  Correctness correct;                  // [seed][photograph]
  std::vector<double> training_losses;  // [seed]
};
struct Affinity {
  Correctness augmented;  // [view][photograph]: the model without the policy on its views
  Correctness unaltered;  // [1][photograph]
};
struct ParameterShare {
  std::string experiment, parameter;
  double value = 0, low = 0, high = 0;  // total effect, share of the variance
};
Finding policy_finding(const std::vector<PolicyRuns>& runs,
                       const std::optional<Affinity>& affinity);
// Adds which problems the policy solves: the same kinds of copies of the same photographs, judged
// by a model that was trained with it and by one that was not.
void add_copies(Finding& finding, const std::vector<Copies>& with,
                const std::vector<Copies>& without);

// parameters: functional ANOVA of the trials.
Finding parameters_finding(const std::vector<ParameterShare>& shares,
                           const std::vector<std::string>& notes);

// looks: of a run, the means of the measures over its training pictures, and its accuracy.
struct LookedAt {
  std::vector<double> measures;
  double accuracy = 0;
};
// measures: their names; before: of the photographs as they are; task: of the runs, all of one.
Finding looks_finding(const std::vector<std::string>& measures, const std::vector<double>& before,
                      const std::vector<LookedAt>& runs, const std::string& task,
                      std::size_t photographs);

// transfer: arms on another network; the first is the tuned policy.
Finding transfer_finding(const std::string& network, const std::vector<PolicyRuns>& arms);

}  // namespace frugal::report
