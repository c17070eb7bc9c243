#include "vision/explain/augmented_judgement.h"

#include "vision/train/evaluation.h"

namespace frugal::explain {
namespace {

train::Evaluation judge(Subject& subject, const Gallery& gallery, const augment::Policy& policy,
                        std::size_t epoch, ProgressSink& progress) {
  const auto fill = [&](std::size_t i, std::span<std::uint8_t> pixels) {
    augment::apply(policy, gallery.canvas_pixels(i), gallery.canvas(), gallery.view(),
                   augment::view_stream(0, epoch, i), pixels);
  };
  return train::judge(logits_of(subject, gallery.size(), fill, "judging augmented views", progress),
                      gallery.labels(), subject.classes().size());
}

}  // namespace

train::Evaluation judge_augmented(Subject& subject, const Gallery& gallery,
                                  const augment::Policy& policy, std::size_t epoch,
                                  ProgressSink& progress) {
  return judge(subject, gallery, policy, epoch, progress);
}

train::Evaluation judge_unaltered(Subject& subject, const Gallery& gallery,
                                  ProgressSink& progress) {
  return judge(subject, gallery, {}, 0, progress);
}

}  // namespace frugal::explain
