#include "optimizer/multitask.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <unordered_set>

#include "optimizer/acquire.h"
#include "optimizer/ledger.h"
#include "optimizer/sobol.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kUsefulCorrelation = .3;  // with the full task; a task below is not suggested
constexpr std::size_t kMaxInitial = 24;
constexpr std::size_t kRanked = 300;
// The maximum is settled when it lies (with 95 %) less than this, in units of the warp, above the
// best mean. Every second suggestion then looks for basins that nobody has seen, by a Sobol point
// on the cheapest task.
constexpr double kSettled = .1;

// How many points a search looks at. Beyond kFullEffort observations fewer, since each costs more
// and the model, not the search, knows where to look.
constexpr double kFullEffort = 500, kLeastEffort = .2;
constexpr int kRandom = 256, kEvaluated = 100, kIncumbents = 5, kNeighbours = 60;
constexpr int kRefined = 4, kRefinedNeighbours = 32;
constexpr double kRefinedScales[] = {.3, .1, .03, .01};  // of a length

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

  std::unique_ptr<PendingFit> prepare(const History& history) override {
    update(history);
    return belief_.begin_fit();
  }
  void take(std::unique_ptr<PendingFit> fit) override {
    if (auto* made = dynamic_cast<BeliefFit*>(fit.get())) belief_.take(std::move(*made));
  }

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
    if (evaluated_.empty()) return std::nullopt;
    return ledger_.observation(evaluated_[0]).assignments;
  }

 private:
  std::size_t task_of(int rank) const { return ledger_.tasks()[static_cast<std::size_t>(rank)]; }
  int full_rank() const { return static_cast<int>(ledger_.tasks().size()) - 1; }

  void update(const History& history) {
    const std::size_t unchanged = ledger_.update(history);
    belief_.update(unchanged);
    if (unchanged == ledger_.records().size()) return;
    evaluated_ = rank_evaluated();
    paid_.clear();
    if (!problem_.continues) return;
    for (const Record& record : ledger_.records()) {
      double& paid = paid_[record.point];
      if (record.value) paid = std::max(paid, record.cost);
    }
  }

  void believe_open(const Suggestion& suggestion) {
    if (belief_.exists())
      belief_.open(ledger_.encoder().encode(suggestion.assignments),
                   belief_.rank_of(suggestion.task));
  }

  // Records with a success, one for each of their assignments, by the mean of the full task there,
  // the best first; those that probably fail come last. Of many only those with the best values of
  // each task.
  std::vector<std::size_t> rank_evaluated() const {
    std::unordered_set<std::string> keys;
    std::vector<std::size_t> records;
    std::vector<Point> points;
    for (std::size_t i : promising_records()) {
      const Record& record = ledger_.records()[i];
      if (!keys.insert(record.key).second) continue;
      records.push_back(i);
      points.push_back(record.point);
    }
    if (!belief_.exists()) return records;
    const MatrixXd x = belief_.features(points);
    const VectorXd mean = belief_.mean(x), success = belief_.success(x);
    std::vector<Index> order(records.size());
    std::iota(order.begin(), order.end(), Index{0});
    std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
      const bool a_succeeds = success[a] > .5, b_succeeds = success[b] > .5;
      return a_succeeds != b_succeeds ? a_succeeds : mean[a] > mean[b];
    });
    std::vector<std::size_t> sorted;
    for (Index i : order) sorted.push_back(records[static_cast<std::size_t>(i)]);
    return sorted;
  }

  // Successes in order of arrival: all, or the kRanked best of each task.
  std::vector<std::size_t> promising_records() const {
    std::vector<std::vector<std::size_t>> by_task(ledger_.tasks().size());
    const auto& records = ledger_.records();
    for (std::size_t i = 0; i < records.size(); ++i)
      if (records[i].value) by_task[records[i].task].push_back(i);
    std::vector<std::size_t> chosen;
    for (auto& successes : by_task) {
      std::stable_sort(successes.begin(), successes.end(), [&](std::size_t a, std::size_t b) {
        return *records[a].value > *records[b].value;
      });
      successes.resize(std::min(successes.size(), kRanked));
      chosen.insert(chosen.end(), successes.begin(), successes.end());
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
  }

  // Of these the first that could be suggested again.
  std::vector<Point> incumbents(std::size_t count) const {
    std::vector<Point> points;
    for (std::size_t record : evaluated_)
      if (points.size() < count && ledger_.records()[record].is_valid)
        points.push_back(ledger_.records()[record].point);
    return points;
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
    for (std::size_t record : evaluated_)
      if (ledger_.records()[record].is_valid &&
          !ledger_.is_seen(ledger_.records()[record].key, full))
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
      if (!belief_.exists() || belief_.task_correlation(rank) >= kUsefulCorrelation)
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

  // Adds to candidates each of the points on each of the tasks.
  void score(const std::vector<Point>& points, const MatrixXd& x, const Prediction& prediction,
             const std::vector<double>& maxima, const std::vector<int>& tasks,
             std::vector<Candidate>& candidates) const {
    const MatrixXd nats = information(prediction, maxima);
    const VectorXd success = belief_.success(x);
    for (std::size_t i = 0; i < points.size(); ++i)
      for (std::size_t t = 0; t < tasks.size(); ++t) {
        const auto row = static_cast<Index>(i), column = static_cast<Index>(t);
        const double value = nats(row, column) * success[row] / added_cost(points[i], tasks[t]);
        candidates.push_back({points[i], tasks[t], std::isfinite(value) ? value : -1});
      }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  }

  // The best trial by information per cost: among random and evaluated points (over which the
  // maximum is believed to range) and neighbours of the best, then around the best of these in
  // ever smaller steps.
  std::optional<Suggestion> suggest_informed(const std::vector<int>& tasks, RandomStream& random) {
    const std::size_t turn = ledger_.records().size() + ledger_.open_suggestions().size();
    const Posterior& posterior = belief_.member(turn % belief_.members());
    const double effort =
        std::clamp(kFullEffort / double(posterior.basis_size()), kLeastEffort, 1.0);
    const auto scaled = [&](int count) { return static_cast<int>(std::ceil(effort * count)); };

    std::vector<Point> points = incumbents(static_cast<std::size_t>(scaled(kEvaluated)));
    const auto incumbent_count = std::min<std::size_t>(points.size(), kIncumbents);
    for (int i = 0; i < scaled(kRandom); ++i) points.push_back(ledger_.encoder().sample(random));
    const auto spread = static_cast<Index>(points.size());
    for (std::size_t i = 0; i < incumbent_count; ++i)
      for (int k = 0; k < scaled(kNeighbours); ++k)
        points.push_back(
            neighbour(points[i], posterior, std::pow(10, random.uniform(-2, 0)), random));
    MatrixXd x = belief_.features(points);
    const Prediction prediction = posterior.predict(x, tasks);
    const std::vector<double> maxima =
        maximum_quantiles(prediction.mean.head(spread), prediction.variance.head(spread));
    const double best = prediction.mean.head(spread).maxCoeff();
    if (maxima.back() - best < kSettled && turn % 2 == 1 && tasks.size() > 1)
      if (auto elsewhere = draw(tasks.front(), random)) return elsewhere;
    std::vector<Candidate> candidates;
    score(points, x, prediction, maxima, tasks, candidates);
    for (double scale : kRefinedScales) {
      points.clear();
      for (std::size_t i = 0; i < std::min<std::size_t>(candidates.size(), kRefined); ++i)
        for (int k = 0; k < scaled(kRefinedNeighbours); ++k)
          points.push_back(neighbour(candidates[i].point, posterior, scale, random));
      x = belief_.features(points);
      score(points, x, posterior.predict(x, tasks), maxima, tasks, candidates);
    }
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
  std::vector<std::size_t> evaluated_;  // see rank_evaluated
  std::map<Point, double> paid_;        // for successful trials of the same point
};

}  // namespace

std::unique_ptr<Suggester> make_multitask(Problem problem, std::uint64_t seed,
                                          MultitaskOptions options) {
  return std::make_unique<Multitask>(std::move(problem), seed, options);
}

}  // namespace frugal::optimizer
