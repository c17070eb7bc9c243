#include "worker/training_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "vision/data/manifest.h"
#include "vision/data/split.h"
#include "vision/train/train.h"
#include "vision/train/trunk.h"
#include "worker/confusions.h"
#include "worker/folders.h"

namespace frugal::worker {
namespace {

Json to_json(const train::EpochReport& report) {
  return {{"epochs", report.epochs},
          {"training_loss", report.training_loss},
          {"validation_loss", report.validation_loss},
          {"validation_accuracy", report.validation_accuracy},
          {"learning_rate", report.learning_rate},
          {"wall_seconds", report.wall_seconds}};
}

// Of the learning curve: the share of the run, and what was reached.
Json point_of(const train::EpochReport& report, const train::Recipe& recipe) {
  return {std::min(1.0, report.epochs / recipe.epochs), report.validation_accuracy};
}

Json read_json(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}

train::Recipe changed(const train::Recipe& recipe, const TrainingSetup& setup,
                      const std::string& task) {
  return train::recipe_from_json(setup.task_changes.value(task, Json::object()), recipe,
                                 "the task " + task);
}

// A task that a longer run passes through, and after how many epochs.
struct Passage {
  std::string task;
  double epochs;
};

// Those of a run of that recipe: it is shorter, and nothing else, and no step depends on the
// length of the run.
std::vector<Passage> passages_of(const experiment::Experiment& experiment,
                                 const TrainingSetup& setup, const train::Recipe& recipe) {
  std::vector<Passage> passages;
  if (recipe.knows_its_length()) return passages;
  for (const auto& task : experiment.tasks) {
    train::Recipe shorter = changed(recipe, setup, task.name);
    const double epochs = std::exchange(shorter.epochs, recipe.epochs);
    if (shorter == recipe && epochs < recipe.epochs) passages.push_back({task.name, epochs});
  }
  return passages;
}

}  // namespace

Json to_json(const TrainingSetup& setup) {
  return {{"folder", setup.folder},
          {"weights", setup.weights},
          {"recipe", setup.recipe},
          {"task_changes", setup.task_changes}};
}

TrainingSetup training_setup_from_json(const Json& json) {
  require_known_keys(json, {"folder", "weights", "recipe", "task_changes"},
                     "the experiment's training setup");
  return {json.at("folder"), json.at("weights"), json.at("recipe"), json.at("task_changes")};
}

std::string checkpoint_path(const std::string& run_folder, const train::Recipe& recipe) {
  train::Recipe any_length = recipe;
  const bool shares_its_beginning =
      !recipe.knows_its_length() || recipe.schedule == train::Schedule::kStable;
  if (shares_its_beginning) any_length.epochs = 0;
  const std::string key = sha256(to_json(any_length).dump()).substr(0, 16);
  return std::filesystem::path(run_folder) / "checkpoints" / (key + ".pt");
}

train::Recipe recipe_of(const experiment::Experiment& experiment, const experiment::Trial& trial) {
  const TrainingSetup setup = training_setup_from_json(experiment.metadata.at("training"));
  train::Recipe recipe =
      train::recipe_from_json(setup.recipe, train::Recipe{}, "the experiment's recipe");
  recipe = train::recipe_from_json(optimizer::to_json(trial.suggestion.assignments), recipe,
                                   "assignments");
  recipe.seed = trial.metadata.value("seed", recipe.seed);
  recipe = changed(recipe, setup, experiment.tasks.at(trial.suggestion.task).name);
  return train::recipe_from_json(trial.metadata.value("changes", Json::object()), recipe,
                                 "the trial's changes");
}

struct TrainingExecutor::Data {
  std::string folder;
  data::Dataset dataset;
  data::Split split;
};

// One trial's files on their way between the coordinator and this machine.
class TrainingExecutor::Trip {
 public:
  Trip(Mirror& mirror, const Lease& lease, const std::string& checkpoint,
       const std::filesystem::path& folder, const Mirror::ShouldStop& should_stop)
      : mirror_(mirror),
        lease_(lease),
        checkpoint_(checkpoint),
        trunk_(train::trunk_path(checkpoint)),
        folder_(folder) {
    mirror.bring(lease, checkpoint_, should_stop);
    mirror.bring(lease, trunk_, should_stop);
    courier_.emplace(mirror.client(), lease,
                     std::vector<Courier::Watched>{{trunk_, name_of(trunk_)},
                                                   {checkpoint_, name_of(checkpoint_)}},
                     mirror.log());
  }

  // What another attempt goes on from. Without it that goes on from the last one that was sent,
  // which is no reason to lose this one.
  void send_checkpoint() { send({name_of(trunk_), name_of(checkpoint_)}); }

  // What a longer run of the recipe goes on from. A device does not wait for what nobody asks for:
  // the last checkpoint of a run whose every step depends on its length, or a run of the full task.
  void send_beginnings(const train::Recipe& recipe, bool is_full) {
    if (is_full) return send({});
    send(recipe.knows_its_length() ? std::set{name_of(trunk_)}
                                   : std::set{name_of(trunk_), name_of(checkpoint_)});
  }

  // What the answer is made of.
  void send_results() const {
    for (const std::filesystem::path& file :
         {folder_ / "model" / "model.pth", folder_ / "model" / "model.json",
          folder_ / "trial.json"})
      if (std::filesystem::exists(file)) send_file(mirror_.client(), lease_, file, name_of(file));
  }

 private:
  static std::string name_of(const std::filesystem::path& path) { return path.filename(); }

