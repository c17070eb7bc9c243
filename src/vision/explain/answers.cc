#include "vision/explain/answers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "vision/train/evaluation.h"

namespace frugal::explain {

std::vector<ModelAnswer> answers_of(Subject& subject, const Gallery& gallery,
                                    ProgressSink& progress) {
  const std::size_t classes = subject.classes().size();
  const auto logits = logits_of(
      subject, gallery.size(),
      [&](std::size_t i, std::span<std::uint8_t> pixels) {
        std::ranges::copy(gallery.picture(i).pixels, pixels.begin());
      },
      "judging", progress);
  const auto evaluation = train::judge(logits, gallery.labels(), classes);
  std::vector<ModelAnswer> answers;
  for (std::size_t i = 0; i < gallery.size(); ++i) {
    const auto row = std::span(logits).subspan(i * classes, classes);
    const float largest = row[evaluation.predictions[i]];
    double sum = 0;
    for (const float logit : row) sum += std::exp(logit - largest);
    answers.push_back({evaluation.labels[i], evaluation.predictions[i], 1 / sum});
  }
  return answers;
}

std::vector<std::size_t> worst_mistakes(const std::vector<ModelAnswer>& answers,
                                        std::size_t count) {
  std::vector<std::size_t> mistakes;
  for (std::size_t i = 0; i < answers.size(); ++i)
    if (!answers[i].is_right()) mistakes.push_back(i);
  std::ranges::stable_sort(mistakes, std::ranges::greater{},
                           [&](std::size_t i) { return answers[i].confidence; });
  mistakes.resize(std::min(count, mistakes.size()));
  return mistakes;
}

std::vector<ConfusedPair> confused_pairs(const std::vector<ModelAnswer>& answers,
                                         std::size_t count) {
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::size_t>> confused;
  for (std::size_t i = 0; i < answers.size(); ++i)
    if (!answers[i].is_right()) confused[{answers[i].label, answers[i].prediction}].push_back(i);
  std::vector<ConfusedPair> pairs;
  for (const auto& [pair, photographs] : confused)
    if (photographs.size() >= 2) pairs.push_back({pair.first, pair.second, photographs});
  std::ranges::stable_sort(pairs, std::ranges::greater{},
                           [](const ConfusedPair& pair) { return pair.photographs.size(); });
  pairs.resize(std::min(count, pairs.size()));
  return pairs;
}

std::optional<std::size_t> typical_of(const std::vector<ModelAnswer>& answers, std::size_t label) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < answers.size(); ++i)
    if (answers[i].label == label && answers[i].is_right() &&
        (!best || answers[i].confidence > answers[*best].confidence))
      best = i;
  return best;
}

}  // namespace frugal::explain
