#include "report/estimates.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace frugal::report {
namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Student's t for 95 %, by degrees of freedom.
double t_quantile(std::size_t freedom) {
  static constexpr double kTable[] = {12.706, 4.303, 3.182, 2.776, 2.571,
                                      2.447,  2.365, 2.306, 2.262};
  return freedom <= std::size(kTable) ? kTable[freedom - 1] : 2.0;
}

// Right answers on resampled photographs, all seeds alike.
double resampled(const Correctness& correct, const std::vector<std::size_t>& photographs,
                 RandomStream& random) {
  std::size_t right = 0;
  for (std::size_t s = 0; s < correct.size(); ++s) {
    const auto& answers = correct[correct.size() == 1 ? 0 : random.below(correct.size())];
    for (const std::size_t j : photographs) right += answers[j];
  }
  return static_cast<double>(right) / static_cast<double>(correct.size());
}

std::vector<std::size_t> resample(std::size_t n, RandomStream& random) {
  std::vector<std::size_t> photographs(n);
  std::ranges::generate(photographs, [&] { return random.below(n); });
  return photographs;
}

}  // namespace

Interval percentile_interval(std::vector<double> values) {
  FRUGAL_CHECK(!values.empty());
  std::ranges::sort(values);
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {at(0.025), at(0.975)};
}

Measured mean_estimate(const std::vector<double>& values, RandomStream random) {
  FRUGAL_CHECK(!values.empty());
  std::vector<double> means(kReplicates);
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
    mean = sum / static_cast<double>(values.size());
  }
  return {mean_of(values), percentile_interval(std::move(means))};
}

std::optional<Measured> share_of_losses(const std::vector<bool>& whole,
                                        const std::vector<bool>& first,
                                        const std::vector<bool>& second, RandomStream random) {
  FRUGAL_CHECK(whole.size() == first.size() && whole.size() == second.size() && !whole.empty());
  const auto share = [&](const auto& photographs) -> std::optional<double> {
    double first_loss = 0, second_loss = 0;
    for (const std::size_t j : photographs) {
      first_loss += static_cast<double>(whole[j]) - static_cast<double>(first[j]);
      second_loss += static_cast<double>(whole[j]) - static_cast<double>(second[j]);
    }
    first_loss = std::max(first_loss, 0.0);
    second_loss = std::max(second_loss, 0.0);
    if (first_loss + second_loss == 0) return {};
    return first_loss / (first_loss + second_loss);
  };
  std::vector<std::size_t> all(whole.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto value = share(all);
  std::vector<double> shares;
  for (std::size_t r = 0; r < kReplicates; ++r)
    if (const auto resampled_share = share(resample(whole.size(), random)))
      shares.push_back(*resampled_share);
  if (!value || shares.size() < kReplicates * 39 / 40) return {};
  return Measured{*value, percentile_interval(std::move(shares))};
}

std::optional<Measured> accuracy_ratio(const Correctness& above, const Correctness& below,
                                       RandomStream random) {
  FRUGAL_CHECK(above[0].size() == below[0].size());
  std::vector<double> ratios;
  for (std::size_t r = 0; r < kReplicates; ++r) {
    const auto photographs = resample(above[0].size(), random);
    const double divisor = resampled(below, photographs, random);
    if (divisor > 0) ratios.push_back(resampled(above, photographs, random) / divisor);
  }
  if (accuracy(below) == 0 || ratios.size() < kReplicates * 39 / 40) return {};
  return Measured{accuracy(above) / accuracy(below), percentile_interval(std::move(ratios))};
}

Measured seeds_mean(const std::vector<double>& values) {
  FRUGAL_CHECK(values.size() >= 2);
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const auto n = static_cast<double>(values.size());
  const double half = t_quantile(values.size() - 1) * std::sqrt(squares / (n - 1) / n);
  return {mean, {mean - half, mean + half}};
}

}  // namespace frugal::report
