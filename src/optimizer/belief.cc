#include "optimizer/belief.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "optimizer/warp.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t kFirstFit = 2;         // successes
constexpr std::size_t kFirstSuccessFit = 1;  // records

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
  success_shape_ = shape_;
  success_shape_.tasks = 1;
  success_shape_.has_constant_means = false;
  history_ = std::make_shared<const int>();
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
    successes_.clear();
    read_ = failures_ = 0;
    history_ = std::make_shared<const int>();
    ensemble_ = {}, next_ = {};
    success_theta_ = next_success_theta_ = {};
    success_.reset();
  }
  for (; read_ < ledger_.records().size(); ++read_) {
    if (ledger_.records()[read_].value)
      successes_.push_back(read_);
    else
      ++failures_;
  }
  update_success();
  open_points_.clear(), open_tasks_.clear();
  if (successes_.size() < kFirstFit) return;
  const FitPoint used = used_fit(kFirstFit, successes_.size());
  if (ensemble_.point != used)
    ensemble_ = next_.point == used ? std::move(next_) : ensemble_fit(used).run();
  const auto known = ensemble_.members[0]->size();
  for (auto& member : ensemble_.members) member->close();
  if (static_cast<std::size_t>(known) < successes_.size()) {
    const Observations added = observations({successes_.begin() + known, successes_.end()});
    for (auto& member : ensemble_.members) member->append(added);
  }
  opened_.assign(ensemble_.members.size(), 0);
  const VectorXd y = warped(successes_);
  for (auto& member : ensemble_.members) member->set_values(y);
}

// The way to a fit from the one in use, or, where that is of no help, from the last cold one.
EnsembleFit Belief::ensemble_fit(const FitPoint& point) const {
  const auto first = [&](std::size_t size) {
    return observations({successes_.begin(), successes_.begin() + std::ptrdiff_t(size)});
  };
  EnsembleFit fit{shape_,
                  prior_,
                  options_.ensemble,
                  seed_,
                  ensemble_.theta,
                  ensemble_.offsets,
                  {},
                  first(point.size),
                  {}};
  const int full = shape_.tasks - 1;
  const bool goes_on = ensemble_.point.cold == point.cold && ensemble_.point.size < point.size;
  FitPoint step = goes_on ? next_fit(ensemble_.point) : FitPoint{point.cold, point.cold};
  for (; step.size <= point.size; step = next_fit(step)) {
    const Observations all = first(step.size);
    fit.steps.push_back(
        {step, sorted_by_task(all, representative_rows(all, full, options_.fit_limit))});
  }
  if (point.size > options_.exact_limit)
    for (std::size_t row : representative_rows(fit.all, full, options_.inducing_limit))
      fit.inducing.push_back(static_cast<int>(row));
  return fit;
}

std::unique_ptr<BeliefFit> Belief::begin_fit() const {
  auto fit = std::make_unique<BeliefFit>();
  fit->history = history_;
  if (successes_.size() >= kFirstFit) {
    const FitPoint due = due_fit(kFirstFit, successes_.size());
    if (due != ensemble_.point && due != next_.point) fit->ensemble_fit = ensemble_fit(due);
  }
  if (failures_ > 0) {
    const FitPoint due = due_fit(kFirstSuccessFit, ledger_.records().size());
    if (due != success_theta_.point && due != next_success_theta_.point)
      fit->success_fit = success_fit(due, success_labels());
  }
  return fit->ensemble_fit || fit->success_fit ? std::move(fit) : nullptr;
}

void Belief::take(BeliefFit fit) {
  if (fit.history != history_) return;
  if (fit.ensemble_fit) next_ = std::move(fit.ensemble);
  if (fit.success_fit) next_success_theta_ = {fit.success_fit->point, std::move(fit.success_theta)};
}

// Labels −1 (failed) and +1 with the prior mean +1, so that the process sees −2 and 0.
Observations Belief::success_labels() const {
  const std::size_t n = ledger_.records().size();
  Observations labels;
  std::vector<Point> points;
  labels.y.resize(static_cast<Index>(n));
  for (std::size_t i = 0; i < n; ++i) {
    points.push_back(ledger_.records()[i].point);
    labels.y[static_cast<Index>(i)] = ledger_.records()[i].value ? 0 : -2;
  }
  labels.x = features(points);
  labels.task.assign(n, 0);
  labels.variance = VectorXd::Zero(static_cast<Index>(n));
  return labels;
}

SuccessFit Belief::success_fit(const FitPoint& point, const Observations& labels) const {
  return {point, success_shape_, telling_rows(labels, point.size, options_.fit_limit)};
}

void Belief::update_success() {
  if (failures_ == 0) return;
  const std::size_t n = ledger_.records().size();
  if (success_ && static_cast<std::size_t>(success_->size()) == n) return;
  const Observations labels = success_labels();
  const FitPoint used = used_fit(kFirstSuccessFit, n);
  if (success_theta_.point != used)
    success_theta_ = next_success_theta_.point == used
                         ? std::move(next_success_theta_)
                         : SuccessTheta{used, success_fit(used, labels).run()};
  const Observations data = telling_rows(labels, n, options_.fit_limit);
  success_ = std::make_unique<Posterior>(success_shape_, success_theta_.theta, data);
  success_->set_values(data.y);
}

void Belief::open(const Point& point, int task) {
  open_points_.push_back(point);
  open_tasks_.push_back(task);
}

// Members take the open trials when they are asked for, all new ones at once.
const Posterior& Belief::member(std::size_t i) {
  const auto begin = static_cast<std::ptrdiff_t>(opened_[i]);
  ensemble_.members[i]->open(features({open_points_.begin() + begin, open_points_.end()}),
                             {open_tasks_.begin() + begin, open_tasks_.end()});
  opened_[i] = open_points_.size();
  return *ensemble_.members[i];
}

VectorXd Belief::mean(const MatrixXd& x) const {
  return ensemble_.members[0]->mean(x, shape_.tasks - 1);
}

VectorXd Belief::success(const MatrixXd& x) const {
  if (!success_) return VectorXd::Ones(x.rows());
  const Prediction prediction = success_->predict(x, {});
  VectorXd result(x.rows());
  for (Index i = 0; i < x.rows(); ++i)
    result[i] = normal_cdf((1 + prediction.mean[i]) / std::sqrt(.1 + prediction.variance[i]));
  return result;
}

}  // namespace frugal::optimizer
