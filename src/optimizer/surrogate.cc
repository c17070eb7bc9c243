#include "optimizer/surrogate.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "optimizer/fit.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using Eigen::VectorXd;

constexpr int kLaplaceDraws = 40;    // the first of them get functions
constexpr Index kLaplaceLimit = 60;  // hyperparameters; a Hessian of more is not worth its price
constexpr std::size_t kLaplaceRows = 400;
constexpr Index kChunk = 256;  // points evaluated at a time, so that they stay in the cache

VectorXd observed_noise(const Kernel& kernel, const Observations& rows) {
  VectorXd noise = rows.variance;
  for (Index i = 0; i < noise.size(); ++i)
    noise[i] += kernel.noise_variance(rows.task[static_cast<std::size_t>(i)]);
  return noise;
}

MatrixXd normal_matrix(Index rows, Index columns, RandomStream& random) {
  MatrixXd result(rows, columns);
  for (double& entry : result.reshaped()) entry = random.normal();
  return result;
}

// B with B Bᵀ = a, for a positive semi-definite.
MatrixXd square_root(const MatrixXd& a) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(a);
  return eigen.eigenvectors() * eigen.eigenvalues().cwiseMax(0.0).cwiseSqrt().asDiagonal();
}

// (T, T): covariances of the tasks at given correlations, without the constant means.
MatrixXd task_covariance(const Kernel& kernel, double of_first, double of_others) {
  MatrixXd result(kernel.tasks(), kernel.tasks());
  for (int s = 0; s < kernel.tasks(); ++s)
    for (int t = 0; t < kernel.tasks(); ++t)
      result(s, t) = kernel.covariance(s, t, of_first, of_others) - kernel.covariance(s, t, 0, 0);
  return result;
}

MatrixXd mean_covariance(const Kernel& kernel) {
  MatrixXd result(kernel.tasks(), kernel.tasks());
  for (int s = 0; s < kernel.tasks(); ++s)
    for (int t = 0; t < kernel.tasks(); ++t) result(s, t) = kernel.covariance(s, t, 0, 0);
  return result;
}

// (F, m) of the spectral density of Matérn 5/2.
MatrixXf matern_frequencies(Index features, Index count, RandomStream& random) {
  const MatrixXd normal = normal_matrix(features, count, random);
  const MatrixXd chi = normal_matrix(5, count, random);
  const Eigen::RowVectorXd scale = (chi.colwise().squaredNorm() / 5).cwiseSqrt().cwiseInverse();
  return (normal * scale.asDiagonal()).cast<float>();
}

// (c, 2 m): rows whose products are near the correlations of Matérn 5/2.
MatrixXf fourier(const MatrixXf& z, const MatrixXf& frequencies) {
  const Index m = frequencies.cols();
  const MatrixXf phase = z * frequencies;
  MatrixXf result(z.rows(), 2 * m);
  result.leftCols(m) = phase.array().cos();
  result.rightCols(m) = phase.array().sin();
  return result / std::sqrt(static_cast<float>(m));
}

Observations take(const Observations& all, const std::vector<std::size_t>& rows) {
  const std::vector<Index> at(rows.begin(), rows.end());
  Observations result{all.x(at, Eigen::all), {}, all.y(at), all.variance(at)};
  for (std::size_t row : rows) result.task.push_back(all.task[row]);
  return result;
}

// At most `most` of them, evenly.
std::vector<std::size_t> thin(const std::vector<std::size_t>& rows, std::size_t most) {
  if (rows.size() <= most) return rows;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < most; ++i) kept.push_back(rows[i * rows.size() / most]);
  return kept;
}

// At most `most` rows: those of the last task as far as half of it goes, the rest evenly; sorted
// by task.
std::vector<std::size_t> representative(const std::vector<int>& task, int last, std::size_t most) {
  std::vector<std::size_t> of_last, others;
  for (std::size_t i = 0; i < task.size(); ++i) (task[i] == last ? of_last : others).push_back(i);
  of_last = thin(of_last, std::max(most / 2, most - std::min(most, others.size())));
  std::vector<std::size_t> rows = thin(others, most - of_last.size());
  rows.insert(rows.end(), of_last.begin(), of_last.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::size_t a, std::size_t b) { return task[a] < task[b]; });
  return rows;
}

}  // namespace

