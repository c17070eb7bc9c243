#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/inquiry.h"
#include "cli/short_runs.h"
#include "cli/signals.h"
#include "experiment/history.h"
#include "experiment/store.h"
#include "optimizer/insight.h"
#include "report/numbers.h"
#include "vision/explain/augmented_judgement.h"
#include "vision/explain/head_curve.h"
#include "vision/explain/policy_variants.h"
#include "vision/explain/subset.h"

namespace frugal::cli {
namespace {

constexpr double kMeasuringSeconds = 2;
constexpr std::size_t kAugmentedViews = 2;  // of each photograph, for affinity

}  // namespace

std::string without_policy(const train::Recipe& recipe, const std::string& whose) {
  if (policy_of(recipe).uses.empty())
    return whose + " model is trained without augmentation: there is no policy";
  if (recipe.strategy == train::Strategy::kFeatures && recipe.feature_views < 2)
    return whose +
           " head learns from the photographs as they are (feature_views is 1): no policy is used";
  return "";
}

augment::Policy policy_of(const train::Recipe& recipe) {
  augment::Policy policy =
      augment::with_values(augment::policy_named(recipe.augment), {}, "the run's policy");
  std::erase_if(policy.uses, [](const auto& use) { return use.probability == 0; });
  return policy;
}

// Where the network before training is; "" is a network that began from nothing.
std::optional<std::string> Inquiry::pretrained_weights() const {
  const Json options = parse_json(read_file(folder_.options()), folder_.options().string());
  const std::string weights = options.value("weights", "");
  if (weights.empty() || std::filesystem::is_regular_file(weights)) return weights;
  if (!is_fine_tuned()) return (folder_.model() / "model.pth").string();  // it never changed
  return {};
}

explain::Retraining Inquiry::retraining(const std::string& weights) const {
  train::Environment environment = environment_;
  environment.weights_path = weights;
  return {environment,
          {.folder = folder_.explain() / "runs",
           .should_stop = [] { return stop_signal() != 0; },
           .on_message = [this](const std::string& text) { console_.message(text); }}};
}

// All questions that train share it evenly.
double Inquiry::share_of_budget(const std::string& question) const {
  const auto is_asked = [&](const std::string& name) {
    return options_.only.empty() || std::ranges::find(options_.only, name) != options_.only.end();
  };
  std::size_t sharing = 0;
  const bool curve = is_asked("training-photographs") && is_fine_tuned();
  sharing += curve;
  sharing += is_asked("policy") && without_policy(recipe()).empty();
  sharing += is_asked("transfer") && !options_.onto.empty() && without_policy(recipe()).empty();
  if (question == "training-photographs" && !curve) return 0;
  return budget_seconds_ / static_cast<double>(std::max<std::size_t>(sharing, 1));
}

explain::ShortRunPlan Inquiry::plan_for(const train::Recipe& recipe, std::size_t judges,
                                        double photographs, std::size_t variants,
                                        double budget) const {
  const explain::ShortRunRequest request{
      .recipe = recipe,
      .training_photographs = static_cast<std::size_t>(photographs),
      .judges = judges,
      .all_photographs = run_.dataset.photographs.size(),
      .variants = variants,
      .budget_seconds = budget,
      .threads = threads_};
  return plan_short_runs(request, train::measure_speed(recipe, 1, threads_, kMeasuringSeconds));
}

report::PolicyRuns Inquiry::runs_with(const augment::Policy& policy, const std::string& name,
                                      const explain::ShortRunPlan& plan,
                                      const explain::Retraining& training,
                                      const std::string& model_folder) const {
  report::PolicyRuns runs{.name = name, .correct = {}, .training_losses = {}};
  for (std::size_t s = 0; s < plan.seeds; ++s) {
    train::Recipe recipe = plan.recipe;
    recipe.augment = text_of(policy);
    recipe.seed = kFirstSeed + s;
    console_.status({fmt::format("training {}, seed {} of {}", name, s + 1, plan.seeds)});
    const explain::ShortRun run =
        training.run(recipe, train::TrainingPhotographs(run_.dataset, run_.split),
                     train::HeldOutPhotographs::validation(run_.dataset, run_.split),
                     s == 0 ? model_folder : "");
    console_.line(
        fmt::format("{}, seed {} of {}: {:.0f} s", name, s + 1, plan.seeds, run.wall_seconds));
    runs.correct.push_back(run.correct());
    runs.training_losses.push_back(run.training_loss);
  }
  console_.clear_status();
  return runs;
}

explain::Gallery Inquiry::validation_gallery(const explain::Subject& subject) const {
  return {subject, train::HeldOutPhotographs::validation(run_.dataset, run_.split), environment_,
          console_};
}

report::Affinity Inquiry::affinity(const augment::Policy& policy,
                                   const std::string& model_folder) const {
  explain::Subject subject = explain::Subject::open(model_folder, environment_);
  const explain::Gallery photographs = validation_gallery(subject);
  const auto correct = [](const train::Evaluation& evaluation) {
    std::vector<bool> right;
    for (std::size_t i = 0; i < evaluation.labels.size(); ++i)
      right.push_back(evaluation.labels[i] == evaluation.predictions[i]);
    return right;
  };
  report::Affinity found;
  for (std::size_t view = 0; view < kAugmentedViews; ++view)
    found.augmented.push_back(
        correct(explain::judge_augmented(subject, photographs, policy, view, console_)));
  found.unaltered.push_back(correct(explain::judge_unaltered(subject, photographs, console_)));
  return found;
}

std::vector<report::Copies> Inquiry::judged_copies(const std::string& model_folder) const {
  explain::Subject subject = explain::Subject::open(model_folder, environment_);
  return copies_judged(subject, validation_gallery(subject), console_);
}

report::Finding Inquiry::policy() {
  if (const std::string reason = without_policy(recipe()); !reason.empty())
    return report::unanswered("policy", reason);
  const auto weights = pretrained_weights();
  if (!weights)
    return report::unanswered(
        "policy", "the weights that the run began from are no longer where its options say");
  using Kind = explain::PolicyVariant::Kind;
  const augment::Policy whole = policy_of(recipe());
  const auto variants = explain::variants_of(whole);
  const double budget = share_of_budget("policy");
  const auto plan = plan_for(recipe(), run_.split.validation.size(),
                             static_cast<double>(run_.split.train.size()), variants.size(), budget);
  if (plan.seeds == 0)
    return report::unanswered("policy", too_little(plan, budget, variants.size()));
  const explain::Retraining training = retraining(*weights);
  const auto models = folder_.explain() / "models";
  const std::string with = models / "with-policy", without = models / "without-policy";
  std::vector<report::PolicyRuns> runs;
  for (const explain::PolicyVariant& variant : variants) {
    const std::string name = variant.kind == Kind::kWhole     ? "the policy"
                             : variant.kind == Kind::kNone    ? "no policy"
                             : variant.kind == Kind::kWithout ? "without " + variant.name
                                                              : variant.name + " alone";
    runs.push_back(runs_with(variant.policy, name, plan, training,
                             variant.kind == Kind::kWhole  ? with
                             : variant.kind == Kind::kNone ? without
                                                           : ""));
    if (variant.kind == Kind::kAlone) runs.back().against = report::PolicyRuns::Against::kNone;
  }
  report::Finding finding = report::policy_finding(runs, affinity(whole, without));
  report::add_copies(finding, judged_copies(with), judged_copies(without));
  finding.notes.push_back(plan_note(plan, recipe()));
  finding.notes.push_back(fmt::format("Judged on the {} of the validation part.",
                                      report::plural(run_.split.validation.size(), "photograph")));
  std::filesystem::remove_all(models);
  return finding;
}

// By training anew; nullopt, and a note that says why, when the budget does not hold it.
std::optional<report::LearningCurve> Inquiry::retrained_curve(const std::string& weights,
                                                              std::vector<std::string>& notes) {
  if (recipe().schedule == train::Schedule::kPlateau) {
    notes.emplace_back(
        "Not trained anew: a schedule by plateaus reads the judges, so each size would need "
        "judges of its own.");
    return {};
  }
  const explain::HeadCurveOptions sizes;
  double all = 0;
  for (const double share : sizes.shares) all += share;
  const auto n = static_cast<double>(run_.split.train.size());
  const auto count = sizes.shares.size();
  const double budget = share_of_budget("training-photographs");
  const auto plan = plan_for(recipe(), run_.split.test.size(), n * all / static_cast<double>(count),
                             count, budget);
  if (plan.seeds == 0) {
    notes.push_back("Not trained anew: " + too_little(plan, budget, count) + ".");
    return {};
  }
  const explain::Retraining training = retraining(weights);
  report::LearningCurve curve{"fine-tuned network", {}};
  for (const double share : sizes.shares) {
    report::SizedJudgement size;
    for (std::size_t s = 0; s < plan.seeds; ++s) {
      const data::Split part = explain::with_share_of_training(run_.split, run_.dataset, share, s);
      train::Recipe recipe = plan.recipe;
      recipe.seed = kFirstSeed + s;
      size.photographs = part.train.size();
      console_.status({fmt::format("training on {} photographs, seed {} of {}", size.photographs,
                                   s + 1, plan.seeds)});
      size.correct.push_back(training
                                 .run(recipe, train::TrainingPhotographs(run_.dataset, part),
                                      train::HeldOutPhotographs::test(run_.dataset, part))
                                 .correct());
    }
    curve.sizes.push_back(std::move(size));
  }
  console_.clear_status();
  notes.push_back(plan_note(plan, recipe()));
  return curve;
}

report::Finding Inquiry::training_photographs() {
  const auto weights = pretrained_weights();
  if (!weights)
    return report::unanswered(
        "training-photographs",
        "the weights that the run began from are no longer where its options say");
  std::vector<std::string> notes;
  std::vector<report::LearningCurve> curves;
  if (weights->empty() && is_fine_tuned()) {
    notes.emplace_back("The network began from nothing, so it has no frozen features.");
  } else {
    train::Environment environment = environment_;
    environment.weights_path = *weights;
    report::LearningCurve curve{explain::head_of_curve(recipe()) + " head on frozen features", {}};
    for (auto& point :
         explain::head_curve(recipe(), run_.dataset, run_.split, environment, {}, console_))
      curve.sizes.push_back({point.photographs, std::move(point.correct)});
    curves.push_back(std::move(curve));
  }
  if (is_fine_tuned())
    if (auto curve = retrained_curve(*weights, notes)) curves.push_back(std::move(*curve));
  if (curves.empty())
    return report::unanswered("training-photographs", fmt::format("{}", fmt::join(notes, " ")));
  report::Finding finding = report::training_size_finding(curves);
  finding.notes.insert(finding.notes.end(), notes.begin(), notes.end());
  return finding;
}

report::Finding Inquiry::parameters() {
  if (!std::filesystem::exists(folder_.store()))
    return report::unanswered("parameters", "the run trained one recipe: there was no search");
  const auto store = experiment::open_sqlite_store(folder_.store());
  std::vector<report::ParameterShare> shares;
  std::vector<std::string> notes, lacking;
  for (const experiment::Experiment& each : store->experiments()) {
    const auto history = experiment::history_of(each, {}, store->observations(each.id));
    const optimizer::Insight insight = optimizer::make_insight(
        experiment::problem_of(each), history, each.seed, {.curves = 0, .surfaces = 0});
    if (!insight.lacking.empty()) lacking.push_back(each.name + ": " + insight.lacking);
    for (const std::string& note : insight.notes) notes.push_back(each.name + ": " + note);
    for (const optimizer::Effect& effect : insight.importance.overall.total)
      shares.push_back({each.name, effect.parameters[0], effect.share.value, effect.share.low,
                        effect.share.high});
  }
  if (shares.empty())
    return report::unanswered("parameters", lacking.empty()
                                                ? "the store holds no experiment"
                                                : fmt::format("{}", fmt::join(lacking, "; ")));
  return report::parameters_finding(shares, notes);
}

}  // namespace frugal::cli
