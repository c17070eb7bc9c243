#include "optimizer/belief.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "optimizer/fit.h"
#include "optimizer/warp.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kColdDraws = 2, kColdEvaluations = 50, kWarmEvaluations = 12;
constexpr Index kLaplaceLimit = 60;  // hyperparameters; a Hessian of more is not worth its price

struct Schedule {
  std::size_t cold;  // the size of the last cold fit
  std::size_t last;  // of the last fit of all
};

std::size_t next_cold(std::size_t size) {
  return std::max(size + 1, size + size * 2 / 5);
}
std::size_t next_warm(std::size_t size) {
  return size + std::max<std::size_t>(1, size / 30);
}

Schedule schedule(std::size_t first, std::size_t n) {
  Schedule result{first, first};
  while (next_cold(result.cold) <= n) result.cold = next_cold(result.cold);
  result.last = result.cold;
  while (next_warm(result.last) <= n) result.last = next_warm(result.last);
  return result;
}

double normal_cdf(double z) {
  return .5 * std::erfc(-z / std::sqrt(2.0));
}

Observations sorted_by_task(const Observations& from, std::vector<std::size_t> rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::size_t a, std::size_t b) { return from.task[a] < from.task[b]; });
  Observations result;
  const auto n = static_cast<Index>(rows.size());
  result.x.resize(n, from.x.cols()), result.y.resize(n), result.variance.resize(n);
  for (Index i = 0; i < n; ++i) {
    const std::size_t row = rows[static_cast<std::size_t>(i)];
    result.x.row(i) = from.x.row(static_cast<Index>(row));
    result.task.push_back(from.task[row]);
    result.y[i] = from.y[static_cast<Index>(row)];
    result.variance[i] = from.variance[static_cast<Index>(row)];
  }
  return result;
}

// At most limit rows: a third the best, a third of the full task (the best of them first), the
// rest evenly over time.
std::vector<std::size_t> representative_rows(const Observations& all, int full, std::size_t limit) {
  std::vector<std::size_t> order(static_cast<std::size_t>(all.size()));
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() <= limit) return order;
  const std::vector<std::size_t> by_time = order;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return all.y[static_cast<Index>(a)] > all.y[static_cast<Index>(b)];
  });
  std::vector<bool> is_taken(order.size(), false);
  std::size_t taken = 0;
  const auto take = [&](const std::vector<std::size_t>& from, std::size_t until, auto wanted) {
    for (std::size_t row : from)
      if (taken < until && !is_taken[row] && wanted(row)) is_taken[row] = true, ++taken;
  };
  take(order, limit / 3, [](std::size_t) { return true; });
  take(order, 2 * limit / 3, [&](std::size_t row) { return all.task[row] == full; });
  std::vector<std::size_t> left;
  for (std::size_t row : by_time)
    if (!is_taken[row]) left.push_back(row);
  const std::size_t room = limit - taken;
  for (std::size_t i = 0; i < room; ++i) is_taken[left[i * left.size() / room]] = true;
  std::vector<std::size_t> rows;
  for (std::size_t row : by_time)
    if (is_taken[row]) rows.push_back(row);
  return rows;
}

// Of the first n labels at most limit, failures (the smaller label) first.
Observations telling_rows(const Observations& all, std::size_t n, std::size_t limit) {
  const auto count = static_cast<Index>(n);
  const std::vector<int> task(n, 0);
  const Observations turned{all.x.topRows(count), task, -all.y.head(count),
                            all.variance.head(count)};
  Observations result = sorted_by_task(turned, representative_rows(turned, -1, limit));
  result.y = -result.y;
  return result;
}

}  // namespace

