#include "optimizer/pick_freeze.h"

#include <algorithm>
#include <cmath>

#include "optimizer/sobol.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t kLeastRows = 64;
constexpr int kRedraws = 200;  // of a bound coordinate until it is feasible

// Independent inputs: one coordinate each, but all that constraints bind together.
struct Inputs {
  std::vector<std::vector<std::size_t>> inputs;  // coordinates of each, those with one value out
  std::vector<std::size_t> bound;                // coordinates in any constraint
};

Inputs inputs_of(const Space& space, const Encoder& encoder) {
  Inputs result;
  const std::size_t first = space.conditionals().size();
  std::vector<bool> is_bound(encoder.coordinates(), false);
  for (std::size_t j = 0; j < space.parameters().size(); ++j)
    for (const LinearConstraint& constraint : space.constraints())
      if (constraint.weights.contains(space.parameters()[j].name))
        is_bound[first + j] = !encoder.is_fixed(first + j);
  for (std::size_t j = 0; j < encoder.coordinates(); ++j) {
    if (is_bound[j]) result.bound.push_back(j);
    const bool is_taken = is_bound[j] && result.bound.size() > 1;
    if (!is_taken && !encoder.is_fixed(j)) result.inputs.push_back({j});
  }
  for (auto& input : result.inputs)
    if (is_bound[input[0]]) input = result.bound;
  return result;
}

// A draw of every coordinate: uniform numbers, and a feasible point for the bound ones.
struct Draw {
  std::vector<double> uniform;
  Point feasible;
};

class Design {
 public:
  Design(const Encoder& encoder, const Inputs& inputs, std::uint64_t seed, std::size_t rows)
      : encoder_(encoder), inputs_(inputs), random_(RandomStream(seed).derive("importance")) {
    const std::size_t d = encoder.coordinates();
    for (std::size_t i = 0; i < rows; ++i) {
      const std::vector<double> u = scrambled_sobol(i, 2 * d, seed);
      const auto half = u.begin() + static_cast<std::ptrdiff_t>(d);
      a_.push_back({{u.begin(), half}, feasible()});
      b_.push_back({{half, u.end()}, feasible()});
    }
  }

  // N points each: A, B, then A_i and B_i for each input, then A with each bound coordinate
  // redrawn.
  std::vector<Point> points() {
    std::vector<Point> result;
    for (const Draw& draw : a_) result.push_back(point(draw));
    for (const Draw& draw : b_) result.push_back(point(draw));
    for (const auto& input : inputs_.inputs) {
      for (std::size_t i = 0; i < a_.size(); ++i) result.push_back(mixed(a_[i], b_[i], input));
      for (std::size_t i = 0; i < a_.size(); ++i) result.push_back(mixed(b_[i], a_[i], input));
    }
    for (std::size_t j : inputs_.bound)
      for (const Draw& draw : a_) result.push_back(redrawn(draw, j));
    return result;
  }

 private:
  Point feasible() { return inputs_.bound.empty() ? Point{} : encoder_.sample(random_); }

  Point point(const Draw& draw) const {
    Point result = encoder_.from_uniform(draw.uniform);
    for (std::size_t j : inputs_.bound) result[j] = draw.feasible[j];
    return result;
  }

  Point mixed(Draw draw, const Draw& other, const std::vector<std::size_t>& input) const {
    for (std::size_t j : input) draw.uniform[j] = other.uniform[j];
    if (input == inputs_.bound) draw.feasible = other.feasible;
    return point(draw);
  }

  // Uniform where the other bound coordinates leave room. Room for less than one redraw in 200
  // is too narrow for an effect.
  Point redrawn(const Draw& draw, std::size_t coordinate) {
    const Point before = point(draw);
    Point after = before;
    std::vector<double> uniform = draw.uniform;
    for (int attempt = 0; attempt < kRedraws; ++attempt) {
      uniform[coordinate] = random_.uniform();
      after[coordinate] = encoder_.from_uniform(uniform)[coordinate];
      if (encoder_.is_feasible(after)) return after;
    }
    return before;
  }

  const Encoder& encoder_;
  const Inputs& inputs_;
  RandomStream random_;
  std::vector<Draw> a_, b_;
};

// One draw's values at the design: (N, inputs) and (N, bound).
struct Values {
  VectorXd a, b;
  MatrixXd of_a, of_b, redrawn;
};

