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
#include "vision/explain/alterations.h"
#include "vision/explain/augmented_judgement.h"
#include "vision/explain/head_curve.h"
#include "vision/explain/policy_variants.h"
#include "vision/explain/subset.h"

namespace frugal::cli {
namespace {

constexpr double kMeasuringSeconds = 2;
constexpr std::size_t kAugmentedViews = 2;  // of each photograph, for affinity

double area_share(const train::Recipe& recipe, const train::Recipe& of) {
  return static_cast<double>(recipe.height * recipe.width) /
         static_cast<double>(of.height * of.width);
}

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

// Runs that the budget does not hold any more are stopped.
explain::Retraining Inquiry::retraining(const std::string& weights,
                                        const BudgetShare& budget) const {
  train::Environment environment = environment_;
  environment.weights_path = weights;
  return {environment,
          {.folder = folder_.explain() / "runs",
           .should_stop = [&budget] { return stop_signal() != 0 || budget.is_spent(); },
           .on_message = [this](const std::string& text) { console_.message(text); }}};
}

std::size_t Inquiry::questions_that_train() const {
  const auto is_asked = [&](const std::string& name) {
    return options_.only.empty() || std::ranges::find(options_.only, name) != options_.only.end();
  };
  std::size_t count = is_asked("training-photographs") && is_fine_tuned();
  count += is_asked("policy") && without_policy(recipe()).empty();
  count += is_asked("transfer") && !options_.onto.empty() && without_policy(recipe()).empty();
  return count;
}

BudgetShare Inquiry::budget_of_question() const {
  return {budget_seconds_, questions_that_train(), clock_};
}

explain::ShortRunRequest Inquiry::runs_on_training_part(const train::Recipe& recipe,
                                                        std::size_t variants) const {
  return {.recipe = recipe,
          .training_photographs = run_.split.train.size(),
          .judges = run_.split.validation.size(),
          .all_photographs = run_.dataset.photographs.size(),
          .variants = variants,
          .threads = threads_};
}

// The plan is kept until the question is answered: the speed is never measured alike twice, and
// what was trained by another plan would be of no use.
explain::ShortRunPlan Inquiry::plan_for(const std::string& question,
                                        explain::ShortRunRequest request,
                                        const BudgetShare& budget) const {
  const auto file = folder_.explain() / "plans" / (question + ".json");
  const std::string key = sha256(
      fmt::format("{} {} {}", identity(question), threads_, train::to_json(request.recipe).dump()));
  if (std::filesystem::exists(file)) {
    const Json json = parse_json(read_file(file), file.string());
    if (json.at("key") == key)
      return explain::short_run_plan_from_json(json.at("plan"), file.string());
  }
  train::Speed speed = train::measure_speed(request.recipe, 1, threads_, kMeasuringSeconds);
  request.budget_seconds = budget.left_seconds();
  explain::ShortRunPlan plan = explain::plan_short_runs(request, speed);
  if (const double share = area_share(plan.recipe, request.recipe); share < 1) {
    // Smaller photographs are slower than their pixels make believe.
    speed = train::measure_speed(plan.recipe, 1, threads_, kMeasuringSeconds);
    speed.training_images_per_second *= share;
    speed.inference_images_per_second *= share;
    request.budget_seconds = budget.left_seconds();
    plan = explain::plan_short_runs(request, speed);
  }
  if (plan.seeds == 0) return plan;
  std::filesystem::create_directories(file.parent_path());
  write_file(file, Json{{"key", key}, {"plan", to_json(plan)}}.dump());
  return plan;
}

std::vector<report::PolicyRuns> Inquiry::trained_over_seeds(
    const std::vector<Arm>& arms, ShortRuns& short_runs, const explain::ShortRunPlan& plan,
    const explain::Retraining& training) const {
  std::vector<report::PolicyRuns> runs;
  for (const Arm& arm : arms) runs.push_back({arm.name, arm.against, {}, {}});
  const std::size_t seeds = short_runs.run_seeds([&](std::size_t variant, std::size_t seed) {
    const Arm& arm = arms[variant];
    train::Recipe recipe = plan.recipe;
    recipe.augment = text_of(arm.policy);
    recipe.seed = kFirstSeed + seed;
    console_.status({fmt::format("training {}, seed {} of {}", arm.name, seed + 1, plan.seeds)});
    const explain::ShortRun run =
        training.run(recipe, train::TrainingPhotographs(run_.dataset, run_.split),
                     train::HeldOutPhotographs::validation(run_.dataset, run_.split),
                     seed == 0 ? arm.model_folder : "");
    console_.line(fmt::format("{}, seed {} of {}: {:.0f} s", arm.name, seed + 1, plan.seeds,
                              run.wall_seconds));
    runs[variant].correct.push_back(run.correct());
    runs[variant].training_losses.push_back(run.training_loss);
  });
  for (report::PolicyRuns& each : runs) {  // a seed that was cut is no seed of any
    each.correct.resize(seeds);
    each.training_losses.resize(seeds);
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

std::vector<Inquiry::Arm> Inquiry::arms_of(const augment::Policy& policy,
                                           const std::filesystem::path& models) {
  using Kind = explain::PolicyVariant::Kind;
  using Against = report::PolicyRuns::Against;
  std::vector<Arm> arms;
  for (const explain::PolicyVariant& variant : explain::variants_of(policy)) {
    Arm arm{.name = "without " + variant.name, .policy = variant.policy};
    if (variant.kind == Kind::kWhole) arm.name = "the policy";
    if (variant.kind == Kind::kWhole) arm.model_folder = models / "with-policy";
    if (variant.kind == Kind::kNone) arm.name = "no policy";
    if (variant.kind == Kind::kNone) arm.model_folder = models / "without-policy";
    if (variant.kind == Kind::kAlone) arm.name = variant.name + " alone";
    if (variant.kind == Kind::kAlone) arm.against = Against::kNone;
    arms.push_back(std::move(arm));
  }
  return arms;
}

report::Finding Inquiry::policy() {
  if (const std::string reason = without_policy(recipe()); !reason.empty())
    return report::unanswered("policy", reason);
  const auto weights = pretrained_weights();
  if (!weights)
    return report::unanswered(
        "policy", "the weights that the run began from are no longer where its options say");
  const augment::Policy whole = policy_of(recipe());
  const auto models = folder_.explain() / "models";
  const std::vector<Arm> arms = arms_of(whole, models);
  const BudgetShare budget = budget_of_question();
  explain::ShortRunRequest request = runs_on_training_part(recipe(), arms.size());
  request.judgings = kAugmentedViews + 1 + 2 * (explain::alterations().size() + 1);
  const auto plan = plan_for("policy", request, budget);
  if (plan.seeds == 0) return report::unanswered("policy", too_little(plan, budget, arms.size()));
  ShortRuns short_runs(plan, budget, arms.size());
  const auto runs = trained_over_seeds(arms, short_runs, plan, retraining(*weights, budget));
  const std::string &with = arms[0].model_folder, &without = arms[1].model_folder;
  report::Finding finding = report::policy_finding(runs, affinity(whole, without));
  report::add_copies(finding, judged_copies(with), judged_copies(without));
  finding.notes.push_back(plan_note(plan, recipe(), runs[0].correct.size()));
  finding.notes.push_back(fmt::format("Judged on the {} of the validation part.",
                                      report::plural(run_.split.validation.size(), "photograph")));
  if (!short_runs.note().empty()) finding.notes.push_back(short_runs.note());
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
  const auto count = sizes.shares.size();
  const BudgetShare budget = budget_of_question();
  explain::ShortRunRequest request = runs_on_training_part(recipe(), count);
  request.training_photographs = static_cast<std::size_t>(
      static_cast<double>(request.training_photographs) * all / static_cast<double>(count));
  request.judges = run_.split.test.size();
  request.seeds_share_views = false;
  const auto plan = plan_for("training-photographs", request, budget);
  if (plan.seeds == 0) {
    notes.push_back("Not trained anew: " + too_little(plan, budget, count) + ".");
    return {};
  }
  const explain::Retraining training = retraining(weights, budget);
  ShortRuns short_runs(plan, budget, count);
  report::LearningCurve curve{"fine-tuned network", std::vector<report::SizedJudgement>(count)};
  std::size_t seeds = 0;
  try {
    seeds = short_runs.run_seeds([&](std::size_t size, std::size_t seed) {
      const data::Split part =
          explain::with_share_of_training(run_.split, run_.dataset, sizes.shares[size], seed);
      train::Recipe recipe = plan.recipe;
      recipe.seed = kFirstSeed + seed;
      curve.sizes[size].photographs = part.train.size();
      console_.status({fmt::format("training on {} photographs, seed {} of {}", part.train.size(),
                                   seed + 1, plan.seeds)});
      curve.sizes[size].correct.push_back(
          training
              .run(recipe, train::TrainingPhotographs(run_.dataset, part),
                   train::HeldOutPhotographs::test(run_.dataset, part))
              .correct());
    });
  } catch (const InputError& error) {
    notes.push_back(fmt::format("Not trained anew: {}.", error.what()));
    is_unfinished_ = true;
    return {};
  }
  for (report::SizedJudgement& size : curve.sizes) size.correct.resize(seeds);
  console_.clear_status();
  notes.push_back(plan_note(plan, recipe(), seeds));
  if (!short_runs.note().empty()) notes.push_back(short_runs.note());
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
