#include "vision/train/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace frugal::train {
namespace {

constexpr std::size_t kTop = 5;

double cross_entropy(std::span<const float> row, std::size_t label) {
  const double largest = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (const float logit : row) sum += std::exp(logit - largest);
  return std::log(sum) + largest - row[label];
}

// How many classes stand before label: those with a larger logit, or an equal one and first.
std::size_t rank_of(std::span<const float> row, std::size_t label) {
  std::size_t rank = 0;
  for (std::size_t k = 0; k < row.size(); ++k)
    if (row[k] > row[label] || (row[k] == row[label] && k < label)) ++rank;
  return rank;
}

}  // namespace

Evaluation judge(std::span<const float> logits, std::span<const std::size_t> labels,
                 std::size_t classes) {
  FRUGAL_CHECK(!labels.empty() && logits.size() == labels.size() * classes);
  Evaluation evaluation;
  std::size_t right = 0, near = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.subspan(i * classes, classes);
    const std::size_t rank = rank_of(row, labels[i]);
    right += rank == 0;
    near += rank < kTop;
    evaluation.loss += cross_entropy(row, labels[i]);
    evaluation.predictions.push_back(
        static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin()));
  }
  const auto n = static_cast<double>(labels.size());
  evaluation.accuracy = static_cast<double>(right) / n;
  evaluation.top5_accuracy = static_cast<double>(near) / n;
  evaluation.loss /= n;
  evaluation.labels.assign(labels.begin(), labels.end());
  return evaluation;
}

std::vector<std::size_t> labels_of(const data::Dataset& dataset,
                                   const std::vector<std::size_t>& indices) {
  std::vector<std::size_t> labels;
  labels.reserve(indices.size());
  for (const std::size_t i : indices) labels.push_back(dataset.photographs[i].label);
  return labels;
}

std::vector<std::size_t> match_classes(const std::vector<std::string>& model_classes,
                                       const std::vector<std::string>& classes) {
  std::vector<std::size_t> match;
  std::vector<std::string> unknown;
  for (const std::string& name : classes) {
    const auto found = std::find(model_classes.begin(), model_classes.end(), name);
    match.push_back(static_cast<std::size_t>(found - model_classes.begin()));
    if (found == model_classes.end()) unknown.push_back(fmt::format("\"{}\"", name));
  }
  if (unknown.empty()) return match;
  const std::size_t named = std::min<std::size_t>(unknown.size(), 5);
  throw InputError(fmt::format(
      "the model does not know {} of the data set's {} classes: {}{}; it was trained on {} classes",
      unknown.size(), classes.size(),
      fmt::join(unknown.begin(), unknown.begin() + static_cast<std::ptrdiff_t>(named), ", "),
      named < unknown.size() ? ", ..." : "", model_classes.size()));
}

}  // namespace frugal::train