Belief::Belief(const Ledger& ledger, std::uint64_t seed, BeliefOptions options)
    : ledger_(ledger), seed_(seed), options_(options) {
  const Encoder& encoder = ledger.encoder();
  shape_.tasks = static_cast<int>(ledger.tasks().size());
  shape_.feature_coordinates = encoder.feature_coordinates();
  for (std::size_t j = 0; j < encoder.coordinates(); ++j)
    shape_.is_category.push_back(encoder.is_category(j));
  prior_ = default_prior(shape_);
  rank_.resize(ledger.tasks().size());
  for (std::size_t i = 0; i < rank_.size(); ++i) rank_[ledger.tasks()[i]] = static_cast<int>(i);
  failure_shape_ = shape_;
  failure_shape_.tasks = 1;
  failure_shape_.has_constant_means = false;
}

MatrixXd Belief::features(const std::vector<Point>& points) const {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  RowMajor result(static_cast<Index>(points.size()), shape_.features());
  for (std::size_t i = 0; i < points.size(); ++i)
    ledger_.encoder().embed(points[i], result.row(static_cast<Index>(i)).data());
  return result;
}

VectorXd Belief::warped(const std::vector<std::size_t>& records) const {
  std::vector<double> values;
  for (std::size_t record : records) values.push_back(*ledger_.records()[record].value);
  const Warp warp(values);
  VectorXd y(static_cast<Index>(records.size()));
  for (std::size_t i = 0; i < values.size(); ++i) y[static_cast<Index>(i)] = warp(values[i]);
  return y;
}

Observations Belief::observations(const std::vector<std::size_t>& records) const {
  Observations result;
  std::vector<Point> points;
  std::vector<double> values;
  for (std::size_t record : records) {
    points.push_back(ledger_.records()[record].point);
    result.task.push_back(rank_of(ledger_.records()[record].task));
    values.push_back(*ledger_.records()[record].value);
  }
  result.x = features(points);
  result.y = warped(records);
  const Warp warp(values);
  result.variance.resize(result.y.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const double error = ledger_.records()[records[i]].stddev * warp.slope(values[i]);
    result.variance[static_cast<Index>(i)] = std::min(error * error, 100.0);
  }
  return result;
}

void Belief::update(std::size_t unchanged) {
  if (unchanged < read_) {
    successes_.clear(), members_.clear();
    read_ = fitted_ = failures_ = failure_fitted_ = 0;
    failure_.reset();
  }
  for (; read_ < ledger_.records().size(); ++read_) {
    if (ledger_.records()[read_].value)
      successes_.push_back(read_);
    else
      ++failures_;
  }
  update_failures();
  open_points_.clear(), open_tasks_.clear();
  if (successes_.size() < 2) return;
  const Schedule due = schedule(2, successes_.size());
  if (fitted_ < due.last) {
    const bool is_warm = fitted_ >= due.cold;
    for (std::size_t size = is_warm ? next_warm(fitted_) : due.cold; size <= due.last;
         size = next_warm(size))
      refit(size, size == due.cold);
    rebuild();
  } else {
    const auto have = static_cast<std::size_t>(members_[0]->size());
    for (auto& member : members_) member->close();
    if (have < successes_.size()) {
      const Observations added =
          observations({successes_.begin() + static_cast<std::ptrdiff_t>(have), successes_.end()});
      for (auto& member : members_) member->append(added);
    }
  }
  opened_.assign(members_.size(), 0);
  const VectorXd y = warped(successes_);
  for (auto& member : members_) member->set_values(y);
}

// What a fit looks at when the history has that many successes.
Observations Belief::fit_data(std::size_t size) const {
  const auto end = successes_.begin() + static_cast<std::ptrdiff_t>(size);
  const Observations all = observations({successes_.begin(), end});
  return sorted_by_task(all, representative_rows(all, shape_.tasks - 1, options_.fit_limit));
}

void Belief::refit(std::size_t size, bool is_cold) {
  const Observations data = fit_data(size);
  RandomStream random = RandomStream(seed_).derive("fit").derive(size);
  const std::vector<VectorXd> starts =
      is_cold ? cold_starts(shape_, prior_, kColdDraws, random) : std::vector<VectorXd>{theta_};
  theta_ =
      fit_map(shape_, prior_, data, starts, is_cold ? kColdEvaluations : kWarmEvaluations).theta;
  fitted_ = size;
  if (!is_cold || options_.draws == 0 || theta_.size() > kLaplaceLimit) return;
  offsets_.clear();
  for (const VectorXd& draw : laplace_draws(shape_, prior_, data, theta_, options_.draws, random))
    offsets_.push_back(draw - theta_);
}

