#include "vision/explain/linear_cka.h"

#include <cmath>
#include <vector>

#include "base/error.h"

namespace frugal::explain {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index kGroups = 10;
constexpr double kT95 = 2.262;  // Student's, nine degrees of freedom

double hsic(const MatrixXd& k, const MatrixXd& l) {
  const auto n = static_cast<double>(k.rows());
  // Without the diagonals.
  const VectorXd k_rows = k.rowwise().sum() - k.diagonal();
  const VectorXd l_rows = l.rowwise().sum() - l.diagonal();
  const double trace = k.cwiseProduct(l).sum() - k.diagonal().dot(l.diagonal());
  return (trace + k_rows.sum() * l_rows.sum() / ((n - 1) * (n - 2)) -
          2 / (n - 2) * k_rows.dot(l_rows)) /
         (n * (n - 3));
}

// All things but every kGroups-th, from `group` on.
MatrixXd without(const MatrixXd& k, Index group) {
  std::vector<Index> kept;
  for (Index i = 0; i < k.rows(); ++i)
    if (i % kGroups != group) kept.push_back(i);
  return k(kept, kept);
}

}  // namespace

MatrixXd centred_products(std::span<const float> features, Index n) {
  FRUGAL_CHECK(n > 0 && features.size() % static_cast<std::size_t>(n) == 0);
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Rows> rows(features.data(), n, static_cast<Index>(features.size()) / n);
  const MatrixXd centred = (rows.rowwise() - rows.colwise().mean()).cast<double>();
  return centred * centred.transpose();
}

double linear_cka(const MatrixXd& k, const MatrixXd& l) {
  FRUGAL_CHECK(k.rows() >= 4 && k.rows() == l.rows());
  return hsic(k, l) / std::sqrt(hsic(k, k) * hsic(l, l));
}

Alignment alignment(const MatrixXd& k, const MatrixXd& l) {
  FRUGAL_CHECK(k.rows() >= 4 * kGroups);
  const double cka = linear_cka(k, l);
  VectorXd left_out(kGroups);
  for (Index group = 0; group < kGroups; ++group)
    left_out[group] = linear_cka(without(k, group), without(l, group));
  const double share = static_cast<double>(kGroups - 1) / static_cast<double>(kGroups);
  const double error = std::sqrt(share * (left_out.array() - left_out.mean()).square().sum());
  return {cka, cka - kT95 * error, std::min(1.0, cka + kT95 * error)};
}

}  // namespace frugal::explain
