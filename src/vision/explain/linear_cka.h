// How alike two representations of the same things are: linear centred kernel alignment
//   CKA(X, Y) = HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)),  K = XXᵀ, L = YYᵀ
// (Kornblith et al. 2019), which neither rotations nor scales change. 1: the same up to those. HSIC
// by its unbiased estimator (Song et al. 2012, eq. 5; Nguyen, Raghu & Kornblith 2021): the plain
// one comes out high for anything when features are many and things few. Unrelated representations
// have 0 on average, some of them a little less.
#pragma once

#include <Eigen/Core>
#include <span>

namespace frugal::explain {

// (n, d) rows of features to their (n, n) products, around the mean of the rows.
Eigen::MatrixXd centred_products(std::span<const float> features, Eigen::Index n);

// k, l: (n, n), n ≥ 4. NaN when one of them never changes.
double linear_cka(const Eigen::MatrixXd& k, const Eigen::MatrixXd& l);

struct Alignment {
  double cka = 0;
  double low = 0, high = 0;  // 95 %, over the things: jackknife over ten groups of them
};
// n ≥ 40.
Alignment alignment(const Eigen::MatrixXd& k, const Eigen::MatrixXd& l);

}  // namespace frugal::explain