void Belief::rebuild() {
  std::vector<VectorXd> thetas = {theta_};
  if (options_.short_lengths > 0) {
    thetas.push_back(theta_);
    thetas.back().head(shape_.coordinates()).array() -= options_.short_lengths;
  }
  for (const VectorXd& offset : offsets_)
    thetas.push_back((theta_ + offset).cwiseMax(prior_.lower).cwiseMin(prior_.upper));
  const Observations all = observations(successes_);
  std::vector<int> inducing;
  if (fitted_ > options_.exact_limit) {
    const auto end = successes_.begin() + static_cast<std::ptrdiff_t>(fitted_);
    const Observations seen = observations({successes_.begin(), end});
    for (std::size_t row : representative_rows(seen, shape_.tasks - 1, options_.inducing_limit))
      inducing.push_back(static_cast<int>(row));
  }
  members_.clear();
  for (const VectorXd& theta : thetas)
    members_.push_back(std::make_unique<Posterior>(shape_, theta, all, inducing));
}

// Labels −1 (failed) and +1 with the prior mean +1, so that the process sees −2 and 0.
void Belief::update_failures() {
  if (failures_ == 0) return;
  const std::size_t n = ledger_.records().size();
  if (failure_ && static_cast<std::size_t>(failure_->size()) == n) return;
  Observations all;
  std::vector<Point> points;
  all.y.resize(static_cast<Index>(n));
  for (std::size_t i = 0; i < n; ++i) {
    points.push_back(ledger_.records()[i].point);
    all.y[static_cast<Index>(i)] = ledger_.records()[i].value ? 0 : -2;
  }
  all.x = features(points);
  all.task.assign(n, 0);
  all.variance = VectorXd::Zero(static_cast<Index>(n));
  const std::size_t due = schedule(1, n).last;
  if (failure_fitted_ != due) {
    Prior prior = default_prior(failure_shape_);
    const Layout layout(failure_shape_);
    prior.mean[layout.log_noise()] = std::log(.2);
    prior.lower[layout.log_noise()] = std::log(.1);
    const Observations data = telling_rows(all, due, options_.fit_limit);
    failure_theta_ = fit_map(failure_shape_, prior, data, {prior.mean}, 30).theta;
    failure_fitted_ = due;
  }
  const Observations data = telling_rows(all, n, options_.fit_limit);
  failure_ = std::make_unique<Posterior>(failure_shape_, failure_theta_, data);
  failure_->set_values(data.y);
}

void Belief::open(const Point& point, int task) {
  open_points_.push_back(point);
  open_tasks_.push_back(task);
}

// Members take the open trials when they are asked for, all new ones at once.
const Posterior& Belief::member(std::size_t i) {
  const auto begin = static_cast<std::ptrdiff_t>(opened_[i]);
  members_[i]->open(features({open_points_.begin() + begin, open_points_.end()}),
                    {open_tasks_.begin() + begin, open_tasks_.end()});
  opened_[i] = open_points_.size();
  return *members_[i];
}

VectorXd Belief::mean(const MatrixXd& x) const {
  return members_[0]->mean(x, shape_.tasks - 1);
}

VectorXd Belief::success(const MatrixXd& x) const {
  if (!failure_) return VectorXd::Ones(x.rows());
  const Prediction prediction = failure_->predict(x, {});
  VectorXd result(x.rows());
  for (Index i = 0; i < x.rows(); ++i)
    result[i] = normal_cdf((1 + prediction.mean[i]) / std::sqrt(.1 + prediction.variance[i]));
  return result;
}

}  // namespace frugal::optimizer
