// Problems that no choice in the suggester was made with.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "optimizer/problem_parts.h"

namespace frugal::bench {
namespace {

using optimizer::Assignments;
constexpr double kPi = std::numbers::pi;

double levy(const Vector& x, std::size_t task) {
  const auto w = [&](std::size_t j) { return 1 + (20 * (x[j] + .04 * kBias[task]) - 11) / 4; };
  double sum = square(std::sin(kPi * w(0)));
  for (std::size_t j = 0; j + 1 < x.size(); ++j)
    sum += square(w(j) - 1) * (1 + 10 * square(std::sin(kPi * w(j) + 1)));
  const double last = w(x.size() - 1);
  return -(sum + square(last - 1) * (1 + square(std::sin(2 * kPi * last)))) *
         (1 + .3 * kBias[task] * x[0]);
}

double ackley(const Vector& x, std::size_t task) {
  double squares = 0, cosines = 0;
  for (double xj : x) {
    const double z = 8 * (xj - .58 + .03 * kBias[task]);
    squares += square(z), cosines += std::cos(2 * kPi * z * (1 - .3 * kBias[task]));
  }
  const double d = double(x.size());
  return 20 * std::exp(-.2 * std::sqrt(squares / d)) + std::exp(cosines / d);
}

double rosenbrock(const Vector& x, std::size_t task) {
  double sum = 0;
  for (std::size_t j = 0; j + 1 < x.size(); ++j) {
    const double a = 4 * x[j] - 2, b = 4 * x[j + 1] - 2;
    sum += 100 * square(b - a * a - .15 * kBias[task]) + square(1 - a + .2 * kBias[task]);
  }
  return -sum;
}

double michalewicz(const Vector& x, std::size_t task) {
  double sum = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const double z = kPi * x[j];
    const double steepness = task == 0 ? 4 : task == 1 ? 8 : 10;  // the cheap ones are smoother
    sum += std::sin(z) * std::pow(std::abs(std::sin(double(j + 1) * z * z / kPi)), 2 * steepness);
  }
  return sum;
}

double styblinski(const Vector& x, std::size_t task) {
  double sum = 0;
  for (double xj : x) {
    const double z = 10 * xj - 5;
    sum += std::pow(z, 4) - 16 * z * z + (5 - 7 * kBias[task]) * z;
  }
  return -sum / 2;
}

double camel(const Vector& x, std::size_t task) {
  const double a = 4 * x[0] - 2 + .1 * kBias[task], b = 2 * x[1] - 1 - .1 * kBias[task];
  return -((4 - 2.1 * a * a + std::pow(a, 4) / 3) * a * a + a * b + (4 * b * b - 4) * b * b);
}

double forrester(const Vector& x, std::size_t task) {
  const double high = square(6 * x[0] - 2) * std::sin(12 * x[0] - 4);
  const double low = .5 * high + 10 * (x[0] - .5) - 5;  // Forrester, Sobester & Keane 2007
  return -(high + kBias[task] * (low - high));
}

// A transformer-like network trained for a tenth, a half or all of its steps: a learning curve
// with a capacity, a speed and a best rate that falls with its width and with the length.
TestProblem pretraining() {
  std::vector<optimizer::Parameter> parameters = {
      number("rate", 1e-5, 1e-1, true),
      whole("width_exponent", 5, 10),
      whole("layers", 1, 12),
      number("warmup", 0, .5),
      choice("schedule", {"constant", "linear", "cosine"}),
      number("dropout", 0, .6),
      number("decay", 1e-6, 1, true),
      choice("norm", {"before", "after"}),
      number("clip", .05, 10, true)};
  const auto value = [](const Assignments& a, std::size_t task) -> std::optional<double> {
    const double share[] = {.1, .5, 1};
    const double steps = share[task];
    const double width = get(a, "width_exponent"), layers = get(a, "layers");
    const double wanted = -2.3 - .22 * (width - 5) - .03 * layers - .35 * std::log10(steps * 10);
    const double off = std::log10(get(a, "rate")) - wanted;
    const bool is_fragile = text(a, "norm") == "after";
    const double edge =
        (is_fragile ? .55 : 1.1) + 1.2 * get(a, "warmup") - .2 * std::log10(get(a, "clip"));
    if (off > edge + .8) return std::nullopt;
    const double capacity = 1 - std::exp(-.25 * (width - 4)) * .5 - .25 * std::exp(-layers / 3);
    const double speed =
        std::exp(-square(off) * (off > 0 ? 1.1 : .7)) * (9 - .45 * (width - 5) - .15 * layers);
    double score = capacity * (1 - std::exp(-speed * steps));
    score -= .25 * steps * capacity * square(get(a, "dropout") - .12 - .02 * (width - 5));
    score += (text(a, "schedule") == "constant" ? 0
              : text(a, "schedule") == "linear" ? .02
                                                : .025) *
             steps;
    score -= .004 * square(std::log10(get(a, "decay")) + 2.2);
    score += is_fragile ? .03 * steps : 0;
    score -= .05 * square(get(a, "warmup") - .1);
    return score / (1 + std::exp(8 * (off - edge)));
  };
  return {"pretraining-9", over(parameters), value, .006, 0, 0};
}

// Boosted trees on a subset of the rows: a small subset wants shallow trees and more shrinkage.
TestProblem boosting() {
  std::vector<optimizer::Parameter> parameters = {number("shrinkage", 1e-3, 1, true),
                                                  whole("rounds", 10, 1000),
                                                  whole("depth", 1, 14),
                                                  number("rows", .1, 1),
                                                  number("columns", .1, 1),
                                                  number("l2", 1e-3, 100, true),
                                                  whole("leaf", 1, 100)};
  const auto value = [](const Assignments& a, std::size_t task) -> std::optional<double> {
    const double rows[] = {.1, .5, 1};
    const double n = rows[task];
    const double total = std::log(get(a, "shrinkage") * get(a, "rounds"));
    const double capacity = total + .35 * get(a, "depth") - .25 * std::log(get(a, "l2")) -
                            .3 * std::log(get(a, "leaf"));
    const double best = 4.2 + .9 * std::log(n);
    const double off = capacity - best;
    double error = .1 + .03 * square(off < 0 ? off : .6 * off) / (1 + .1 * square(off));
    error += .02 * std::log(1 + 8 * get(a, "shrinkage")) + .04 * (1 - n);
    error += .08 * square(get(a, "rows") - .7) + .06 * square(get(a, "columns") - .5);
    error += .0015 * square(get(a, "depth") - 6 - 1.5 * std::log(n));
    return -std::log(error);
  };
  return {"boosting-7", over(parameters), value, .01, 0, 0};
}

// Cheap tasks that lie: the cheapest is nearly unrelated to the full one.
double liar(const Vector& x, std::size_t task) {
  double honest = 0, other = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    honest -= square(x[j] - .3 - .1 * double(j));
    other -= square(x[j] - .85 + .15 * double(j));
  }
  return honest + kBias[task] * (other - .8 * honest);
}

}  // namespace

std::vector<TestProblem> held_out_problems() {
  std::vector<TestProblem> problems = {on_cube("levy-4", 4, .01, levy),
                                       on_cube("ackley-5", 5, .005, ackley),
                                       on_cube("rosenbrock-4", 4, 0, rosenbrock),
                                       on_cube("michalewicz-4", 4, .01, michalewicz),
                                       on_cube("styblinski-5", 5, .01, styblinski),
                                       on_cube("camel", 2, .01, camel),
                                       on_cube("forrester", 1, .01, forrester),
                                       pretraining(),
                                       boosting(),
                                       on_cube("liar-4", 4, .01, liar)};
  for (std::uint64_t i = 1; i <= 10; ++i) problems.push_back(drawn_problem(i));
  return problems;
}

}  // namespace frugal::bench
