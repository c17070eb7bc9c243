#include "optimizer/calibration.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>

#include "base/error.h"
#include "optimizer/surrogate.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Nominal {
  double share, deviations;  // of the standard normal distribution
};
constexpr Nominal kNominal[] = {{.5, .674490}, {.8, 1.281552}, {.95, 1.959964}};

// The rows that are left out together.
std::vector<std::vector<Index>> blocks_of(const Surrogate& surrogate, Leave leave) {
  std::map<std::string, std::vector<Index>> by_key;
  std::vector<std::vector<Index>> blocks;
  for (std::size_t i = 0; i < surrogate.records().size(); ++i)
    if (leave == Leave::kObservation)
      blocks.push_back({Index(i)});
    else
      by_key[surrogate.ledger().records()[surrogate.records()[i]].key].push_back(Index(i));
  for (auto& [key, rows] : by_key) blocks.push_back(std::move(rows));
  return blocks;
}

struct Predictions {
  VectorXd mean, deviation;  // n
};

Predictions leave_out(const MatrixXd& covariance, const VectorXd& y,
                      const std::vector<std::vector<Index>>& blocks) {
  const Eigen::LLT<MatrixXd> cholesky(covariance);
  if (cholesky.info() != Eigen::Success)
    throw NumericalError("the covariance of the observations is not positive definite");
  const MatrixXd inverse = cholesky.solve(MatrixXd::Identity(y.size(), y.size()));
  const VectorXd alpha = inverse * y;
  Predictions result{VectorXd(y.size()), VectorXd(y.size())};
  for (const std::vector<Index>& rows : blocks) {
    const MatrixXd of_block = inverse(rows, rows);
    const MatrixXd left =
        of_block.llt().solve(MatrixXd::Identity(of_block.rows(), of_block.rows()));
    const VectorXd mean = y(rows) - left * alpha(rows);
    for (std::size_t k = 0; k < rows.size(); ++k) {
      result.mean[rows[k]] = mean[Index(k)];
      result.deviation[rows[k]] = std::sqrt(left(Index(k), Index(k)));
    }
  }
  return result;
}

// Ranks 0, 1, ..., equal values sharing the mean of theirs.
VectorXd ranks(const VectorXd& values) {
  std::vector<Index> order(std::size_t(values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return values[a] < values[b]; });
  VectorXd result(values.size());
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t k = begin; k < end; ++k) result[order[k]] = .5 * double(begin + end - 1);
  }
  return result;
}

std::optional<double> rank_correlation(const VectorXd& a, const VectorXd& b) {
  VectorXd x = ranks(a), y = ranks(b);
  x.array() -= x.mean(), y.array() -= y.mean();
  const double scale = x.norm() * y.norm();
  if (!(scale > 0)) return std::nullopt;
  return x.dot(y) / scale;
}

CalibrationSummary summarize(std::string task, const VectorXd& y, const Predictions& predictions) {
  CalibrationSummary summary{.task = std::move(task), .count = std::size_t(y.size())};
  if (summary.count == 0) return summary;
  const VectorXd z = (y - predictions.mean).cwiseQuotient(predictions.deviation);
  summary.residual_mean = z.mean();
  summary.residual_deviation = std::sqrt(z.squaredNorm() / double(z.size()));
  for (const Nominal& nominal : kNominal)
    summary.coverage.push_back(
        {nominal.share,
         double((z.array().abs() <= nominal.deviations).count()) / double(z.size())});
  summary.log_density = -.5 * z.squaredNorm() / double(z.size()) -
                        predictions.deviation.array().log().mean() -
                        .5 * std::log(2 * std::numbers::pi);
  summary.rank_correlation = rank_correlation(predictions.mean, y);
  return summary;
}

std::string task_name(const Surrogate& surrogate, int rank) {
  return surrogate.problem().tasks[surrogate.ledger().tasks()[std::size_t(rank)]].name;
}

}  // namespace

Calibration calibrate(const Surrogate& surrogate, Leave leave) {
  if (!surrogate.lacking().empty()) throw InputError("no calibration: " + surrogate.lacking());
  const Observations& rows = surrogate.rows();
  const Kernel kernel(surrogate.shape(), surrogate.mode());
  const Predictions all =
      leave_out(observed_covariance(kernel, rows), rows.y, blocks_of(surrogate, leave));
  Calibration result{summarize("", rows.y, all), {}, {}};
  for (int t = 0; t < kernel.tasks(); ++t) {
    const auto begin = std::lower_bound(rows.task.begin(), rows.task.end(), t);
    const auto end = std::upper_bound(rows.task.begin(), rows.task.end(), t);
    const Index first = begin - rows.task.begin(), count = end - begin;
    if (count == 0) continue;
    result.tasks.push_back(
        summarize(task_name(surrogate, t), rows.y.segment(first, count),
                  {all.mean.segment(first, count), all.deviation.segment(first, count)}));
  }
  for (Index i = 0; i < rows.size(); ++i) {
    const double wide = kNominal[2].deviations * all.deviation[i];
    const double low = surrogate.to_metric(all.mean[i] - wide),
                 high = surrogate.to_metric(all.mean[i] + wide);
    result.observations.push_back(
        {task_name(surrogate, rows.task[std::size_t(i)]),
         surrogate.to_metric(rows.y[i]),
         {surrogate.to_metric(all.mean[i]), std::min(low, high), std::max(low, high)},
         (rows.y[i] - all.mean[i]) / all.deviation[i]});
  }
  return result;
}

std::vector<TaskCorrelation> task_correlations(const Surrogate& surrogate) {
  if (!surrogate.lacking().empty()) throw InputError("no correlations: " + surrogate.lacking());
  const int full = surrogate.shape().tasks - 1;
  std::vector<TaskCorrelation> result;
  for (int t = 0; t < full; ++t) {
    const auto at = [&](const VectorXd& theta) {
      return Kernel(surrogate.shape(), theta).task_correlation(t, full);
    };
    std::vector<double> draws;
    for (const VectorXd& theta : surrogate.thetas()) draws.push_back(at(theta));
    result.push_back({task_name(surrogate, t), interval_of(at(surrogate.mode()), draws)});
  }
  return result;
}

}  // namespace frugal::optimizer
