#include "report/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "base/error.h"
#include "report/archive.h"
#include "report/numbers.h"
#include "report/study.h"

namespace frugal::report {

void fields(std::type_identity<ProbePoint>, auto&& archive, auto& x) {
  archive("photographs", x.photographs);
  archive("accuracy", x.accuracy);
  archive("low", x.low);
  archive("high", x.high);
}

void fields(std::type_identity<Prospect>, auto&& archive, auto& x) {
  archive("strategy", x.strategy);
  archive("network", x.network);
  archive("weights", x.weights);
  archive("impossible", x.impossible);
  archive("height", x.height);
  archive("width", x.width);
  archive("epochs", x.epochs);
  archive("low", x.low);
  archive("high", x.high);
  archive("seconds_low", x.seconds_low);
  archive("seconds_high", x.seconds_high);
  archive("probe", x.probe);
  archive("why", x.why);
}

void fields(std::type_identity<PastRun>, auto&& archive, auto& x) {
  archive("folder", x.folder);
  archive("title", x.title);
  archive("strategy", x.strategy);
  archive("network", x.network);
  archive("budget", x.budget);
  archive("photographs", x.photographs);
  archive("classes", x.classes);
  archive("same_data", x.same_data);
  archive("accuracy", x.accuracy);
  archive("low", x.low);
  archive("high", x.high);
  archive("seconds", x.seconds);
}

void fields(std::type_identity<Advice>, auto&& archive, auto& x) {
  archive("data", x.data);
  archive("budget", x.budget);
  archive("machine", x.machine);
  archive("price_per_hour", x.price_per_hour);
  archive("photographs", x.photographs);
  archive("classes", x.classes);
  archive("spent_seconds", x.spent_seconds);
  archive("prospects", x.prospects);
  archive("recommended", x.recommended);
  archive("past", x.past);
  archive("unknown", x.unknown);
}

namespace {

constexpr double kSmallestError = 1e-3;  // of a probe: none at all would stay none for ever
constexpr std::size_t kBands = 500;      // replicates

double middle(const Prospect& prospect) {
  return (prospect.low + prospect.high) / 2;
}

std::optional<Interval> hull(const std::vector<double>& values) {
  if (values.empty()) return {};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return Interval{*low, *high};
}

// Mean test error over the seeds of the arm; nullopt: not judged, or no such arm.
std::optional<double> error_of(const Answer& answer, const std::string& strategy, bool tuned) {
  for (const Arm& arm : answer.arms) {
    if (arm.strategy != strategy || arm.tuned != tuned) continue;
    double wrong = 0, all = 0;
    for (const SeedResult& seed : arm.seeds)
      for (std::size_t j = 0; j < seed.test_predictions.size(); ++j, ++all)
        wrong += seed.test_predictions[j] != answer.test_labels[j];
    if (all > 0) return wrong / all;
  }
  return {};
}

}  // namespace

Json to_json(const Advice& advice) {
  return archive::encode(advice);
}

Advice advice_from_json(const Json& json, std::string_view where) {
  Advice advice;
  archive::decode(json, std::string(where), advice);
  if (advice.recommended >= advice.prospects.size())
    throw InputError(fmt::format("{}: there is no prospect {}", where, advice.recommended));
  return advice;
}

double extrapolated(const std::vector<std::size_t>& sizes, const std::vector<double>& accuracies,
                    double n) {
  FRUGAL_CHECK(sizes.size() == accuracies.size() && sizes.size() >= 2);
  const auto count = static_cast<double>(sizes.size());
  double x_mean = 0, y_mean = 0;
  std::vector<double> x, y;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    x.push_back(std::log(static_cast<double>(sizes[k])));
    y.push_back(std::log(std::max(kSmallestError, 1 - accuracies[k])));
    x_mean += x.back() / count;
    y_mean += y.back() / count;
  }
  double xy = 0, xx = 0;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    xy += (x[k] - x_mean) * (y[k] - y_mean);
    xx += (x[k] - x_mean) * (x[k] - x_mean);
  }
  const double slope = std::clamp(xx > 0 ? xy / xx : 0.0, -1.0, 0.0);
  return std::clamp(1 - std::exp(y_mean + slope * (std::log(n) - x_mean)), 0.0, 1.0);
}

Interval extrapolation_interval(const std::vector<std::size_t>& sizes, const Correctness& correct,
                                double n, RandomStream random) {
  FRUGAL_CHECK(!correct.empty() && !correct[0].empty());
  const std::size_t judges = correct[0].size();
  std::vector<double> ends;
  for (std::size_t r = 0; r < kBands; ++r) {
    std::vector<double> right(correct.size());
    for (std::size_t j = 0; j < judges; ++j) {
      const std::size_t drawn = random.below(judges);
      for (std::size_t k = 0; k < correct.size(); ++k)
        right[k] += correct[k][drawn] ? 1.0 / static_cast<double>(judges) : 0.0;
    }
    ends.push_back(extrapolated(sizes, right, n));
  }
  std::sort(ends.begin(), ends.end());
  const Interval band{ends[kBands / 40], ends[kBands - 1 - kBands / 40]};
  // Never narrower than what so few judges can tell.
  std::vector<double> accuracies;
  for (const auto& row : correct) accuracies.push_back(accuracy({row}));
  const Interval wilson =
      wilson_interval(extrapolated(sizes, accuracies, n), static_cast<double>(judges));
  return {std::min(band.low, wilson.low), std::max(band.high, wilson.high)};
}

PastGains past_gains(const std::vector<Answer>& past) {
  std::vector<double> tuning, fine_tuning;
  for (const Answer& answer : past) {
    const auto untuned = error_of(answer, "features", false);
    const auto head = error_of(answer, "features", true);
    const auto network = error_of(answer, "fine-tune", true);
    if (untuned && head && *untuned > 0) tuning.push_back(1 - *head / *untuned);
    if (head && network && *head > 0) fine_tuning.push_back(1 - *network / *head);
  }
  return {hull(tuning), hull(fine_tuning)};
}

Interval improved(Interval accuracy, Interval gain) {
  return {std::clamp(1 - (1 - accuracy.low) * (1 - gain.low), 0.0, 1.0),
          std::clamp(1 - (1 - accuracy.high) * (1 - gain.high), 0.0, 1.0)};
}

std::size_t recommend(const std::vector<Prospect>& prospects) {
  double best = -1;
  for (const Prospect& prospect : prospects)
    if (prospect.impossible.empty()) best = std::max(best, middle(prospect));
  FRUGAL_CHECK(best >= 0, "no strategy is possible");
  std::size_t chosen = prospects.size();
  for (std::size_t i = 0; i < prospects.size(); ++i)
    if (prospects[i].impossible.empty() && middle(prospects[i]) >= best - kAlike &&
        (chosen == prospects.size() || prospects[i].seconds_high < prospects[chosen].seconds_high))
      chosen = i;
  return chosen;
}

}  // namespace frugal::report
