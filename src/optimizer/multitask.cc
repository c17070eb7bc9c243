#include "optimizer/multitask.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "optimizer/acquire.h"
#include "optimizer/ledger.h"
#include "optimizer/sobol.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kRandomCandidates = 256, kNeighbours = 60, kIncumbents = 5;
constexpr std::size_t kEvaluatedCandidates = 100;
constexpr int kRefinedStarts = 4, kRefinedNeighbours = 32;
constexpr double kRefinedScales[] = {.3, .1, .03, .01};
constexpr double kUsefulCorrelation = .3;
constexpr std::size_t kMaxInitial = 24;

struct Candidate {
  Point point;
  int task = 0;  // by rank: 0 the cheapest
  double score = 0;
};

class Multitask final : public Suggester {
 public:
  Multitask(Problem problem, std::uint64_t seed, MultitaskOptions options)
      : problem_(std::move(problem)),
        seed_(seed),
        options_(options),
        ledger_(problem_),
        belief_(ledger_, seed, options.belief) {
    for (std::size_t j = 0; j < ledger_.encoder().coordinates(); ++j)
      free_coordinates_ += !ledger_.encoder().is_fixed(j);
    for (const Parameter& parameter : problem_.space.parameters())
      has_defaults_ |= parameter.default_value.has_value();
  }

  void prepare(const History& history) override { update(history); }

  std::vector<Suggestion> suggest(const History& history, std::size_t n,
                                  RandomStream& random) override {
    update(history);
    for (const Suggestion& open : history.open) believe_open(open);
    std::vector<Suggestion> suggestions;
    while (suggestions.size() < n) {
      std::optional<Suggestion> next = suggest_one(random);
      if (!next) break;
      ledger_.open(*next);
      believe_open(*next);
      suggestions.push_back(std::move(*next));
    }
    return suggestions;
  }

  std::optional<Assignments> recommend(const History& history) override {
    update(history);
    const std::vector<std::size_t> best = evaluated_by_mean(false);
    if (best.empty()) return std::nullopt;
    return ledger_.observation(best[0]).assignments;
  }

 private:
  std::size_t task_of(int rank) const { return ledger_.tasks()[static_cast<std::size_t>(rank)]; }
  int full_rank() const { return static_cast<int>(ledger_.tasks().size()) - 1; }

  void update(const History& history) { belief_.update(ledger_.update(history)); }

  void believe_open(const Suggestion& suggestion) {
    if (belief_.exists())
      belief_.open(ledger_.encoder().encode(suggestion.assignments),
                   belief_.rank_of(suggestion.task));
  }

