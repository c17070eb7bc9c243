#include "optimizer/problems.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "optimizer/encode.h"
#include "optimizer/problem_parts.h"

namespace frugal::bench {
namespace {

using optimizer::Assignments;
using optimizer::Parameter;

double branin(const Vector& x, std::size_t task) {
  const double a = 15 * x[0] - 5, b = 15 * x[1], bias = kBias[task];
  const double slope = 5.1 / (4 * square(std::numbers::pi)) - .01 * bias;
  const double linear = 5 / std::numbers::pi - .1 * bias;
  const double flat = 1 / (8 * std::numbers::pi) + .05 * bias;
  return -(square(b - slope * a * a + linear * a - 6) + 10 * (1 - flat) * std::cos(a) + 10);
}

double currin_full(double x, double y) {
  const double first = y > 0 ? 1 - std::exp(-1 / (2 * y)) : 1;
  return first * (2300 * x * x * x + 1900 * x * x + 2092 * x + 60) /
         (100 * x * x * x + 500 * x * x + 4 * x + 20);
}
double currin(const Vector& x, std::size_t task) {
  const double full = currin_full(x[0], x[1]);
  if (task == 2) return full;
  const double low = std::max(0.0, x[1] - .05), high = x[1] + .05;
  const double averaged = .25 * (currin_full(x[0] + .05, high) + currin_full(x[0] + .05, low) +
                                 currin_full(x[0] - .05, high) + currin_full(x[0] - .05, low));
  return full + kBias[task] * (averaged - full);
}

double hartmann(const Vector& x, std::size_t task, const std::vector<Vector>& a,
                const std::vector<Vector>& p) {
  double alpha[] = {1, 1.2, 3, 3.2};
  const double shift[] = {.1, .1, -.1, -.3};
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    double exponent = 0;
    for (std::size_t j = 0; j < x.size(); ++j) exponent += a[i][j] * square(x[j] - p[i][j]);
    sum += (alpha[i] + 2 * kBias[task] * shift[i]) * std::exp(-exponent);
  }
  return sum;
}
double hartmann3(const Vector& x, std::size_t task) {
  return hartmann(
      x, task, {{3, 10, 30}, {.1, 10, 35}, {3, 10, 30}, {.1, 10, 35}},
      {{.3689, .1170, .2673}, {.4699, .4387, .7470}, {.1091, .8732, .5547}, {.0381, .5743, .8828}});
}
double hartmann6(const Vector& x, std::size_t task) {
  return hartmann(x, task,
                  {{10, 3, 17, 3.5, 1.7, 8},
                   {.05, 10, 17, .1, 8, 14},
                   {3, 3.5, 1.7, 10, 17, 8},
                   {17, 8, .05, 10, .1, 14}},
                  {{.1312, .1696, .5569, .0124, .8283, .5886},
                   {.2329, .4135, .8307, .3736, .1004, .9991},
                   {.2348, .1451, .3522, .2883, .3047, .6650},
                   {.4047, .8828, .8732, .5743, .1091, .0381}});
}

double borehole(const Vector& u, std::size_t task) {
  const auto at = [&](std::size_t j, double low, double high) { return low + u[j] * (high - low); };
  const double rw = at(0, .05, .15), r = at(1, 100, 50000), tu = at(2, 63070, 115600),
               hu = at(3, 990, 1110);
  const double tl = at(4, 63.1, 116), hl = at(5, 700, 820), l = at(6, 1120, 1680),
               kw = at(7, 9855, 12045);
  const double log_ratio = std::log(r / rw);
  const double low_factor = 5, low_constant = 1.5;  // Xiong, Qian & Wu 2013
  const double tail = 2 * l * tu / (log_ratio * rw * rw * kw) + tu / tl;
  const double high = 2 * std::numbers::pi * tu * (hu - hl) / (log_ratio * (1 + tail));
  const double low = low_factor * tu * (hu - hl) / (log_ratio * (low_constant + tail));
  return high + kBias[task] * (low - high);
}

double park(const Vector& x, std::size_t task) {
  const double x0 = std::max(x[0], 1e-3);
  const double high = x0 / 2 * (std::sqrt(1 + (x[1] + square(x[2])) * x[3] / square(x0)) - 1) +
                      (x0 + 3 * x[3]) * std::exp(1 + std::sin(x[2]));
  const double low = (1 + std::sin(x0) / 10) * high - 2 * x0 + square(x[1]) + square(x[2]) + .5;
  return high + kBias[task] * (low - high);
}

// A curved valley whose floor turns with the fidelity.
double valley(const Vector& x, std::size_t task) {
  double sum = 0;
  for (std::size_t j = 0; j + 1 < x.size(); ++j)
    sum += 8 * square(x[j + 1] - .2 - .6 * square(x[j] + .1 * kBias[task])) + square(.75 - x[j]);
  return -std::log(.01 + sum);
}

// Many basins on a slope; the cheap task has them elsewhere.
double basins(const Vector& x, std::size_t task) {
  double sum = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const double z = x[j] - .37 - .07 * double(j);
    sum += 2.5 * square(z) + .18 * (1 - std::cos(5 * std::numbers::pi * (z + .03 * kBias[task])));
  }
  return -sum;
}

