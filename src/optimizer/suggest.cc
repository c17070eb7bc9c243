#include "optimizer/suggest.h"

#include <fmt/format.h>

#include <functional>

#include "base/error.h"
#include "optimizer/baselines.h"
#include "optimizer/multitask.h"

namespace frugal::optimizer {
namespace {

struct Row {
  std::string name;
  std::function<std::unique_ptr<Suggester>(Problem, std::uint64_t)> make;
};

// The first is the default.
const std::vector<Row>& table() {
  static const std::vector<Row> rows = {
      {"multitask", [](Problem problem,
                       std::uint64_t seed) { return make_multitask(std::move(problem), seed); }},
      {"random", [](Problem problem, std::uint64_t) { return make_random(std::move(problem)); }},
      {"sobol", make_sobol},
      {"successive-halving",
       [](Problem problem, std::uint64_t) { return make_successive_halving(std::move(problem)); }},
      {"top-k", make_top_k},
      {"softmax",
       [](Problem problem, std::uint64_t seed) {
         MultitaskOptions options;
         options.task_choice = TaskChoice::kSoftmax;
         return make_multitask(std::move(problem), seed, options);
       }},
  };
  return rows;
}

}  // namespace

std::unique_ptr<Suggester> make_suggester(const std::string& name, Problem problem,
                                          std::uint64_t seed) {
  for (const Row& row : table())
    if (row.name == name) return row.make(std::move(problem), seed);
  throw InputError(fmt::format("there is no suggester \"{}\"; there are {}", name,
                               fmt::join(suggester_names(), ", ")));
}

std::vector<std::string> suggester_names() {
  std::vector<std::string> names;
  for (const Row& row : table()) names.push_back(row.name);
  return names;
}

}  // namespace frugal::optimizer
