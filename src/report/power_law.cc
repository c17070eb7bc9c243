#include "report/power_law.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "report/estimates.h"

namespace frugal::report {
namespace {

constexpr double kMostExponent = 2;
constexpr int kExponents = 81, kRefinements = 3;

struct Fit {
  PowerLaw law;
  double squares = std::numeric_limits<double>::infinity();
};

// The best a and c for a given exponent: a line in n^−b. c is kept from 0 to the smallest error.
Fit fit_line(const std::vector<SizedError>& points, double exponent) {
  const auto count = static_cast<double>(points.size());
  double smallest = 1, mean_x = 0, mean_y = 0;
  for (const SizedError& p : points) {
    smallest = std::min(smallest, p.error);
    mean_x += std::pow(p.n, -exponent) / count;
    mean_y += p.error / count;
  }
  double xx = 0, xy = 0, raw_xx = 0;
  for (const SizedError& p : points) {
    const double x = std::pow(p.n, -exponent);
    xx += (x - mean_x) * (x - mean_x);
    xy += (x - mean_x) * (p.error - mean_y);
    raw_xx += x * x;
  }
  Fit best;
  const auto consider = [&](double a, double c) {
    Fit fit{{std::max(a, 0.0), exponent, c}, 0};
    for (const SizedError& p : points) fit.squares += std::pow(fit.law.error(p.n) - p.error, 2);
    if (fit.squares < best.squares) best = fit;
  };
  const auto slope_for = [&](double c) {
    double product = 0;
    for (const SizedError& p : points) product += std::pow(p.n, -exponent) * (p.error - c);
    return product / raw_xx;
  };
  if (xx > 0) {
    const double free = mean_y - xy / xx * mean_x;
    if (free >= 0 && free <= smallest) consider(xy / xx, free);
  }
  consider(slope_for(0), 0);
  consider(slope_for(smallest), smallest);
  return best;
}

std::vector<SizedError> errors_on(const std::vector<SizedJudgement>& curve,
                                  const std::vector<std::size_t>& photographs,
                                  RandomStream& random) {
  std::vector<SizedError> errors;
  for (const SizedJudgement& size : curve) {
    std::size_t right = 0;
    const std::size_t seeds = size.correct.size();
    for (std::size_t s = 0; s < seeds; ++s) {
      const auto& correct = size.correct[seeds == 1 ? 0 : random.below(seeds)];
      for (const std::size_t j : photographs) right += correct[j];
    }
    errors.push_back(
        {static_cast<double>(size.photographs),
         1 - static_cast<double>(right) / static_cast<double>(seeds * photographs.size())});
  }
  return errors;
}

}  // namespace

double PowerLaw::error(double n) const {
  return std::clamp(c + a * std::pow(n, -b), 0.0, 1.0);
}

PowerLaw fit_power_law(const std::vector<SizedError>& points) {
  FRUGAL_CHECK(points.size() >= 3, "a power law needs three sizes");
  double low = 0, high = kMostExponent;
  Fit best;
  for (int refinement = 0; refinement < kRefinements; ++refinement) {
    const double step = (high - low) / (kExponents - 1);
    for (int i = 0; i < kExponents; ++i) {
      const Fit fit = fit_line(points, low + i * step);
      if (fit.squares < best.squares) best = fit;
    }
    low = std::max(0.0, best.law.b - step);
    high = std::min(kMostExponent, best.law.b + step);
  }
  return best.law;
}

LawBand law_band(const std::vector<SizedJudgement>& curve, const std::vector<double>& at,
                 RandomStream random, std::size_t replicates) {
  std::vector<SizedError> errors;
  double largest = 0;
  for (const SizedJudgement& size : curve) {
    errors.push_back({static_cast<double>(size.photographs), 1 - accuracy(size.correct)});
    largest = std::max(largest, errors.back().n);
  }
  LawBand band{fit_power_law(errors), at, {}, {}};
  const std::size_t n = curve.front().correct.front().size();
  std::vector<std::vector<double>> accuracies(at.size()), gains(at.size());
  for (std::size_t r = 0; r < replicates; ++r) {
    std::vector<std::size_t> photographs(n);
    std::ranges::generate(photographs, [&] { return random.below(n); });
    const PowerLaw law = fit_power_law(errors_on(curve, photographs, random));
    for (std::size_t i = 0; i < at.size(); ++i) {
      accuracies[i].push_back(1 - law.error(at[i]));
      gains[i].push_back(law.error(largest) - law.error(at[i]));
    }
  }
  for (std::size_t i = 0; i < at.size(); ++i) {
    band.accuracies.push_back(percentile_interval(accuracies[i]));
    band.gains.push_back(percentile_interval(gains[i]));
  }
  return band;
}

}  // namespace frugal::report
