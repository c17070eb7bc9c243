// Normalized simple regret of every suggester on synthetic multi-fidelity problems, and seconds a
// suggestion. Rows go to the CSV as they come.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>

#include "base/error.h"
#include "optimizer/multitask.h"
#include "optimizer/simulate.h"

namespace frugal::bench {
namespace {

using optimizer::MultitaskOptions;

// "multitask", or an ablation: "multitask:draws=0,short=0,share=.5".
std::unique_ptr<optimizer::Suggester> make_variant(const std::string& name,
                                                   optimizer::Problem problem, std::uint64_t seed) {
  const std::size_t colon = name.find(':');
  if (colon == std::string::npos) return optimizer::make_suggester(name, std::move(problem), seed);
  MultitaskOptions options;
  std::stringstream list(name.substr(colon + 1));
  for (std::string item; std::getline(list, item, ',');) {
    const std::size_t equals = item.find('=');
    const std::string key = item.substr(0, equals);
    const double value = equals == std::string::npos ? 1 : std::stod(item.substr(equals + 1));
    if (key == "draws")
      options.belief.ensemble.draws = int(value);
    else if (key == "short")
      options.belief.ensemble.short_lengths = value;
    else if (key == "discrepancy")  // negative: none
      options.belief.ensemble.least_discrepancy = value < 0 ? std::nullopt : std::optional(value);
    else if (key == "share")
      options.full_share = value;
    else
      throw InputError(fmt::format("there is no option {}", key));
  }
  return optimizer::make_multitask(std::move(problem), seed, options);
}

struct Options {
  std::vector<std::string> problems = {"named"};  // sets or names
  std::vector<std::string> suggesters = {"multitask", "random"};
  std::vector<double> costs = {5, 10, 20, 40};
  std::size_t seeds = 3, first_seed = 0, workers = 1;
  std::string csv;
  std::vector<std::size_t> speed;
};

std::vector<std::string> expand(const std::vector<std::string>& sets_or_names) {
  const std::vector<std::string> sets = problem_sets();
  std::vector<std::string> names;
  for (const std::string& entry : sets_or_names) {
    if (std::find(sets.begin(), sets.end(), entry) == sets.end()) {
      names.push_back(entry);
      continue;
    }
    for (const std::string& name : problem_names(entry)) names.push_back(name);
  }
  return names;
}

void run_regret(const Options& options) {
  std::ofstream csv;
  if (!options.csv.empty()) {
    csv.open(options.csv, std::ios::app);
    if (!csv) throw SystemError("cannot write " + options.csv);
    if (csv.tellp() == 0)
      csv << "problem,suggester,workers,seed,cost,regret,trials,milliseconds_a_suggestion\n";
  }
  std::map<std::string, std::vector<double>> sums;  // suggester -> for each cost
  std::map<std::string, std::size_t> runs, stuck;
  const std::vector<std::string> names = expand(options.problems);
  for (const std::string& name : names) {
    const TestProblem problem = make_problem(name);
    for (const std::string& suggester_name : options.suggesters) {
      std::vector<double> mean(options.costs.size(), 0.0);
      double seconds = 0, suggestions = 0;
      for (std::size_t s = 0; s < options.seeds; ++s) {
        const std::uint64_t seed = options.first_seed + s;
        const auto suggester = make_variant(suggester_name, problem.problem, seed);
        const Simulation run = simulate(problem, *suggester, options.costs, options.workers, seed);
        const double milliseconds = 1e3 * run.suggest_seconds / double(run.suggestions);
        for (std::size_t i = 0; i < options.costs.size(); ++i) {
          mean[i] += run.checkpoints[i].regret / double(options.seeds);
          csv << fmt::format("{},\"{}\",{},{},{},{:.5f},{},{:.2f}\n", name, suggester_name,
                             options.workers, seed, options.costs[i], run.checkpoints[i].regret,
                             run.trials, milliseconds);
        }
        csv.flush();
        stuck[suggester_name] += run.checkpoints.back().regret > .15;
        ++runs[suggester_name];
        seconds += run.suggest_seconds, suggestions += double(run.suggestions);
      }
      auto& sum = sums[suggester_name];
      sum.resize(mean.size());
      std::string row = fmt::format("{:14} {:26}", name, suggester_name);
      for (std::size_t i = 0; i < mean.size(); ++i)
        sum[i] += mean[i], row += fmt::format(" {:7.4f}", mean[i]);
      std::cout << row << fmt::format("  {:6.1f} ms a suggestion", 1e3 * seconds / suggestions)
                << std::endl;
    }
  }
  for (const std::string& suggester_name : options.suggesters) {
    std::string row = fmt::format("{:14} {:26}", "mean", suggester_name);
    for (double sum : sums[suggester_name])
      row += fmt::format(" {:7.4f}", sum / double(names.size()));
    std::cout << row << fmt::format("  stuck {} of {}", stuck[suggester_name], runs[suggester_name])
              << std::endl;
  }
}

// The processor's, so that a busy machine does not count.
double seconds() {
  return double(std::clock()) / CLOCKS_PER_SEC;
}

// Seconds with n random observations of fine-tune-11 and 20 open trials: of the first suggestion of
// a process, of a fit made aside, of a suggestion after one more observation (mean and longest).
void run_speed(const Options& options) {
  const TestProblem problem = make_problem("fine-tune-11");
  std::cout << "observations  first s  fit aside s  suggestion s  longest s\n";
  for (std::size_t n : options.speed) {
    RandomStream random(1);
    optimizer::History history;
    const auto observe = [&] {
      const double draw = random.uniform();
      const std::size_t task = draw < .6 ? 0 : draw < .8 ? 1 : 2;
      const auto assignments = problem.problem.space.sample(random);
      auto value = problem.value(assignments, task);
      if (value) *value += .008 * random.normal();
      history.observations.push_back({assignments, task, value, {}, {}});
    };
    for (std::size_t i = 0; i < n; ++i) observe();
    for (int i = 0; i < 20; ++i)
      history.open.push_back({problem.problem.space.sample(random), random.below(3)});
    const auto suggester = optimizer::make_suggester("multitask", problem.problem, 1);
    const auto suggest = [&] {
      const double start = seconds();
      suggester->suggest(history, 1, random);
      return seconds() - start;
    };
    const double first = suggest();
    double fits = 0, fit_seconds = 0, sum = 0, longest = 0;
    const std::size_t repeats = std::max<std::size_t>(8, n / 20);  // a warm fit comes after n / 30
    for (std::size_t i = 0; i < repeats; ++i) {
      observe();
      const double before = seconds();
      auto fit = suggester->prepare(history);
      const double prepare_seconds = seconds() - before;
      if (fit) {
        const double start = seconds();
        fit->run();
        fit_seconds += seconds() - start, ++fits;
        suggester->take(std::move(fit));
      }
      const double took = prepare_seconds + suggest();
      sum += took / double(repeats), longest = std::max(longest, took);
    }
    std::cout << fmt::format("{:12}  {:7.3f}  {:11.3f}  {:12.4f}  {:9.4f}", n, first,
                             fits > 0 ? fit_seconds / fits : 0, sum, longest)
              << std::endl;
  }
}

}  // namespace
}  // namespace frugal::bench

int main(int argc, char** argv) {
  frugal::bench::Options options;
  CLI::App app("Measures Frugal's suggesters on synthetic problems");
  app.add_option("--problems", options.problems, "named, drawn, held-out, or names")
      ->delimiter(' ');
  app.add_option("--suggesters", options.suggesters,
                 "names, or multitask:draws=0,short=0,share=.5");
  app.add_option("--costs", options.costs, "where regret is measured, in full-task costs");
  app.add_option("--seeds", options.seeds, "runs of each");
  app.add_option("--first-seed", options.first_seed);
  app.add_option("--workers", options.workers);
  app.add_option("--csv", options.csv, "rows are appended");
  app.add_option("--speed", options.speed,
                 "measure seconds at these numbers of observations instead");
  CLI11_PARSE(app, argc, argv);
  try {
    options.speed.empty() ? run_regret(options) : run_speed(options);
  } catch (const frugal::Error& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
  return 0;
}
