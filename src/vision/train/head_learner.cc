#include <cstring>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "vision/model/weights.h"
#include "vision/train/compute.h"
#include "vision/train/evaluation.h"
#include "vision/train/frozen_views.h"
#include "vision/train/heads.h"
#include "vision/train/learners.h"
#include "vision/train/ridge.h"
#include "vision/train/set_head.h"
#include "vision/train/test_logits.h"

namespace frugal::train {
namespace {

class HeadLearner final : public Learner {
 public:
  HeadLearner(const Assignment& assignment, FrozenViews views)
      : assignment_(assignment),
        plan_(assignment.plan),
        views_(std::move(views)),
        training_(feature_rows(views_.training)),
        classes_(assignment.training.dataset().classes.size()),
        training_labels_(labels_of(assignment.training.dataset(), assignment.training.indices())),
        validation_labels_(
            labels_of(assignment.validation.dataset(), assignment.validation.indices())),
        head_({classes_, training_.feature_count}, standardization_of(training_)) {}

  void begin() override {
    const Recipe& recipe = assignment_.recipe;
    if (!recipe.has_steps() || recipe.head_start == HeadStart::kZero) return;
    const Linear start = fit_ridge(training_, training_labels_, classes_).linear;
    head_.restore(unfolded(start, head_.standardization()), {start.classes, start.features});
  }

  double step(std::size_t step, double /*share_done*/, const SgdOptions& options) override {
    if (const HeadTrainer* trainer = head_trainer(assignment_.recipe.head)) return fit(*trainer);
    FeatureRows rows{{}, training_.feature_count};
    std::vector<std::size_t> labels;
    const std::size_t epoch = plan_.epoch_of(step);
    for (const std::size_t position : plan_.positions(step)) {
      rows.rows.push_back(
          training_.rows[views_.view_of(epoch, position) * training_labels_.size() + position]);
      labels.push_back(training_labels_[position]);
    }
    return head_.step(rows, labels, options);
  }

  std::optional<Evaluation> evaluate(const std::function<bool()>&) override {
    std::vector<float> logits = head_.logits(feature_rows(views_.validation));
    if (assignment_.recipe.flip_test)
      add_mean(logits, head_.logits(feature_rows(views_.mirrored_validation)));
    return judge(logits, validation_labels_, classes_);
  }

  std::string save() const override {
    std::string bytes;
    for (const Linear* part : {&head_.linear(), &head_.velocity()})
      for (const std::vector<float>* values : {&part->weight, &part->bias})
        bytes.append(reinterpret_cast<const char*>(values->data()), values->size() * sizeof(float));
    return bytes;
  }

  bool load(std::string_view state) override {
    Linear linear(classes_, training_.feature_count), velocity = linear;
    if (state.size() != 2 * sizeof(float) * (linear.weight.size() + linear.bias.size()))
      return false;
    for (Linear* part : {&linear, &velocity})
      for (std::vector<float>* values : {&part->weight, &part->bias}) {
        std::memcpy(values->data(), state.data(), values->size() * sizeof(float));
        state.remove_prefix(values->size() * sizeof(float));
      }
    head_.restore(std::move(linear), std::move(velocity));
    return true;
  }

  void write_weights(const std::string& path) const override {
    const auto network =
        make_pretrained(assignment_.recipe, assignment_.environment.weights_path, classes_);
    set_head(*network, folded(head_.linear(), head_.standardization()));
    model::write_pth(path, network->state());
  }

 private:
  // Returns the mean loss of the training photographs' centres.
  double fit(const HeadTrainer& trainer) {
    const Recipe& recipe = assignment_.recipe;
    const Linear linear =
        trainer
            .fit(training_, training_labels_, classes_,
                 {.regularization = recipe.*trainer.regularization, .seed = recipe.seed})
            .linear;
    head_.restore(unfolded(linear, head_.standardization()), {classes_, linear.features});
    FeatureRows centres = training_;
    centres.rows.resize(training_labels_.size());
    return judge(head_.logits(centres), training_labels_, classes_).loss;
  }

  const Assignment assignment_;
  BatchPlan plan_;
  FrozenViews views_;
  FeatureRows training_;  // all views
  std::size_t classes_;
  std::vector<std::size_t> training_labels_;
  std::vector<std::size_t> validation_labels_;
  LinearHead head_;
};

}  // namespace

std::unique_ptr<Learner> make_head_learner(const Assignment& assignment, ProgressSink& progress) {
  return std::make_unique<HeadLearner>(assignment,
                                       open_frozen_views(assignment, /*layer=*/0, progress));
}

}  // namespace frugal::train
