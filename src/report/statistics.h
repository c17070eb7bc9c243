// What an accuracy on a finite test set is worth. All intervals are of 95 %.
//
// Two things vary from one experiment to the next: the photographs of the test set and the seeds
// of training. They are crossed (every seed's model judges the same photographs), so both are
// resampled, independently of each other: the pigeonhole bootstrap, Owen (2007), "The pigeonhole
// bootstrap", Annals of Applied Statistics 1(2). Percentile intervals: Efron & Tibshirani (1993),
// "An Introduction to the Bootstrap", ch. 13.
//
// A percentile interval is too narrow for few photographs, and of width zero where every answer is
// right. So each interval here is the hull of the bootstrap's and of a closed form that holds for
// few photographs (Wilson; Bonett & Price), which in turn knows nothing of seeds.
//
// Notation: a prediction of seed s on photograph j is correct or not, c[s][j]; S seeds, n
// photographs. Pure functions, thread-safe. A random stream is taken by value: equal streams give
// equal intervals.
#pragma once

#include <cstddef>
#include <vector>

#include "base/random.h"

namespace frugal::report {

struct Interval {
  double low = 0;
  double high = 0;
  bool contains(double value) const { return low <= value && value <= high; }
  bool operator==(const Interval&) const = default;
};

using Correctness = std::vector<std::vector<bool>>;  // [seed][photograph]

inline constexpr std::size_t kReplicates = 2000;  // of a bootstrap

// Mean over seeds and photographs. Needs one of each, as do all functions below.
double accuracy(const Correctness& correct);

// Wilson's score interval of a share observed on n photographs. Wilson (1927), JASA 22; Brown, Cai
// & DasGupta (2001), Statistical Science 16(2), eq. 4. n > 0 may be fractional (an effective size).
Interval wilson_interval(double share, double n);

// Of the mean of accuracies of several seeds on the same n photographs, when it is not known which
// photographs were right: Wilson's with the effective size at which p(1 − p)/n grows by the seeds'
// own variance s²/S.
Interval seeds_interval(const std::vector<double>& accuracies, std::size_t n);

// Bootstrap percentiles of accuracy(correct) over seeds and photographs. replicates × S × n steps.
Interval bootstrap_interval(const Correctness& correct, RandomStream random,
                            std::size_t replicates = kReplicates);

// The interval to report: the hull of bootstrap_interval and wilson_interval.
Interval accuracy_interval(const Correctness& correct, RandomStream random,
                           std::size_t replicates = kReplicates);

// Bootstrap percentiles of accuracy(first) − accuracy(second), both judged on the same
// photographs, which are resampled in pairs; the seeds, which may differ in number, for each.
Interval bootstrap_difference_interval(const Correctness& first, const Correctness& second,
                                       RandomStream random, std::size_t replicates = kReplicates);

// The adjusted Wald interval of a difference of paired shares. Bonett & Price (2012), Journal of
// Educational and Behavioral Statistics 37(4). only_first: number of pairs (of n) in which only
// the first is right; fractional when it is a mean over seeds.
Interval bonett_price_interval(double only_first, double only_second, double n);

// The interval to report: the hull of the two above.
Interval difference_interval(const Correctness& first, const Correctness& second,
                             RandomStream random, std::size_t replicates = kReplicates);

// Of first − second for independent estimates, from the interval of each: the square-and-add
// method of Newcombe (1998), Statistics in Medicine 17, method 10; Zou & Donner (2008), ibid. 27.
Interval independent_difference_interval(double first, Interval first_interval, double second,
                                         Interval second_interval);

// Bootstrap percentiles of 1 − error(first) / error(second), the share of the second's errors that
// the first does without; resampled as above. Replicates in which the second makes no error are
// left out. Needs a second that makes one.
Interval error_reduction_interval(const Correctness& first, const Correctness& second,
                                  RandomStream random, std::size_t replicates = kReplicates);

struct PairedTest {
  double exact_p = 1;
  double mid_p = 1;  // the one to report: Fagerland, Lydersen & Laake (2013), BMC MRM 13:91
};

// McNemar's test of equal accuracy, two-sided, from the numbers of photographs that only the
// first, and only the second, got right. McNemar (1947), Psychometrika 12(2).
PairedTest mcnemar(std::size_t only_first, std::size_t only_second);

// The same for several seeds: the exact permutation test that swaps the two arms' answers on each
// photograph with probability 1/2 (Fisher 1935, Pitman 1937). With one seed each it is McNemar's.
// The seeds are taken as they are: the test asks about other photographs, not about other seeds.
// (Number of photographs on which the arms differ)² × seeds steps at most.
PairedTest paired_test(const Correctness& first, const Correctness& second);

// Adjusted p-values of a family of tests: at most a share `a` of such families has a true null
// hypothesis among those with an adjusted p ≤ a. Holm (1979), Scandinavian Journal of Statistics
// 6(2). In the order of the input.
std::vector<double> holm(const std::vector<double>& p_values);

// Mean over classes of the F1 score of each, 2 TP / (2 TP + FP + FN); classes that are neither
// among labels nor predictions are left out. Opitz & Burst (2019), arXiv:1911.03347, "averaged
// F1"; scikit-learn's f1_score(average="macro").
double macro_f1(const std::vector<std::size_t>& labels,
                const std::vector<std::size_t>& predictions);

}  // namespace frugal::report