// Two hills far apart: the broad one wins on the cheap task, the narrow one on the full task.
double two_hills(const Vector& x, std::size_t task) {
  double broad = 0, narrow = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    broad += square(x[j] - .25);
    narrow += square(x[j] - .75);
  }
  return (.8 + .15 * kBias[task]) * std::exp(-broad / .25) +
         (1 - .25 * kBias[task]) * std::exp(-narrow / .045);
}

// A surrogate of fine-tuning by SGD. Accuracy saturates with the effective step (learning rate,
// momentum, batch), fewer epochs want a larger one; too large a step diverges.
struct FineTune {
  double log_rate, momentum, log_decay, batch, factor, patience;
  bool nesterov;
};
std::optional<double> fine_tuning(const FineTune& t, std::size_t task, double diverges_at) {
  const double epochs[] = {4, 20, 40};
  const double e = epochs[task];
  const double log_step =
      t.log_rate - std::log(std::max(.02, 1 - t.momentum)) - .6 * (t.batch - 6) * std::numbers::ln2;
  const double edge = diverges_at + (t.nesterov ? .4 : 0) + .05 * t.patience;
  if (log_step > edge + 1.2) return std::nullopt;
  const double wanted = -4.6 + .45 * std::log(40 / e);
  const double off = (log_step - wanted) / (log_step > wanted ? 1.3 : 2.4);
  const double diverging = 1 / (1 + std::exp(-4 * (log_step - edge)));
  const double decay = .05 * std::exp(-square(t.log_decay + 6.5 + .5 * (log_step + 4.6)) / 8);
  const double schedule = .06 * std::exp(-square((t.factor - .25) / .3)) *
                          std::exp(-square((t.patience - .12 * e) / (2 + .2 * e)));
  const double fit = .62 * std::exp(-.5 * off * off) * (1 - .5 * std::exp(-e / 9));
  return .005 + (fit + decay + schedule + (t.nesterov ? .008 : 0)) * (1 - diverging);
}
FineTune fine_tune_of(const Assignments& a) {
  return {std::log(get(a, "learning_rate")), get(a, "momentum"), std::log(get(a, "weight_decay")),
          get(a, "batch_exponent"),          get(a, "factor"),   get(a, "patience"),
          text(a, "nesterov") == "true"};
}
std::vector<Parameter> sgd_parameters() {
  return {number("learning_rate", std::exp(-9.21), 1, true),
          number("momentum", .001, .9),
          choice("nesterov", {"false", "true"}),
          number("weight_decay", std::exp(-11.33), 1, true),
          whole("batch_exponent", 4, 8),
          number("factor", 0, .99),
          whole("patience", 0, 20)};
}
TestProblem fine_tune7() {
  return {"fine-tune-7",
          over(sgd_parameters()),
          [](const Assignments& a, std::size_t task) {
            return fine_tuning(fine_tune_of(a), task, -2.2);
          },
          .008,
          0,
          0};
}
TestProblem fine_tune11() {
  std::vector<Parameter> parameters = sgd_parameters();
  parameters.push_back(number("crop", .2, 1));
  parameters.push_back(whole("magnitude", 0, 10));
  parameters.push_back(choice("freeze", {"none", "stem", "half", "all"}));
  parameters.push_back(number("smoothing", 0, .4));
  const auto value = [](const Assignments& a, std::size_t task) -> std::optional<double> {
    const auto accuracy =
        fine_tuning(fine_tune_of(a), task, text(a, "freeze") == "none" ? -2.5 : -1.9);
    if (!accuracy) return std::nullopt;
    const double epochs[] = {4, 20, 40};
    const double long_run = std::log(epochs[task] / 4) / std::log(10.0);  // 0 .. 1
    const double gain = .06 * long_run * (1 - square((get(a, "magnitude") - 6) / 6)) -
                        .03 * (1 - long_run) * get(a, "magnitude") / 10 +
                        .05 * (1 - square((get(a, "crop") - (.75 - .25 * long_run)) / .5)) +
                        .02 * std::exp(-square((get(a, "smoothing") - .12) / .1));
    const std::string& freeze = text(a, "freeze");
    const double of_freeze = freeze == "none"   ? .05 * long_run
                             : freeze == "stem" ? .04
                             : freeze == "half" ? .01
                                                : -.15;
    return std::max(.005, *accuracy * (1 + 1.2 * (gain + of_freeze)));
  };
  return {"fine-tune-11", over(parameters), value, .008, 0, 0};
}