MatrixXd observed_covariance(const Kernel& kernel, const Observations& rows) {
  const MatrixXd z = kernel.scaled(rows.x);
  MatrixXd of_first, of_others, k(z.rows(), z.rows());
  kernel.correlations(z, z, of_first, of_others);
  for (Index j = 0; j < z.rows(); ++j) {
    const int task = rows.task[static_cast<std::size_t>(j)];
    k.col(j) = kernel.covariance(rows.task, task, of_first.col(j), of_others.col(j));
  }
  k.diagonal() += observed_noise(kernel, rows);
  return k;
}

Surrogate::Surrogate(Problem problem, const History& history, std::uint64_t seed,
                     SurrogateOptions options)
    : problem_(std::move(problem)),
      seed_(seed),
      options_(options),
      ledger_(problem_),
      belief_(ledger_, seed,
              BeliefOptions{.ensemble = {.short_lengths = 0, .least_discrepancy = {}}}) {
  ledger_.update({history.observations, {}});
  belief_.update(0);
  if (!belief_.exists()) {
    lacking_ = history.observations.empty() ? "nothing has been observed yet"
               : belief_.successes().empty()
                   ? "every trial failed: there is no value to learn from"
                   : "there is one value only; two are the least to learn from";
    return;
  }
  choose_rows(options_.most_rows);
  choose_best();
  const RandomStream random = RandomStream(seed).derive("surrogate");
  draw_thetas(random.derive("hyperparameters"));
  const auto with_functions = static_cast<std::size_t>(options_.hyperparameter_draws);
  for (std::size_t h = 0; h < std::min(with_functions, thetas_.size()); ++h)
    paths_.push_back(draw_paths(thetas_[h], random.derive("functions").derive(h)));
}

void Surrogate::choose_rows(std::size_t most) {
  const Observations all = belief_.observations();
  const std::vector<std::size_t> rows = representative(all.task, shape().tasks - 1, most);
  rows_ = take(all, rows);
  for (std::size_t row : rows) records_.push_back(belief_.successes()[row]);
  std::vector<double> values;
  for (std::size_t record : belief_.successes()) values.push_back(*ledger_.records()[record].value);
  warp_ = Warp(values);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  worst_ = *low;
  is_constant_ = *low == *high;
}

void Surrogate::choose_best() {
  std::vector<Point> points;
  for (std::size_t record : belief_.successes()) points.push_back(ledger_.records()[record].point);
  const MatrixXd x = belief_.features(points);
  const VectorXd mean = belief_.mean(x), success = belief_.success(x);
  const auto merit = [&](std::size_t i) {
    const auto row = static_cast<Index>(i);
    return std::pair(success[row] > .5, mean[row]);
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < points.size(); ++i)
    if (merit(i) > merit(best)) best = i;
  best_ = points[best];
}

void Surrogate::draw_thetas(RandomStream random) {
  thetas_ = {mode()};
  if (mode().size() > kLaplaceLimit) return;
  const Observations data =
      take(rows_, representative(rows_.task, shape().tasks - 1, kLaplaceRows));
  thetas_ = laplace_draws(shape(), belief_.prior(), data, mode(), kLaplaceDraws, random);
}

