#include "optimizer/baselines.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "optimizer/ledger.h"
#include "optimizer/sobol.h"

namespace frugal::optimizer {
namespace {

constexpr std::size_t kReduction = 3;      // of successive halving
constexpr double kBudgetWhenUnknown = 20;  // full-task costs
constexpr std::size_t kSmallSpace = 20000;

struct Result {
  std::size_t record = 0;  // the first of these assignments
  double mean = 0;         // of the successful values
  std::size_t count = 0;
};

// Successful assignments of a task, the best first; repeated ones by their mean.
std::vector<Result> ranked(const Ledger& ledger, std::size_t task) {
  std::map<std::string, Result> by_key;
  for (std::size_t i = 0; i < ledger.records().size(); ++i) {
    const Record& record = ledger.records()[i];
    if (record.task != task || !record.value || !record.is_valid) continue;
    Result& result = by_key.try_emplace(record.key, Result{i, 0, 0}).first->second;
    ++result.count;
    result.mean += (*record.value - result.mean) / double(result.count);
  }
  std::vector<Result> results;
  for (const auto& [key, result] : by_key) results.push_back(result);
  std::sort(results.begin(), results.end(), [](const Result& a, const Result& b) {
    return a.mean != b.mean ? a.mean > b.mean : a.record < b.record;
  });
  return results;
}

// What the model-free suggesters have in common.
class Baseline : public Suggester {
 public:
  explicit Baseline(Problem problem) : problem_(std::move(problem)), ledger_(problem_) {}

  std::vector<Suggestion> suggest(const History& history, std::size_t n,
                                  RandomStream& random) override {
    ledger_.update(history);
    std::vector<Suggestion> suggestions;
    while (suggestions.size() < n) {
      std::optional<Suggestion> next = suggest_one(random);
      if (!next) break;
      ledger_.open(*next);
      suggestions.push_back(std::move(*next));
    }
    return suggestions;
  }

  // The best mean on the dearest task that has any success.
  std::optional<Assignments> recommend(const History& history) override {
    ledger_.update(history);
    for (auto task = ledger_.tasks().rbegin(); task != ledger_.tasks().rend(); ++task) {
      const std::vector<Result> results = ranked(ledger_, *task);
      if (!results.empty()) return ledger_.observation(results[0].record).assignments;
    }
    return std::nullopt;
  }

 protected:
  virtual std::optional<Suggestion> suggest_one(RandomStream& random) = 0;

  std::optional<Suggestion> draw_random(std::size_t task, RandomStream& random) {
    auto drawn = ledger_.fresh(task, random, [&] { return ledger_.encoder().sample(random); });
    if (!drawn) return std::nullopt;
    return Suggestion{std::move(*drawn), task};
  }

  std::optional<Suggestion> draw_sobol(std::size_t task, std::uint64_t seed, RandomStream& random) {
    std::uint64_t index = ledger_.count_seen(task);
    auto drawn = ledger_.fresh(task, random, [&] {
      return ledger_.encoder().from_uniform(
          scrambled_sobol(index++, ledger_.encoder().coordinates(), seed));
    });
    if (!drawn) return std::nullopt;
    return Suggestion{std::move(*drawn), task};
  }

  Problem problem_;
  Ledger ledger_;
};

class Random final : public Baseline {
 public:
  using Baseline::Baseline;

 private:
  std::optional<Suggestion> suggest_one(RandomStream& random) override {
    return draw_random(ledger_.full_task(), random);
  }
};

class Sobol final : public Baseline {
 public:
  Sobol(Problem problem, std::uint64_t seed) : Baseline(std::move(problem)), seed_(seed) {}

 private:
  std::optional<Suggestion> suggest_one(RandomStream& random) override {
    return draw_sobol(ledger_.full_task(), seed_, random);
  }

  std::uint64_t seed_;
};

class SuccessiveHalving final : public Baseline {
 public:
  using Baseline::Baseline;

 private:
  std::optional<Suggestion> suggest_one(RandomStream& random) override {
    const std::vector<std::size_t>& tasks = ledger_.tasks();
    for (std::size_t rung = tasks.size() - 1; rung-- > 0;) {
      const std::vector<Result> results = ranked(ledger_, tasks[rung]);
      for (std::size_t i = 0; i < results.size() / kReduction; ++i)
        if (!ledger_.is_seen(ledger_.records()[results[i].record].key, tasks[rung + 1]))
          return Suggestion{ledger_.observation(results[i].record).assignments, tasks[rung + 1]};
    }
    return draw_random(tasks.front(), random);
  }
};

class TopK final : public Baseline {
 public:
  TopK(Problem problem, std::uint64_t seed) : Baseline(std::move(problem)), seed_(seed) {}

 private:
  std::optional<Suggestion> suggest_one(RandomStream& random) override {
    const std::size_t cheap = ledger_.tasks().front(), full = ledger_.full_task();
    const double affordable =
        std::floor(problem_.budget.value_or(kBudgetWhenUnknown) / 2 / ledger_.task_cost(cheap));
    auto wanted = static_cast<std::size_t>(std::clamp(affordable, 1.0, 1e6));
    if (const std::size_t all = ledger_.encoder().cardinality(kSmallSpace))
      wanted = std::min(wanted, all);
    if (cheap == full || ledger_.count_seen(cheap) < wanted)
      return draw_sobol(cheap, seed_, random);
    for (const Result& result : ranked(ledger_, cheap))
      if (!ledger_.is_seen(ledger_.records()[result.record].key, full))
        return Suggestion{ledger_.observation(result.record).assignments, full};
    return draw_sobol(cheap, seed_, random);
  }

  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<Suggester> make_random(Problem problem) {
  return std::make_unique<Random>(std::move(problem));
}
std::unique_ptr<Suggester> make_sobol(Problem problem, std::uint64_t seed) {
  return std::make_unique<Sobol>(std::move(problem), seed);
}
std::unique_ptr<Suggester> make_successive_halving(Problem problem) {
  return std::make_unique<SuccessiveHalving>(std::move(problem));
}
std::unique_ptr<Suggester> make_top_k(Problem problem, std::uint64_t seed) {
  return std::make_unique<TopK>(std::move(problem), seed);
}

}  // namespace frugal::optimizer