// Two methods with parameters of their own, by a conditional.
TestProblem conditional() {
  std::vector<Parameter> parameters = {number("sgd_rate", 1e-4, 1, true),
                                       number("momentum", 0, .99),
                                       number("adam_rate", 1e-6, 1e-1, true),
                                       number("beta", .8, .999),
                                       number("dropout", 0, .8),
                                       whole("layers", 1, 6)};
  parameters[0].conditions = parameters[1].conditions = {{"method", {"sgd"}}};
  parameters[2].conditions = parameters[3].conditions = {{"method", {"adam"}}};
  const auto value = [](const Assignments& a, std::size_t task) -> std::optional<double> {
    const double bias = kBias[task];
    double score;
    if (text(a, "method") == "sgd") {
      const double step =
          std::log10(get(a, "sgd_rate")) - .5 * std::log10(1.01 - get(a, "momentum"));
      score = .92 - .12 * bias - .1 * square(step + 1.2 - .2 * bias);
    } else {
      score = .86 - .08 * square(std::log10(get(a, "adam_rate")) + 3 - .3 * bias) -
              2 * square(get(a, "beta") - .9);
    }
    score -= .3 * square(get(a, "dropout") - .3 + .15 * bias) +
             .012 * square(get(a, "layers") - 4 + bias);
    return std::max(.1, score);
  };
  return {"conditional", over(parameters, {{"method", {"sgd", "adam"}}}), value, .006, 0, 0};
}

// A program to be made fast: categories and whole numbers, a few of which crash it.
TestProblem tuning_flags() {
  std::vector<Parameter> parameters = {choice("level", {"O0", "O1", "O2", "O3"}),
                                       choice("layout", {"row", "column", "tiled"}),
                                       whole("unroll", 1, 16),
                                       whole("tile_exponent", 2, 9),
                                       number("threshold", 1, 1000, true),
                                       whole("threads", 1, 12),
                                       choice("prefetch", {"off", "on"}),
                                       number("ratio", 0, 1)};
  const auto value = [](const Assignments& a, std::size_t task) -> std::optional<double> {
    const double tile = get(a, "tile_exponent"), unroll = get(a, "unroll"),
                 threads = get(a, "threads");
    if (unroll * std::exp2(tile) > 4000) return std::nullopt;  // out of registers
    const std::string& level = text(a, "level");
    double seconds = level == "O0" ? 3 : level == "O1" ? 1.6 : level == "O2" ? 1.1 : 1;
    const double best_tile = text(a, "layout") == "tiled" ? 6 : text(a, "layout") == "row" ? 4 : 3;
    seconds *= text(a, "layout") == "tiled" ? 1 : 1.3;
    seconds *= 1 + .06 * square(tile - best_tile - .5 * kBias[task]) + .004 * square(unroll - 7);
    seconds *= .12 + .88 / threads + .012 * threads + .03 * kBias[task] * threads;
    seconds *=
        1 + .05 * square(std::log10(get(a, "threshold")) - 1.7) + .3 * square(get(a, "ratio") - .6);
    if (text(a, "prefetch") == "on") seconds *= tile > 4 ? .9 : 1.1;
    return -std::log(seconds);
  };
  return {"tuning-flags", over(parameters), value, .02, 0, 0};
}