// column: of the design's points. top: the share of the space above which f counts; 1: all of it.
Values values_of(VectorXd column, const Inputs& inputs, Index rows, double top) {
  if (top < 1) {
    std::vector<double> sorted(column.data(), column.data() + 2 * rows);
    const auto place = static_cast<std::ptrdiff_t>((1 - top) * double(sorted.size()));
    std::nth_element(sorted.begin(), sorted.begin() + place, sorted.end());
    column = column.cwiseMax(sorted[static_cast<std::size_t>(place)]);
  }
  column.array() -= column.head(2 * rows).mean();
  const auto i_count = static_cast<Index>(inputs.inputs.size());
  Values values{column.head(rows), column.segment(rows, rows), MatrixXd(rows, i_count),
                MatrixXd(rows, i_count), MatrixXd(rows, Index(inputs.bound.size()))};
  const auto block = [&](Index number) { return column.segment(number * rows, rows); };
  for (Index i = 0; i < i_count; ++i) {
    values.of_a.col(i) = block(2 + 2 * i) - values.a;
    values.of_b.col(i) = block(3 + 2 * i) - values.b;
  }
  for (Index j = 0; j < values.redrawn.cols(); ++j)
    values.redrawn.col(j) = block(2 + 2 * i_count + j) - values.a;
  return values;
}

struct Shares {
  VectorXd main, total;  // inputs
  VectorXd bound_total;  // bound coordinates
  MatrixXd pairs;        // (inputs, inputs), symmetric
};

// weights: N, of sum 1.
Shares estimate(const Values& v, const VectorXd& weights) {
  const double mean = .5 * weights.dot(v.a + v.b);
  const VectorXd a = v.a.array() - mean, b = v.b.array() - mean;
  const double variance = .5 * weights.dot(a.cwiseAbs2() + b.cwiseAbs2());
  const double scale = std::isfinite(1 / variance) ? 1 / variance : 0;  // constant: shares of 0
  Shares shares;
  shares.total = .25 * scale * (v.of_a.cwiseAbs2() + v.of_b.cwiseAbs2()).transpose() * weights;
  shares.main =
      .5 * scale *
      (v.of_a.transpose() * b.cwiseProduct(weights) + v.of_b.transpose() * a.cwiseProduct(weights));
  shares.bound_total = .5 * scale * v.redrawn.cwiseAbs2().transpose() * weights;
  const MatrixXd product = v.of_a.transpose() * weights.asDiagonal() * v.of_b;
  shares.pairs = .5 * scale * (product + product.transpose());
  return shares;
}

// Rubin (1981): weights of the Bayesian bootstrap.
VectorXd bootstrap_weights(Index count, RandomStream& random) {
  VectorXd weights(count);
  for (double& weight : weights) weight = -std::log1p(-random.uniform());
  return weights / weights.sum();
}

std::string name_of(const Space& space, std::size_t coordinate) {
  const std::size_t first = space.conditionals().size();
  return coordinate < first ? space.conditionals()[coordinate].name
                            : space.parameters()[coordinate - first].name;
}

std::vector<std::string> names_of(const Space& space, const std::vector<std::size_t>& coordinates) {
  std::vector<std::string> names;
  for (std::size_t j : coordinates) names.push_back(name_of(space, j));
  return names;
}

using Pair = std::pair<Index, Index>;

// The largest entries above the diagonal, descending.
std::vector<Pair> largest_pairs(const MatrixXd& shares, std::size_t most) {
  std::vector<Pair> pairs;
  for (Index i = 0; i < shares.rows(); ++i)
    for (Index j = i + 1; j < shares.cols(); ++j) pairs.emplace_back(i, j);
  const auto larger = [&](const Pair& a, const Pair& b) {
    return shares(a.first, a.second) > shares(b.first, b.second);
  };
  std::stable_sort(pairs.begin(), pairs.end(), larger);
  if (pairs.size() > most) pairs.resize(most);
  return pairs;
}

// Shares cannot be negative; their estimates can.
Interval share_of(double value, std::vector<double> draws) {
  for (double& draw : draws) draw = std::clamp(draw, 0.0, 1.0);
  return interval_of(std::clamp(value, 0.0, 1.0), std::move(draws));
}

// The mean estimate of each quantity, and one estimate a resample.
class Tally {
 public:
  explicit Tally(VectorXd mean) : mean_(std::move(mean)), draws_(std::size_t(mean_.size())) {}
  void add(const VectorXd& draw) {
    for (std::size_t i = 0; i < draws_.size(); ++i) draws_[i].push_back(draw[Index(i)]);
  }
  std::vector<Interval> shares() const {
    std::vector<Interval> result;
    for (std::size_t i = 0; i < draws_.size(); ++i)
      result.push_back(share_of(mean_[Index(i)], draws_[i]));
    return result;
  }

