// What is looked into: a trained model, and held-out photographs as it is shown them. No torch in
// this header.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/progress.h"
#include "vision/data/cache.h"
#include "vision/train/train.h"

namespace frugal::explain {

// A model that train::train left in a folder. Not thread-safe.
class Subject {
 public:
  // Throws as train::Model::load.
  static Subject open(const std::string& model_folder, const train::Environment& environment);
  Subject(Subject&&) noexcept;
  Subject& operator=(Subject&&) noexcept;
  ~Subject();

  const train::Recipe& recipe() const;
  const std::vector<std::string>& classes() const;

  struct State;  // subject_state.h, for this room
  State& state() { return *state_; }

 private:
  explicit Subject(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Held-out photographs, cut as the model is judged by them; their labels are the model's classes.
// Thread-safe once made.
class Gallery {
 public:
  // photographs: their data set outlives this. Throws InputError when there are none, or when the
  // model does not know a class (named).
  Gallery(const Subject& subject, const train::HeldOutPhotographs& photographs,
          const train::Environment& environment, ProgressSink& progress);

  std::size_t size() const { return indices_.size(); }
  data::Size view() const { return view_; }
  data::Size canvas() const { return canvas_; }
  data::Image picture(std::size_t i) const;
  // All that the cache holds of it: what an augmented view is cut from.
  std::span<const std::uint8_t> canvas_pixels(std::size_t i) const {
    return cache_.pixels(indices_[i]);
  }
  const std::vector<std::size_t>& labels() const { return labels_; }
  const data::Photograph& photograph(std::size_t i) const;

 private:
  const data::Dataset* dataset_;
  std::vector<std::size_t> indices_;
  std::vector<std::size_t> labels_;
  data::Size view_, canvas_;
  data::PhotographCache cache_;
};

// (n, classes) logits, as the model is judged by them (with flip_test of mirror images too). fill:
// what it is shown in place of photograph i, of the view's size.
using FillView = std::function<void(std::size_t i, std::span<std::uint8_t> pixels)>;
std::vector<float> logits_of(Subject& subject, std::size_t count, const FillView& fill,
                             const std::string& stage, ProgressSink& progress);

}  // namespace frugal::explain
