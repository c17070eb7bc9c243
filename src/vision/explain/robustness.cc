#include "vision/explain/robustness.h"

#include <algorithm>

#include "vision/train/evaluation.h"

namespace frugal::explain {
namespace {

train::Evaluation judge(Subject& subject, const Gallery& gallery, const FillView& fill,
                        const std::string& name, ProgressSink& progress) {
  const auto logits = logits_of(subject, gallery.size(), fill, "judging: " + name, progress);
  return train::judge(logits, gallery.labels(), subject.classes().size());
}

}  // namespace

data::Image altered(const Gallery& gallery, std::size_t i, const Alteration& alteration) {
  const std::size_t other = (i + std::max<std::size_t>(gallery.size() / 2, 1)) % gallery.size();
  RandomStream random = RandomStream(0)
                            .derive("alteration")
                            .derive(alteration.name)
                            .derive(gallery.photograph(i).content_hash);
  return alteration.apply(gallery.picture(i), gallery.picture(other), random);
}

std::vector<AlteredJudgement> judge_altered(Subject& subject, const Gallery& gallery,
                                            ProgressSink& progress) {
  std::vector<AlteredJudgement> judgements;
  const auto add = [&](const std::string& name, const std::string& meaning, const auto& picture) {
    const auto fill = [&](std::size_t i, std::span<std::uint8_t> pixels) {
      std::ranges::copy(picture(i).pixels, pixels.begin());
    };
    judgements.push_back({name, meaning, judge(subject, gallery, fill, name, progress)});
  };
  add("unaltered", "the photographs as they are",
      [&](std::size_t i) { return gallery.picture(i); });
  for (const Alteration& alteration : alterations())
    add(alteration.name, alteration.meaning,
        [&](std::size_t i) { return altered(gallery, i, alteration); });
  return judgements;
}

}  // namespace frugal::explain
