// Recipe in, trained model and metered cost out. Checkpoints on the way: a run that is stopped,
// killed or promoted to a longer task goes on where it was, and ends in the same bits as one
// that never stopped. No torch in this header.
//
// Types keep the parts apart: augmentation takes TrainingPhotographs, evaluation takes
// HeldOutPhotographs, and neither can be made from the other.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "vision/data/cache.h"
#include "vision/data/dataset.h"
#include "vision/data/split.h"
#include "vision/train/recipe.h"

namespace frugal::train {

// Photographs that the network may learn from, and may see altered.
class TrainingPhotographs {
 public:
  TrainingPhotographs(const data::Dataset& dataset, const data::Split& split)
      : dataset_(&dataset), indices_(split.train) {}
  // Those of the validation part too: for a last run, by which nothing is decided.
  static TrainingPhotographs with_validation(const data::Dataset& dataset,
                                             const data::Split& split) {
    TrainingPhotographs both(dataset, split);
    both.indices_.insert(both.indices_.end(), split.validation.begin(), split.validation.end());
    return both;
  }
  const data::Dataset& dataset() const { return *dataset_; }
  const std::vector<std::size_t>& indices() const { return indices_; }

 private:
  const data::Dataset* dataset_;
  std::vector<std::size_t> indices_;
};

// Photographs that judge. Shown resized and centre-cropped, never altered.
class HeldOutPhotographs {
 public:
  static HeldOutPhotographs validation(const data::Dataset& dataset, const data::Split& split) {
    return {dataset, split.validation};
  }
  static HeldOutPhotographs test(const data::Dataset& dataset, const data::Split& split) {
    return {dataset, split.test};
  }
  // Every photograph of a data set that no training run has seen (frugal evaluate).
  static HeldOutPhotographs all(const data::Dataset& dataset);
  const data::Dataset& dataset() const { return *dataset_; }
  const std::vector<std::size_t>& indices() const { return indices_; }

 private:
  HeldOutPhotographs(const data::Dataset& dataset, std::vector<std::size_t> indices)
      : dataset_(&dataset), indices_(std::move(indices)) {}
  const data::Dataset* dataset_;
  std::vector<std::size_t> indices_;
};

struct Evaluation {
  double accuracy = 0;  // share of photographs whose top class is right
  double top5_accuracy = 0;
  double loss = 0;                  // mean cross-entropy
  std::vector<std::size_t> labels;  // per photograph, in the order of indices()
  std::vector<std::size_t> predictions;
};

struct EpochReport {
  double epochs = 0;           // passes done
  double training_loss = 0;    // mean since the last report
  double validation_loss = 0;  // 0 when nothing is judged
  double validation_accuracy = 0;
  double learning_rate = 0;
  double wall_seconds = 0;  // spent on this run so far, checkpointed time included
};

// The network that a weight file holds: "resnet18". Throws InputError: not a weight file, none of
// our networks.
std::string network_of(const std::string& weights_path);

struct Environment {
  std::string weights_path;  // "": a fresh network, initialized from the recipe's seed
  std::string cache_folder;  // photograph and feature caches
  unsigned threads = 1;
  std::string engine = "auto";  // of frozen networks and evaluations: "auto", "onednn", "libtorch"
  std::uint64_t cache_bytes = data::kCacheBytes;  // what cache_folder holds at most

  data::CacheFolder cache() const { return {cache_folder, cache_bytes}; }
};

struct TrainOptions {
  std::string checkpoint_path;  // "": none. Written atomically; resumed when it fits the recipe
  double checkpoint_every_seconds = 30;  // and at every evaluation, and when stopped
  std::string model_folder;              // "": the model is not kept
  std::vector<double> also_evaluate_at;  // epochs; besides the end of every epoch and of the run
  // What a run of steps may take, checkpointed time and the last evaluation included: it becomes as
  // long as that allows (vision/train/pace.h), and recipe.epochs is only where it begins. nullopt:
  // it takes what recipe.epochs take. The bits of such a run depend on the clock.
  std::optional<double> allowed_seconds;
  // False where the validation photographs are learned from: nothing is judged, on_evaluation tells
  // of the training loss alone. No plateau then.
  bool evaluate = true;
  std::function<void(const EpochReport&)> on_evaluation = [](const EpochReport&) {};
  // Passes done, and how many there are to be.
  std::function<void(double epochs, double of)> on_step = [](double, double) {};
  // Asked after every step, and between the batches of an evaluation.
  std::function<bool()> should_stop = [] { return false; };
  // What a user should read: a checkpoint that does not fit, a disk that is full.
  std::function<void(const std::string&)> on_message = [](const std::string&) {};
};

enum class Ending { kFinished, kStopped };

struct TrainingSummary {
  Ending ending = Ending::kFinished;
  double epochs = 0;
  Evaluation validation;             // at the end; empty when stopped, or when nothing is judged
  std::vector<EpochReport> history;  // resumed reports included
  double resumed_from_epochs = 0;
  double wall_seconds = 0;  // of this call alone
  double cpu_seconds = 0;
};

// Builds what the recipe reads: the photograph cache, and the features of the photographs' centres
// where the strategy or the head's start needs them.
// Idempotent; the coordinator calls it once before the workers start. Throws InputError when a
// photograph changed since it was checked.
void prepare(const Recipe& recipe, const data::Dataset& dataset, const Environment& environment,
             ProgressSink& progress);

// What frozen layers make of views of the training photographs, so that no trial waits for it: for
// features the views that heads of the search space may read (search_space.h), for a frozen prefix
// the recipe's own.
void prepare_views(const Recipe& recipe, const TrainingPhotographs& training,
                   const Environment& environment, ProgressSink& progress);

// Throws NumericalError when the loss is not a number (the run failed), InputError, SystemError.
TrainingSummary train(const Recipe& recipe, const TrainingPhotographs& training,
                      const HeldOutPhotographs& validation, const Environment& environment,
                      const TrainOptions& options);

// Everything that `train` left in a model folder: model.pth (torchvision's names), model.json
// (network, classes, recipe, normalization).
class Model {
 public:
  static Model load(const std::string& folder);  // throws InputError
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const Recipe& recipe() const;
  const std::vector<std::string>& classes() const;
  // The weights for other programs, with torchvision's names. format: "pth", "safetensors".
  void write_weights(const std::string& path, const std::string& format) const;
  // probabilities, one row a picture
  std::vector<std::vector<float>> predict(const std::vector<data::Image>& images);
  // Throws InputError when the data set's classes are not the model's (names them).
  Evaluation evaluate(const HeldOutPhotographs& photographs, const Environment& environment,
                      ProgressSink& progress);

 private:
  struct State;
  explicit Model(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct Speed {
  // Of one worker while `workers` work side by side, on average over a run.
  double training_images_per_second = 0;
  double inference_images_per_second = 0;  // likewise
};

// Measured on random pixels for about `seconds`, with `workers` threads of control of
// `threads` threads each, at the recipe's network and size.
Speed measure_speed(const Recipe& recipe, unsigned workers, unsigned threads, double seconds);

}  // namespace frugal::train
