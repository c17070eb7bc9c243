#include "vision/explain/linear_cka.h"

#include <gtest/gtest.h>

#include <Eigen/QR>
#include <vector>

#include "base/random.h"

namespace frugal::explain {
namespace {

using Eigen::MatrixXd;

std::vector<float> noise(std::size_t count, std::uint64_t seed) {
  RandomStream random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

// The definition: an average over all choices of four different things.
double hsic_by_definition(const MatrixXd& k, const MatrixXd& l) {
  const auto n = k.rows();
  double sum = 0, count = 0;
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j)
      for (Eigen::Index q = 0; q < n; ++q)
        for (Eigen::Index r = 0; r < n; ++r) {
          if (i == j || i == q || i == r || j == q || j == r || q == r) continue;
          sum += k(i, j) * (l(i, j) + l(q, r) - 2 * l(i, q));
          ++count;
        }
  return sum / count;
}

TEST(LinearCka, IsTheAverageOverFoursOfThings) {
  const MatrixXd k = centred_products(noise(8 * 3, 1), 8), l = centred_products(noise(8 * 5, 2), 8);
  EXPECT_NEAR(
      linear_cka(k, l),
      hsic_by_definition(k, l) / std::sqrt(hsic_by_definition(k, k) * hsic_by_definition(l, l)),
      1e-9);
}

TEST(LinearCka, OfFeaturesWithThemselvesIsOneWhateverRotatesOrScalesThem) {
  const auto features = noise(60 * 16, 3);
  const MatrixXd k = centred_products(features, 60);
  EXPECT_NEAR(linear_cka(k, k), 1, 1e-12);

  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto turn = noise(16 * 16, 4);
  const Eigen::MatrixXf rotation =
      Eigen::HouseholderQR<Eigen::MatrixXf>(Eigen::Map<const Rows>(turn.data(), 16, 16))
          .householderQ();
  const Rows turned =
      (7 * Eigen::Map<const Rows>(features.data(), 60, 16) * rotation).array() + 2.0f;
  const MatrixXd l = centred_products({turned.data(), static_cast<std::size_t>(turned.size())}, 60);
  EXPECT_NEAR(linear_cka(k, l), 1, 1e-5);
  const Alignment found = alignment(k, l);
  EXPECT_NEAR(found.low, 1, 1e-4);
  EXPECT_NEAR(found.high, 1, 1e-4);
}

TEST(LinearCka, OfUnrelatedFeaturesIsLowEvenWhenTheyAreMany) {
  const MatrixXd k = centred_products(noise(100 * 512, 5), 100);
  const MatrixXd l = centred_products(noise(100 * 512, 6), 100);
  const Alignment found = alignment(k, l);
  EXPECT_LT(std::abs(found.cka), 0.1);
  EXPECT_LT(found.low, found.cka);
  EXPECT_LE(found.low, 0);
}

}  // namespace
}  // namespace frugal::explain
