#include "report/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>

#include "base/error.h"

namespace frugal::report {
namespace {

constexpr double kZ = 1.959963984540054;  // 97.5 % quantile of the standard normal

void check(const Correctness& correct) {
  FRUGAL_CHECK(!correct.empty() && !correct[0].empty(), "no prediction");
  for (const auto& seed : correct)
    FRUGAL_CHECK(seed.size() == correct[0].size(), "seeds judged on different photographs");
}

// Of how many seeds each photograph was right.
std::vector<std::int64_t> right_seeds(const Correctness& correct) {
  std::vector<std::int64_t> right(correct[0].size());
  for (const auto& seed : correct)
    for (std::size_t j = 0; j < seed.size(); ++j) right[j] += seed[j];
  return right;
}

std::vector<std::size_t> resample(std::size_t n, RandomStream& random) {
  std::vector<std::size_t> drawn(n);
  for (auto& index : drawn) index = random.below(n);
  return drawn;
}

double resampled_accuracy(const Correctness& correct, const std::vector<std::size_t>& photographs,
                          RandomStream& random) {
  const std::vector<std::size_t> seeds = resample(correct.size(), random);
  std::size_t right = 0;
  for (std::size_t s : seeds) {
    const std::vector<bool>& seed = correct[s];
    for (std::size_t j : photographs) right += seed[j];
  }
  return static_cast<double>(right) / static_cast<double>(seeds.size() * photographs.size());
}

// Linear interpolation between order statistics (Hyndman & Fan 1996, type 7).
double quantile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

Interval percentiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {quantile(values, 0.025), quantile(values, 0.975)};
}

Interval hull(Interval a, Interval b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

// Probability of k heads in n fair throws.
double fair_binomial(std::size_t k, std::size_t n) {
  const auto x = static_cast<double>(k), m = static_cast<double>(n);
  return std::exp(std::lgamma(m + 1) - std::lgamma(x + 1) - std::lgamma(m - x + 1) -
                  m * std::log(2.0));
}

}  // namespace

double accuracy(const Correctness& correct) {
  check(correct);
  const auto right = right_seeds(correct);
  return static_cast<double>(std::accumulate(right.begin(), right.end(), std::int64_t{0})) /
         static_cast<double>(correct.size() * right.size());
}

Interval wilson_interval(double share, double n) {
  FRUGAL_CHECK(n > 0 && share >= 0 && share <= 1);
  const double z2 = kZ * kZ;
  const double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ / (1 + z2 / n) * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return {share == 0 ? 0 : std::max(0.0, centre - half),
          share == 1 ? 1 : std::min(1.0, centre + half)};
}

Interval seeds_interval(const std::vector<double>& accuracies, std::size_t n) {
  FRUGAL_CHECK(!accuracies.empty() && n > 0);
  const auto seeds = static_cast<double>(accuracies.size());
  const double mean = std::accumulate(accuracies.begin(), accuracies.end(), 0.0) / seeds;
  double variance = 0;  // of the mean over seeds
  for (double a : accuracies)
    if (accuracies.size() > 1) variance += (a - mean) * (a - mean) / (seeds - 1) / seeds;
  const double one_photograph = mean * (1 - mean);
  const auto photographs = static_cast<double>(n);
  if (one_photograph <= 0) return wilson_interval(std::clamp(mean, 0.0, 1.0), photographs);
  return wilson_interval(mean, one_photograph / (one_photograph / photographs + variance));
}

Interval bootstrap_interval(const Correctness& correct, RandomStream random,
                            std::size_t replicates) {
  check(correct);
  std::vector<double> values(replicates);
  for (double& value : values)
    value = resampled_accuracy(correct, resample(correct[0].size(), random), random);
  return percentiles(std::move(values));
}

Interval accuracy_interval(const Correctness& correct, RandomStream random,
                           std::size_t replicates) {
  return hull(bootstrap_interval(correct, random, replicates),
              wilson_interval(accuracy(correct), static_cast<double>(correct[0].size())));
}

Interval bootstrap_difference_interval(const Correctness& first, const Correctness& second,
                                       RandomStream random, std::size_t replicates) {
  check(first);
  check(second);
  FRUGAL_CHECK(first[0].size() == second[0].size(), "arms judged on different photographs");
  std::vector<double> values(replicates);
  for (double& value : values) {
    const auto photographs = resample(first[0].size(), random);
    value = resampled_accuracy(first, photographs, random);
    value -= resampled_accuracy(second, photographs, random);
  }
  return percentiles(std::move(values));
}

Interval error_reduction_interval(const Correctness& first, const Correctness& second,
                                  RandomStream random, std::size_t replicates) {
  check(first);
  check(second);
  FRUGAL_CHECK(first[0].size() == second[0].size(), "arms judged on different photographs");
  FRUGAL_CHECK(accuracy(second) < 1, "no error to be reduced");
  std::vector<double> values;
  for (std::size_t r = 0; r < replicates; ++r) {
    const auto photographs = resample(first[0].size(), random);
    const double error = 1 - resampled_accuracy(first, photographs, random);
    const double before = 1 - resampled_accuracy(second, photographs, random);
    if (before > 0) values.push_back(1 - error / before);
  }
  if (values.empty()) values.push_back(1 - (1 - accuracy(first)) / (1 - accuracy(second)));
  return percentiles(std::move(values));
}

Interval bonett_price_interval(double only_first, double only_second, double n) {
  FRUGAL_CHECK(n > 0 && only_first >= 0 && only_second >= 0);
  const double p = (only_first + 1) / (n + 2), q = (only_second + 1) / (n + 2);
  const double half = kZ * std::sqrt((p + q - (p - q) * (p - q)) / (n + 2));
  return {std::max(-1.0, p - q - half), std::min(1.0, p - q + half)};
}

Interval difference_interval(const Correctness& first, const Correctness& second,
                             RandomStream random, std::size_t replicates) {
  const Interval bootstrap = bootstrap_difference_interval(first, second, random, replicates);
  const auto first_right = right_seeds(first), second_right = right_seeds(second);
  double only_first = 0, only_second = 0;  // means over all pairs of seeds
  for (std::size_t j = 0; j < first_right.size(); ++j) {
    const double a = static_cast<double>(first_right[j]) / static_cast<double>(first.size());
    const double b = static_cast<double>(second_right[j]) / static_cast<double>(second.size());
    only_first += a * (1 - b);
    only_second += b * (1 - a);
  }
  return hull(bootstrap, bonett_price_interval(only_first, only_second,
                                               static_cast<double>(first_right.size())));
}

Interval independent_difference_interval(double first, Interval first_interval, double second,
                                         Interval second_interval) {
  return {first - second - std::hypot(first - first_interval.low, second_interval.high - second),
          first - second + std::hypot(first_interval.high - first, second - second_interval.low)};
}

PairedTest mcnemar(std::size_t only_first, std::size_t only_second) {
  const std::size_t n = only_first + only_second, fewer = std::min(only_first, only_second);
  if (n == 0) return {};
  double below = 0;  // P(X < fewer)
  for (std::size_t k = 0; k < fewer; ++k) below += fair_binomial(k, n);
  const double at = fair_binomial(fewer, n);
  const bool tie = only_first == only_second;  // the two tails share their middle
  return {tie ? 1 : std::min(1.0, 2 * (below + at)), 2 * below + (tie ? at / 2 : at)};
}

PairedTest paired_test(const Correctness& first, const Correctness& second) {
  check(first);
  check(second);
  FRUGAL_CHECK(first[0].size() == second[0].size(), "arms judged on different photographs");
  const auto first_right = right_seeds(first), second_right = right_seeds(second);
  const auto first_seeds = static_cast<std::int64_t>(first.size());
  const auto second_seeds = static_cast<std::int64_t>(second.size());
  const std::int64_t divisor = std::gcd(first_seeds, second_seeds);

  // Each photograph's difference in whole numbers; swapping the arms changes its sign. The
  // distribution of their sum, which is symmetric, by convolution: probability[t + reach].
  std::int64_t sum = 0, reach = 0;
  std::vector<std::int64_t> differences;
  for (std::size_t j = 0; j < first_right.size(); ++j) {
    const std::int64_t difference =
        (first_right[j] * second_seeds - second_right[j] * first_seeds) / divisor;
    sum += difference;
    if (difference != 0) differences.push_back(std::abs(difference));
  }
  if (differences.empty()) return {};
  std::vector<double> probability = {1};
  for (std::int64_t step : differences) {
    std::vector<double> next(probability.size() + static_cast<std::size_t>(2 * step));
    for (std::size_t t = 0; t < probability.size(); ++t) {
      next[t] += probability[t] / 2;
      next[t + static_cast<std::size_t>(2 * step)] += probability[t] / 2;
    }
    probability = std::move(next);
    reach += step;
  }

  double beyond = 0, at = 0;  // P(|T| > |sum|), P(|T| = |sum|)
  for (std::size_t t = 0; t < probability.size(); ++t) {
    const std::int64_t total = std::abs(static_cast<std::int64_t>(t) - reach);
    if (total > std::abs(sum)) beyond += probability[t];
    if (total == std::abs(sum)) at += probability[t];
  }
  return {std::min(1.0, beyond + at), std::min(1.0, beyond + at / 2)};
}

std::vector<double> holm(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;  // so far: what follows cannot be less
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double scaled = static_cast<double>(order.size() - rank) * p_values[order[rank]];
    largest = std::max(largest, std::min(1.0, scaled));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

double macro_f1(const std::vector<std::size_t>& labels,
                const std::vector<std::size_t>& predictions) {
  FRUGAL_CHECK(!labels.empty() && labels.size() == predictions.size());
  struct Counts {
    std::size_t right = 0, labelled = 0, predicted = 0;
  };
  std::map<std::size_t, Counts> classes;
  for (std::size_t j = 0; j < labels.size(); ++j) {
    ++classes[labels[j]].labelled;
    ++classes[predictions[j]].predicted;
    classes[labels[j]].right += labels[j] == predictions[j];
  }
  double sum = 0;  // 2 TP + FP + FN = labelled + predicted
  for (const auto& [_, c] : classes)
    sum += 2 * static_cast<double>(c.right) / static_cast<double>(c.labelled + c.predicted);
  return sum / static_cast<double>(classes.size());
}

}  // namespace frugal::report