  // Records with a success, one for each of their assignments, by the mean of the full task there,
  // the best first; those that probably fail come last.
  std::vector<std::size_t> evaluated_by_mean(bool must_be_valid) const {
    std::map<std::string, std::size_t> by_key;
    for (std::size_t i = 0; i < ledger_.records().size(); ++i) {
      const Record& record = ledger_.records()[i];
      if (record.value && (record.is_valid || !must_be_valid)) by_key.emplace(record.key, i);
    }
    std::vector<std::size_t> records;
    std::vector<Point> points;
    for (const auto& [key, record] : by_key) {
      records.push_back(record);
      points.push_back(ledger_.records()[record].point);
    }
    if (records.empty() || !belief_.exists()) return records;
    const MatrixXd x = belief_.features(points);
    const VectorXd mean = belief_.mean(x), success = belief_.success(x);
    std::vector<std::size_t> order(records.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const auto i = static_cast<Index>(a), j = static_cast<Index>(b);
      const bool a_succeeds = success[i] > .5, b_succeeds = success[j] > .5;
      if (a_succeeds != b_succeeds) return a_succeeds;
      return mean[i] != mean[j] ? mean[i] > mean[j] : records[a] < records[b];
    });
    std::vector<std::size_t> sorted;
    for (std::size_t i : order) sorted.push_back(records[i]);
    return sorted;
  }

  std::optional<Suggestion> suggest_one(RandomStream& random) {
    if (auto initial = suggest_initial(random)) return initial;
    const std::vector<int> tasks = allowed_tasks(random);
    if (belief_.exists())
      if (auto informed = suggest_informed(tasks, random)) return informed;
    // Nothing to believe yet, or every candidate is open: anything new, on any task.
    for (int task : tasks)
      if (auto drawn = draw(task, random)) return drawn;
    for (int task = 0; task <= full_rank(); ++task)
      if (auto drawn = draw(task, random)) return drawn;
    return std::nullopt;
  }

  std::optional<Suggestion> draw(int rank, RandomStream& random) {
    std::uint64_t index = ledger_.count_seen(task_of(rank));
    auto drawn = ledger_.fresh(task_of(rank), random, [&] {
      return ledger_.encoder().from_uniform(
          scrambled_sobol(index++, ledger_.encoder().coordinates(), seed_));
    });
    if (!drawn) return std::nullopt;
    return Suggestion{std::move(*drawn), task_of(rank)};
  }

  std::optional<Suggestion> suggest_initial(RandomStream& random) {
    const std::size_t cheapest = task_of(0), full = ledger_.full_task();
    const std::size_t seen = ledger_.count_seen(cheapest);
    if (seen < std::min(free_coordinates_ + 3, kMaxInitial)) {
      if (seen == 0 && has_defaults_) {
        const Assignments defaults = problem_.space.default_assignments();
        if (!ledger_.is_seen(problem_.space.canonical_key(defaults), cheapest))
          return Suggestion{defaults, cheapest};
      }
      return draw(0, random);
    }
    if (cheapest == full || ledger_.count_seen(full) > 0) return std::nullopt;
    for (std::size_t record : evaluated_by_mean(true))
      if (!ledger_.is_seen(ledger_.records()[record].key, full))
        return Suggestion{ledger_.observation(record).assignments, full};
    return std::nullopt;
  }

  // Ranks of the tasks that may be suggested now.
  std::vector<int> allowed_tasks(RandomStream& random) {
    if (options_.task_choice == TaskChoice::kSoftmax) return {softmax_task(random)};
    double total = 0, of_full = 0;
    const auto add = [&](std::size_t task, double cost) {
      total += cost;
      if (task == ledger_.full_task()) of_full += cost;
    };
    for (const Record& record : ledger_.records()) add(record.task, record.cost);
    for (const Suggestion& open : ledger_.open_suggestions())
      add(open.task, ledger_.task_cost(open.task));
    if (of_full < options_.full_share * total) return {full_rank()};
    std::vector<int> tasks;
    for (int rank = 0; rank <= full_rank(); ++rank)
      if (!belief_.exists() ||
          belief_.member(0).kernel().task_correlation(rank, full_rank()) >= kUsefulCorrelation)
        tasks.push_back(rank);
    return tasks;
  }

  int softmax_task(RandomStream& random) {
    double sum = 0;
    for (const Task& task : problem_.tasks) sum += std::exp(-task.cost);
    double left = random.uniform() * sum;
    for (int rank = 0; rank < full_rank(); ++rank) {
      left -= std::exp(-problem_.tasks[task_of(rank)].cost);
      if (left < 0) return rank;
    }
    return full_rank();
  }

  // What a trial would add: with continuation, less what was paid for the same assignments.
  double added_cost(const Point& point, int rank) const {
    const double cost = ledger_.task_cost(task_of(rank));
    if (!problem_.continues) return cost;
    const auto paid = paid_.find(point);
    return std::max(cost - (paid == paid_.end() ? 0 : paid->second), .05 * cost);
  }

  // Adds to candidates each of the points on each of the tasks, scored by one posterior.
  void score(const Posterior& posterior, const std::vector<double>& maxima,
             const Prediction& prediction, const MatrixXd& x, const std::vector<Point>& points,
             const std::vector<int>& tasks, std::vector<Candidate>& candidates) const {
    (void)posterior;
    const MatrixXd bits = information(prediction, maxima);
    const VectorXd success = belief_.success(x);
    for (std::size_t i = 0; i < points.size(); ++i)
      for (std::size_t t = 0; t < tasks.size(); ++t) {
        const auto row = static_cast<Index>(i);
        const double value =
            bits(row, static_cast<Index>(t)) * success[row] / added_cost(points[i], tasks[t]);
        candidates.push_back({points[i], tasks[t], std::isfinite(value) ? value : -1});
      }
  }

  std::optional<Suggestion> suggest_informed(const std::vector<int>& tasks, RandomStream& random) {
    const std::size_t turn = ledger_.records().size() + ledger_.open_suggestions().size();
    const Posterior& posterior = belief_.member(turn % belief_.members());
    paid_.clear();
    if (problem_.continues)
      for (const Record& record : ledger_.records()) {
        double& paid = paid_[record.point];
        paid = std::max(paid, record.value ? record.cost : 0);
      }
    // Random points, then evaluated ones (the maximum is looked for among these), then neighbours.
    std::vector<Point> points;
    for (int i = 0; i < kRandomCandidates; ++i) points.push_back(ledger_.encoder().sample(random));
    const std::vector<std::size_t> evaluated = evaluated_by_mean(true);
    for (std::size_t i = 0; i < std::min(evaluated.size(), kEvaluatedCandidates); ++i)
      points.push_back(ledger_.records()[evaluated[i]].point);
    const std::size_t spread = points.size();
    for (std::size_t i = 0; i < std::min<std::size_t>(evaluated.size(), kIncumbents); ++i)
      for (int k = 0; k < kNeighbours; ++k)
        points.push_back(neighbour(ledger_.records()[evaluated[i]].point, posterior,
                                   std::pow(10, random.uniform(-2, 0)), random));
    MatrixXd x = belief_.features(points);
    const Prediction prediction = posterior.predict(x, tasks);
    const auto many = static_cast<Index>(spread);
    const std::vector<double> maxima =
        maximum_quantiles(prediction.mean.head(many), prediction.variance.head(many));
    std::vector<Candidate> candidates;
    score(posterior, maxima, prediction, x, points, tasks, candidates);
    for (double scale : kRefinedScales) {
      sort(candidates);
      points.clear();
      for (std::size_t i = 0; i < std::min<std::size_t>(candidates.size(), kRefinedStarts); ++i)
        for (int k = 0; k < kRefinedNeighbours; ++k)
          points.push_back(neighbour(candidates[i].point, posterior, scale, random));
      x = belief_.features(points);
      score(posterior, maxima, posterior.predict(x, tasks), x, points, tasks, candidates);
    }
    sort(candidates);
    return first_new(candidates);
  }

  Point neighbour(const Point& point, const Posterior& posterior, double scale,
                  RandomStream& random) const {
    const Encoder& encoder = ledger_.encoder();
    std::vector<double> steps(point.size(), 0.0);
    const std::vector<int>& coordinates = belief_.shape().feature_coordinates;
    for (std::size_t f = 0; f < coordinates.size(); ++f)
      steps[static_cast<std::size_t>(coordinates[f])] =
          scale * std::min(1.0, posterior.kernel().length(static_cast<int>(f)));
    const double d = double(std::max<std::size_t>(1, free_coordinates_));
    return encoder.perturb(point, steps, random.uniform() < .5 ? 1 : std::min(1.0, 2 / d), random);
  }

  static void sort(std::vector<Candidate>& candidates) {
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  }

  std::optional<Suggestion> first_new(const std::vector<Candidate>& candidates) const {
    for (const Candidate& candidate : candidates) {
      if (!ledger_.encoder().is_feasible(candidate.point)) continue;
      Suggestion suggestion{ledger_.encoder().decode(candidate.point), task_of(candidate.task)};
      if (!ledger_.is_seen(problem_.space.canonical_key(suggestion.assignments), suggestion.task))
        return suggestion;
    }
    return std::nullopt;
  }

  Problem problem_;
  std::uint64_t seed_;
  MultitaskOptions options_;
  Ledger ledger_;
  Belief belief_;
  std::size_t free_coordinates_ = 0;
  bool has_defaults_ = false;
  std::map<Point, double> paid_;  // by successful trials of the same point
};

}  // namespace

std::unique_ptr<Suggester> make_multitask(Problem problem, std::uint64_t seed,
                                          MultitaskOptions options) {
  return std::make_unique<Multitask>(std::move(problem), seed, options);
}

}  // namespace frugal::optimizer