  void send(const std::set<std::string>& names) try {
    courier_->finish(names);
  } catch (const SystemError& error) {
    mirror_.log()(fmt::format("no checkpoint reaches the coordinator: {}", error.what()));
  }

  Mirror& mirror_;
  const Lease& lease_;
  const std::filesystem::path checkpoint_, trunk_, folder_;
  std::optional<Courier> courier_;
};

TrainingExecutor::TrainingExecutor(unsigned threads) : threads_(threads) {}
TrainingExecutor::~TrainingExecutor() = default;

void TrainingExecutor::use(Mirror* mirror) {
  mirror_ = mirror;
}

const TrainingExecutor::Data& TrainingExecutor::data(const std::string& folder) {
  if (data_ != nullptr && data_->folder == folder) return *data_;
  const std::filesystem::path path(folder);
  auto loaded = std::make_unique<Data>();
  loaded->folder = folder;
  loaded->dataset =
      data::dataset_from_json(read_json(path / "dataset.json"), (path / "dataset.json").string());
  loaded->split = data::split_from_json(read_json(path / "split.json"), loaded->dataset,
                                        (path / "split.json").string());
  data_ = std::move(loaded);
  return *data_;
}

Outcome TrainingExecutor::run(const Lease& lease, Context& context) {
  TrainingSetup setup = training_setup_from_json(lease.experiment.metadata.at("training"));
  const std::string run_folder = setup.folder;  // by its name at the coordinator's
  const auto should_stop = [&] { return context.should_stop(); };
  if (mirror_ != nullptr) {
    const Mirror::Place here = mirror_->place_of(setup.folder, !setup.weights.empty(), should_stop);
    setup.folder = here.folder;
    setup.weights = here.weights;
  }
  const Data& photographs = data(setup.folder);
  const train::Recipe recipe = recipe_of(lease.experiment, lease.trial);
  const auto passages = lease.trial.metadata.contains("changes")
                            ? std::vector<Passage>()
                            : passages_of(lease.experiment, setup, recipe);
  const double step_epochs =
      static_cast<double>(recipe.batch()) / static_cast<double>(photographs.split.train.size());
  const std::filesystem::path folder = trial_folder(setup.folder, lease.trial.id);
  make_folder(folder);

  train::TrainOptions options;
  options.checkpoint_path = checkpoint_path(setup.folder, recipe);
  make_folder(std::filesystem::path(options.checkpoint_path).parent_path());
  std::optional<Trip> trip;
  if (mirror_ != nullptr)
    trip.emplace(*mirror_, lease, options.checkpoint_path, folder, should_stop);
  if (lease.trial.metadata.value("keep_model", false)) options.model_folder = folder / "model";
  for (const auto& passage : passages) options.also_evaluate_at.push_back(passage.epochs);
  if (lease.trial.metadata.contains("seconds"))
    options.allowed_seconds = lease.trial.metadata["seconds"].get<double>();
  options.should_stop = should_stop;

  Json messages = Json::array();
  options.on_message = [&](const std::string& text) { messages.push_back(text); };
  Json history = Json::array(), curve = Json::array();
  double epochs_now = 0, of = recipe.epochs;
  const auto tell = [&] {
    context.report_progress(
        {{"epochs", epochs_now}, {"of", of}, {"history", history}, {"curve", curve}});
  };
  options.on_step = [&](double epochs, double until) {
    epochs_now = epochs;
    if (options.allowed_seconds) of = until;
    tell();
  };
  options.on_evaluation = [&](const train::EpochReport& report) {
    history.push_back(to_json(report));
    if (recipe.strategy == train::Strategy::kFineTune) curve.push_back(point_of(report, recipe));
    epochs_now = report.epochs;
    tell();
    for (const auto& passage : passages)
      if (std::abs(passage.epochs - report.epochs) <= step_epochs / 2)
        context.observe_intermediate(passage.task, report.validation_accuracy);
  };

  const auto validation =
      train::HeldOutPhotographs::validation(photographs.dataset, photographs.split);
  const train::Environment environment{setup.weights, std::filesystem::path(setup.folder) / "cache",
                                       threads_};
  const train::TrainingSummary summary =
      train::train(recipe, train::TrainingPhotographs(photographs.dataset, photographs.split),
                   validation, environment, options);
  if (summary.ending == train::Ending::kStopped) {
    if (trip) trip->send_checkpoint();
    return Outcome::stopped(checkpoint_path(run_folder, recipe));
  }
  if (trip)
    trip->send_beginnings(recipe,
                          lease.trial.suggestion.task == experiment::full_task(lease.experiment));

  Json all = Json::array(), whole_curve = Json::array();
  for (const auto& report : summary.history) {
    all.push_back(to_json(report));
    whole_curve.push_back(point_of(report, recipe));
  }
  whole_curve.back()[0] = 1;  // whole steps are not quite the epochs that were wanted
  const Json left = {{"recipe", to_json(recipe)},
                     {"history", all},
                     {"messages", messages},
                     {"resumed_from_epochs", summary.resumed_from_epochs}};
  write_file(folder / "trial.json", left.dump(1) + "\n");
  if (trip) trip->send_results();
  return Outcome::observed(
      summary.validation.accuracy, {},
      {{"history", all},
       {"curve", whole_curve},
       {"confusions", confusions(summary.validation.labels, summary.validation.predictions,
                                 photographs.dataset.classes.size())}});
}

}  // namespace frugal::worker