Surrogate::Paths Surrogate::draw_paths(const VectorXd& theta, RandomStream random) const {
  const int tasks = shape().tasks;
  // All draws have the mode's hyperparameters when none could be drawn.
  const Index functions =
      options_.functions * (draws_hyperparameters() ? 1 : options_.hyperparameter_draws);
  Paths paths{.kernel = Kernel(shape(), theta), .z = {}, .update = {}, .constant = {}};
  paths.z = paths.kernel.scaled(rows_.x);

  const VectorXd noise = observed_noise(paths.kernel, rows_);
  MatrixXd prior = normal_matrix(rows_.size(), functions, random);
  prior = noise.cwiseSqrt().asDiagonal() * prior;
  const MatrixXd means =
      square_root(mean_covariance(paths.kernel)) * normal_matrix(tasks, functions, random);
  for (Index i = 0; i < rows_.size(); ++i)
    prior.row(i) += means.row(rows_.task[static_cast<std::size_t>(i)]);
  paths.constant = means.row(tasks - 1).transpose().cast<float>();

  for (int kind = 0; kind < (tasks > 1 ? 2 : 1); ++kind)
    draw_waves(paths, kind, theta, prior, random);
  const Eigen::LLT<MatrixXd> cholesky(observed_covariance(paths.kernel, rows_));
  if (cholesky.info() != Eigen::Success)
    throw NumericalError("the covariance of the observations is not positive definite");
  paths.update = cholesky.solve(rows_.y.replicate(1, functions) - prior);
  return paths;
}

// Draws u_0 (kind 0) or u_1, u_2, ... (kind 1), and adds each row's share of them to at_rows.
void Surrogate::draw_waves(Paths& paths, int kind, const VectorXd& theta, MatrixXd& at_rows,
                           RandomStream& random) const {
  const int tasks = shape().tasks;
  MatrixXf& frequencies = paths.frequencies[kind];
  frequencies = matern_frequencies(shape().features(), options_.frequencies, random);
  if (kind == 1) frequencies *= static_cast<float>(std::exp(-theta[Layout(shape()).log_kappa()]));
  const MatrixXf waves = fourier(paths.z.cast<float>(), frequencies);
  const MatrixXd coupling = square_root(task_covariance(paths.kernel, 1 - kind, kind));
  std::vector<MatrixXd> independent;
  for (int p = 0; p < tasks; ++p)
    independent.push_back(normal_matrix(waves.cols(), at_rows.cols(), random));
  for (int t = 0; t < tasks; ++t) {
    MatrixXd weights = MatrixXd::Zero(waves.cols(), at_rows.cols());
    for (int p = 0; p < tasks; ++p)
      weights += coupling(t, p) * independent[static_cast<std::size_t>(p)];
    const auto begin = std::lower_bound(rows_.task.begin(), rows_.task.end(), t);
    const auto end = std::upper_bound(rows_.task.begin(), rows_.task.end(), t);
    const Index first = begin - rows_.task.begin(), count = end - begin;
    at_rows.middleRows(first, count) += waves.middleRows(first, count).cast<double>() * weights;
    if (t == tasks - 1) paths.weights[kind] = weights.cast<float>();
  }
}

MatrixXd Surrogate::evaluate(const std::vector<Point>& points) const {
  FRUGAL_CHECK(!paths_.empty());
  const auto count = static_cast<Index>(points.size());
  const Index functions = paths_[0].update.cols();
  const MatrixXd x = belief_.features(points);
  MatrixXd result(count, functions * static_cast<Index>(paths_.size()));
  MatrixXd of_first, of_others;
  for (Index begin = 0; begin < count; begin += kChunk) {
    const Index rows = std::min(kChunk, count - begin);
    for (std::size_t h = 0; h < paths_.size(); ++h) {
      const Paths& paths = paths_[h];
      const MatrixXd z = paths.kernel.scaled(x.middleRows(begin, rows));
      paths.kernel.correlations(paths.z, z, of_first, of_others);
      const MatrixXd k =
          paths.kernel.covariance(rows_.task, shape().tasks - 1, of_first, of_others);
      MatrixXf prior = paths.constant.transpose().replicate(rows, 1);
      const MatrixXf scaled = z.cast<float>();
      for (int kind = 0; kind < (shape().tasks > 1 ? 2 : 1); ++kind)
        prior += fourier(scaled, paths.frequencies[kind]) * paths.weights[kind];
      result.block(begin, static_cast<Index>(h) * functions, rows, functions) =
          prior.cast<double>() + k.transpose() * paths.update;
    }
  }
  return result;
}

double Surrogate::to_metric(double warped) const {
  const double value = std::max(warp_.inverse(warped), worst_);
  return problem_.maximize ? value : -value;
}

}  // namespace frugal::optimizer
