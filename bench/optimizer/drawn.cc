// Random problems: numbers, whole numbers and categories; a few hills of random place, height and
// width, some of them ridges, on a random slope; cheap tasks see the hills displaced and of other
// heights; some fail in a corner; some have a floor (chance level) below which nothing differs.
#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "optimizer/problem_parts.h"

namespace frugal::bench {
namespace {

using optimizer::Assignments;

struct Hill {
  Vector center, width, drift;         // by axis; drift: of the center on the cheapest task
  double height = 0, height_bias = 0;  // bias: on the cheapest task
};

struct Landscape {
  std::vector<Hill> hills;
  Vector slope;
  std::vector<Vector> of_category;  // for each axis, what each category adds; numbers: empty
  double category_bias = 0, floor = -1e9;
  Vector failing;  // direction of the failing corner; empty: none
  double fails_above = 0;
};

double value_at(const Landscape& land, const Vector& u, std::size_t task) {
  const double bias = kBias[task];
  double sum = 0;
  for (const Hill& hill : land.hills) {
    double squares = 0;
    for (std::size_t j = 0; j < u.size(); ++j)
      squares += square((u[j] - hill.center[j] - bias * hill.drift[j]) / hill.width[j]);
    sum += hill.height * (1 + bias * hill.height_bias) / (1 + squares);
  }
  for (std::size_t j = 0; j < u.size(); ++j) {
    sum += land.slope[j] * u[j];
    if (!land.of_category[j].empty())
      sum += land.of_category[j][std::size_t(u[j] * double(land.of_category[j].size()))] *
             (1 + bias * land.category_bias);
  }
  return std::max(sum, land.floor);
}

Hill draw_hill(std::size_t d, RandomStream& random) {
  Hill hill;
  const double width = std::sqrt(double(d)) * random.uniform(.12, .4);
  for (std::size_t j = 0; j < d; ++j) {
    hill.center.push_back(random.uniform(-.05, 1.05));
    const bool matters = random.uniform() < .7;
    hill.width.push_back(matters ? width * std::exp(.5 * random.normal()) : 3.);
    hill.drift.push_back(.08 * random.normal());
  }
  hill.height = random.uniform(.3, 1);
  hill.height_bias = .25 * random.normal();
  return hill;
}

}  // namespace

TestProblem drawn_problem(std::uint64_t number) {
  RandomStream random = RandomStream(77).derive("drawn problem").derive(number);
  const std::size_t d = 2 + random.below(9);
  std::vector<optimizer::Parameter> parameters;
  Landscape land;
  for (std::size_t j = 0; j < d; ++j) {
    const std::string name = fmt::format("p{}", j);
    const double kind = random.uniform();
    Vector of_category;
    if (kind < .15) {
      std::vector<std::string> names;
      for (std::size_t c = 0; c < 2 + random.below(4); ++c) {
        names.push_back(fmt::format("c{}", c));
        of_category.push_back(.12 * random.normal());
      }
      if (names.size() < 2) names.push_back("last"), of_category.push_back(0);
      of_category.resize(names.size());
      parameters.push_back(choice(name, names));
    } else if (kind < .35) {
      parameters.push_back(whole(name, 1, 4 + double(random.below(20))));
    } else if (kind < .65) {
      parameters.push_back(bench::number(name, 1e-4, 1, true));
    } else {
      parameters.push_back(bench::number(name, -2, 3));
    }
    land.of_category.push_back(of_category);
    land.slope.push_back(.08 * random.normal());
  }
  for (std::size_t h = 0; h < 1 + random.below(5); ++h) land.hills.push_back(draw_hill(d, random));
  land.category_bias = .3 * random.normal();
  if (random.uniform() < .4) {
    for (std::size_t j = 0; j < d; ++j) land.failing.push_back(random.normal());
    Vector reach;
    for (int i = 0; i < 500; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < d; ++j) sum += land.failing[j] * random.uniform();
      reach.push_back(sum);
    }
    std::sort(reach.begin(), reach.end());
    land.fails_above = reach[420];
  }
  const double noise = random.uniform() < .3 ? 0 : random.uniform(.005, .05);
  const bool has_floor = random.uniform() < .4;

  const auto unit = [parameters](const Assignments& a) {
    Vector u;
    for (const auto& p : parameters) {
      if (p.type == optimizer::ParameterType::kCategorical) {
        const auto at = std::find(p.categories.begin(), p.categories.end(), text(a, p.name));
        u.push_back((double(at - p.categories.begin()) + .5) / double(p.categories.size()));
      } else {
        const double x = get(a, p.name);
        u.push_back(p.log ? std::log(x / p.min) / std::log(p.max / p.min)
                          : (x - p.min) / (p.max - p.min));
      }
    }
    return u;
  };
  if (has_floor) {
    Vector values;
    for (int i = 0; i < 500; ++i) {
      Vector u;
      for (std::size_t j = 0; j < d; ++j) u.push_back(random.uniform());
      values.push_back(value_at(land, u, 2));
    }
    std::sort(values.begin(), values.end());
    land.floor = values[200];
  }
  const auto value = [land, unit](const Assignments& a, std::size_t task) -> std::optional<double> {
    const Vector u = unit(a);
    double reach = 0;
    for (std::size_t j = 0; j < land.failing.size(); ++j) reach += land.failing[j] * u[j];
    if (!land.failing.empty() && reach > land.fails_above) return std::nullopt;
    return value_at(land, u, task);
  };
  return {fmt::format("drawn-{}", number), over(parameters), value, noise, 0, 0};
}

}  // namespace frugal::bench