// Eleven numbers of which three matter.
double sparse11(const Vector& x, std::size_t task) {
  const double bias = kBias[task];
  double sum = square(x[2] - .7 + .1 * bias) * 3 + square(x[5] - .2) * 2 +
               square(x[9] - .5 - .1 * bias) + 1.5 * (x[2] - .7) * (x[5] - .2) +
               .02 * std::sin(9 * x[0]) + .02 * x[7];
  return std::exp(-3 * sum);
}

std::vector<TestProblem> named_problems() {
  return {on_cube("branin", 2, 0, branin),
          on_cube("currin", 2, 0, currin),
          on_cube("hartmann-3", 3, .01, hartmann3),
          on_cube("hartmann-6", 6, .01, hartmann6),
          on_cube("borehole", 8, 0, borehole),
          on_cube("park", 4, .02, park),
          fine_tune7(),
          fine_tune11(),
          conditional(),
          tuning_flags(),
          on_cube("valley", 5, .02, valley),
          on_cube("basins", 4, .01, basins),
          on_cube("two-hills", 3, .01, two_hills),
          on_cube("sparse-11", 11, .01, sparse11)};
}

void calibrate(TestProblem& p) {
  RandomStream random(20240601);
  const optimizer::Encoder encoder(p.problem.space);
  std::vector<std::pair<double, optimizer::Point>> found;
  Vector values;
  for (int i = 0; i < 20000; ++i) {
    const optimizer::Point point = encoder.sample(random);
    if (const auto value = p.value(encoder.decode(point), 2)) {
      found.emplace_back(*value, point);
      values.push_back(*value);
    }
  }
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  p.median = values[values.size() / 2];
  std::sort(found.begin(), found.end(), std::greater<>());
  for (std::size_t start = 0; start < 8; ++start) {
    auto& [best, point] = found[start];
    for (int i = 0; i < 3000; ++i) {
      const double scale = std::pow(10, -.5 - 3.5 * i / 3000.);
      const optimizer::Point moved = encoder.perturb(point, Vector(point.size(), scale),
                                                     random.uniform() < .5 ? 1 : .3, random);
      const auto value = p.value(encoder.decode(moved), 2);
      if (value && *value > best) best = *value, point = moved;
    }
    p.optimum = start == 0 ? best : std::max(p.optimum, best);
  }
}

std::vector<TestProblem> problems_of(const std::string& set) {
  if (set == "held-out") return held_out_problems();
  std::vector<TestProblem> problems;
  if (set == "drawn")
    for (std::uint64_t i = 101; i <= 112; ++i) problems.push_back(drawn_problem(i));
  return set == "drawn" ? problems : named_problems();
}

}  // namespace

std::vector<std::string> problem_sets() {
  return {"named", "drawn", "held-out"};
}

std::vector<std::string> problem_names(const std::string& set) {
  std::vector<std::string> names;
  for (const TestProblem& problem : problems_of(set)) names.push_back(problem.name);
  return names;
}

TestProblem make_problem(const std::string& name) {
  for (const std::string& set : problem_sets())
    for (TestProblem& problem : problems_of(set)) {
      if (problem.name != name) continue;
      calibrate(problem);
      return problem;
    }
  throw InputError("there is no problem \"" + name + "\"");
}

}  // namespace frugal::bench