 private:
  VectorXd mean_;
  std::vector<std::vector<double>> draws_;
};

VectorXd entries(const MatrixXd& matrix, const std::vector<Pair>& pairs) {
  VectorXd result(Index(pairs.size()));
  for (std::size_t k = 0; k < pairs.size(); ++k)
    result[Index(k)] = matrix(pairs[k].first, pairs[k].second);
  return result;
}

// Of the inputs, the bound coordinates and the largest pairs.
struct Summary {
  std::vector<Interval> main, total, bound_total, of_pairs;
  std::vector<Pair> pairs;
};

// values: (c, draws) at the design's points. top: as for values_of.
Summary summarize(const MatrixXd& values, const Inputs& inputs, Index rows, double top,
                  RandomStream random, const ImportanceOptions& options) {
  const auto i_count = Index(inputs.inputs.size()), draws = values.cols();
  const VectorXd even = VectorXd::Constant(rows, 1 / double(rows));
  Shares mean{VectorXd::Zero(i_count), VectorXd::Zero(i_count),
              VectorXd::Zero(Index(inputs.bound.size())), MatrixXd::Zero(i_count, i_count)};
  for (Index draw = 0; draw < draws; ++draw) {
    const Shares one = estimate(values_of(values.col(draw), inputs, rows, top), even);
    mean.main += one.main / double(draws), mean.total += one.total / double(draws);
    mean.bound_total += one.bound_total / double(draws), mean.pairs += one.pairs / double(draws);
  }
  const std::vector<Pair> pairs = largest_pairs(mean.pairs, options.most_pairs);
  Tally main(mean.main), total(mean.total), bound_total(mean.bound_total),
      of_pairs(entries(mean.pairs, pairs));
  const auto resamples = (Index(options.resamples) + draws - 1) / draws;
  for (Index draw = 0; draw < draws; ++draw) {
    const Values at = values_of(values.col(draw), inputs, rows, top);
    for (Index k = 0; k < resamples; ++k) {
      const Shares one = estimate(at, bootstrap_weights(rows, random));
      main.add(one.main), total.add(one.total), bound_total.add(one.bound_total);
      of_pairs.add(entries(one.pairs, pairs));
    }
  }
  return {main.shares(), total.shares(), bound_total.shares(), of_pairs.shares(), pairs};
}

Decomposition with_names(const Summary& summary, const Inputs& inputs, const Space& space,
                         const Encoder& encoder) {
  Decomposition result;
  std::vector<Interval> total(encoder.coordinates());
  for (std::size_t i = 0, j = 0; j < encoder.coordinates(); ++j) {
    if (encoder.is_fixed(j)) result.main.push_back({{name_of(space, j)}, {}});
    if (i == inputs.inputs.size() || inputs.inputs[i][0] != j) continue;
    result.main.push_back({names_of(space, inputs.inputs[i]), summary.main[i]});
    total[j] = summary.total[i++];
  }
  for (std::size_t j = 0; j < inputs.bound.size(); ++j)
    total[inputs.bound[j]] = summary.bound_total[j];
  for (std::size_t j = 0; j < encoder.coordinates(); ++j)
    result.total.push_back({{name_of(space, j)}, total[j]});
  for (std::size_t k = 0; k < summary.pairs.size(); ++k) {
    const auto& [a, b] = summary.pairs[k];
    std::vector<std::size_t> both = inputs.inputs[std::size_t(a)];
    both.insert(both.end(), inputs.inputs[std::size_t(b)].begin(),
                inputs.inputs[std::size_t(b)].end());
    result.pairs.push_back({names_of(space, both), summary.of_pairs[k]});
  }
  return result;
}

}  // namespace

Importance pick_freeze(const Space& space, const Encoder& encoder, const Functions& functions,
                       std::uint64_t seed, const ImportanceOptions& options) {
  const Inputs inputs = inputs_of(space, encoder);
  std::size_t rows = kLeastRows;
  while (2 * rows * (2 * inputs.inputs.size() + 2) <= options.most_points) rows *= 2;
  const MatrixXd values = functions(Design(encoder, inputs, seed, rows).points());
  const RandomStream random = RandomStream(seed).derive("bootstrap");
  const auto of = [&](double top) {
    return with_names(summarize(values, inputs, Index(rows), top, random, options), inputs, space,
                      encoder);
  };
  return {of(1), of(options.top)};
}

}  // namespace frugal::optimizer
