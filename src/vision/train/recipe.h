// A recipe: everything that one training run needs, as a value. Two equal recipes train the same
// model, on the same machine, to the last bit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace frugal::train {

enum class Strategy { kFineTune, kFeatures };
std::string to_string(Strategy strategy);
Strategy strategy_named(const std::string& name);  // "fine-tune", "features"; throws InputError

// How the learning rate runs over recipe.epochs. The plateau's reacts to the validation loss at the
// end of each epoch (torch.optim.lr_scheduler.ReduceLROnPlateau); the others fall to zero at the
// last step: along half a cosine (Loshchilov & Hutter 2017) or a line, from the first step on or
// after a rise (one-cycle, Smith & Topin 2018), or along a line at the very end, so that a longer
// run goes on from where a shorter one began to fall (warmup-stable-decay, Hu et al. 2024).
enum class Schedule { kPlateau, kCosine, kLinear, kOneCycle, kStable };
std::string to_string(Schedule schedule);

// What the head is before the first step: zeros, or the closed-form ridge solution on the frozen
// features of the training photographs ("LP-FT", Kumar et al. 2022). A network that is fine-tuned
// from nothing has no features worth it, and starts from zeros.
enum class HeadStart { kZero, kRidge };
std::string to_string(HeadStart start);

// How the head learns on frozen features: the study's SGD, or in one go (vision/train/heads.h), for
// which the number of epochs, the batch and SGD's parameters mean nothing.
enum class Head { kSgd, kRidge, kLda, kLogistic };
std::string to_string(Head head);

// What a photograph is judged by: its centre of the view's size, or the whole canvas that training
// views are cut from, a seventh larger: objects are as large as in training, and none loses its
// ends (Touvron et al. 2019 on the size of objects in training and test).
enum class TestView { kCenter, kWhole };
std::string to_string(TestView view);

// How much of the network stays as it is when it is fine-tuned: everything up to that layer, batch
// norm in evaluation mode. What it makes of the photographs is computed once, of feature_views
// views of each, and an epoch costs only what stands behind.
enum class Frozen { kNone, kLayer1, kLayer2, kLayer3 };
std::string to_string(Frozen frozen);

struct Recipe {
  Strategy strategy = Strategy::kFineTune;
  std::string network = "resnet18";
  // What the network sees, in pixels.
  std::size_t height = 224;
  std::size_t width = 224;
  double epochs = 10;  // passes over the training set; fractions allowed
  // The seven parameters of the study.
  double learning_rate = 0.01;  // SGD's
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 1e-4;
  int batch_exponent = 5;  // the batch holds 2^this photographs
  Schedule schedule = Schedule::kPlateau;
  double plateau_factor = 0.1;  // the learning rate times this ...
  int plateau_patience = 10;    // ... after this many epochs without a better validation loss
  double warmup = 0.25;         // one-cycle: share of the run in which the rate rises
  double warmup_epochs = 0.2;   // stable: epochs in which it rises
  double decay = 0.3;           // stable: share of the run, at its end, in which it falls
  // What fine-tuning does besides; the defaults are plain SGD on views of one size.
  double head_rate = 1;         // the head's learning rate is so many times the network's
  double layer_decay = 1;       // a layer's is so many times that of the layer above it
  double label_smoothing = 0;   // share of the label that is spread over all classes
  double weight_averaging = 0;  // decay of a running mean of the weights, which is judged and
                                // kept; 0: the last weights themselves
  double start_scale = 1;       // of the view's sides in the first step; they grow from there
  TestView test_view = TestView::kCenter;
  HeadStart head_start = HeadStart::kRidge;
  // What a head on frozen features reads: the means of the last so many layers, one after the
  // other; 1: of the last alone, as torchvision's networks.
  std::size_t feature_layers = 1;
  Frozen frozen = Frozen::kNone;
  // Of each training photograph, frozen layers see so many views: its centre, and augmented
  // ones that are the same in every run.
  std::size_t feature_views = 1;
  // Judged by the mean of the logits of the test view and of its mirror image. A head on frozen
  // features learns from the mirror images of the centres too.
  bool flip_test = false;
  Head head = Head::kSgd;          // another only with frozen features
  double ridge_penalty = 0;        // share of the features' mean eigenvalue; 0: cross-validated
  double lda_shrinkage = 0;        // of the covariance, up to 1; 0: cross-validated
  double logistic_penalty = 0.01;  // of the squared weights of standardized features
  // A policy: what augment::policy_named reads. Its open parameters are keys of the recipe's JSON
  // that are written once they are set, into the policy: a recipe carries the values it trains
  // with.
  std::string augment = "crop-flip";
  // "bf16" where the processor has it, else fp32; "fp32"; "int8": as bf16, but features in int8
  std::string precision = "bf16";
  std::uint64_t seed = 0;

  std::size_t batch() const { return std::size_t{1} << batch_exponent; }
  // Whether what a step does depends on how long the run is to be. If not, a shorter run is the
  // beginning of a longer one.
  bool knows_its_length() const { return schedule != Schedule::kPlateau || start_scale < 1; }
  std::size_t frozen_layers() const { return static_cast<std::size_t>(frozen); }
  // Whether it is trained step by step; else in one go, and a cheaper task costs the same.
  bool has_steps() const { return head == Head::kSgd; }
  bool operator==(const Recipe&) const = default;
};

// The untuned recipe of a strategy: the best that was measured (docs/training.md).
Recipe default_recipe(Strategy strategy);
// The untuned recipe of the 2020 study: plain SGD, its rate reduced on plateaus.
Recipe study_recipe(Strategy strategy);

Json to_json(const Recipe& recipe);
// Keys that are missing keep the value of base, except that a learning_rate without a head asks for
// SGD, as it did before there were others. An optimizer's wire form is read too: whole
// numbers as 5.0, "true" and "false" as text. Throws InputError for an unknown key (with the
// nearest known one), a wrong type, a value out of range (named, with the range).
Recipe recipe_from_json(const Json& json, const Recipe& base, std::string_view where);

// What is tuned around that recipe, in SigOpt's wire form:
// [{"name": "learning_rate", "type": "double", "bounds": {...}, "transformation": "log"}, ...].
// Of a recipe with a plateau the seven hyperparameters of the study with its ranges; of another
// seven that matter to it. Then what is open in its policy. The recipe itself lies inside.
Json tuned_parameters(const Recipe& recipe);

}  // namespace frugal::train
