// Normalized simple regret of every suggester on synthetic multi-fidelity problems, and seconds a
// suggestion. Rows go to the CSV as they come.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <numeric>

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
  std::string csv, summary;
  std::vector<std::size_t> speed;

  // Indices of the costs that the table shows: all, or 5, 10, 20 and 40 and the last of many.
  std::vector<std::size_t> shown() const {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < costs.size(); ++i)
      if (costs.size() <= 6 || i + 1 == costs.size() || costs[i] == 5 || costs[i] == 10 ||
          costs[i] == 20 || costs[i] == 40)
        indices.push_back(i);
    return indices;
  }
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

// Regret at one cost, of one suggester: for each seed the mean over the problems.
struct Spread {
  std::vector<double> of_seed;
  double mean() const {
    return std::accumulate(of_seed.begin(), of_seed.end(), 0.0) / double(of_seed.size());
  }
  // Of the mean; 0 from one seed.
  double standard_error() const {
    const auto n = double(of_seed.size());
    double squares = 0;
    for (const double regret : of_seed) squares += (regret - mean()) * (regret - mean());
    return n > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
  }
};

std::ofstream open_csv(const std::string& path, const char* head) {
  std::ofstream csv;
  if (path.empty()) return csv;
  csv.open(path, std::ios::app);
  if (!csv) throw SystemError("cannot write " + path);
  if (csv.tellp() == 0) csv << head << "\n";
  return csv;
}

void run_regret(const Options& options) {
  std::ofstream csv = open_csv(
      options.csv, "problem,suggester,workers,seed,cost,regret,trials,milliseconds_a_suggestion");
  std::ofstream summary =
      open_csv(options.summary, "suggester,workers,cost,regret,standard_error,seeds,problems");
  std::map<std::string, std::vector<Spread>> spreads;  // suggester -> for each cost
  std::map<std::string, std::size_t> runs, stuck;
  const std::vector<std::string> names = expand(options.problems);
  for (const std::string& name : names) {
    TestProblem problem = make_problem(name);
    problem.problem.budget = options.costs.back();
    for (const std::string& suggester_name : options.suggesters) {
      auto& spread = spreads[suggester_name];
      spread.resize(options.costs.size(), {std::vector<double>(options.seeds, 0.0)});
      std::vector<double> mean(options.costs.size(), 0.0);
      double seconds = 0, suggestions = 0;
      for (std::size_t s = 0; s < options.seeds; ++s) {
        const std::uint64_t seed = options.first_seed + s;
        const auto suggester = make_variant(suggester_name, problem.problem, seed);
        const Simulation run = simulate(problem, *suggester, options.costs, options.workers, seed);
        const double milliseconds = 1e3 * run.suggest_seconds / double(run.suggestions);
        for (std::size_t i = 0; i < options.costs.size(); ++i) {
          const double regret = run.checkpoints[i].regret;
          mean[i] += regret / double(options.seeds);
          spread[i].of_seed[s] += regret / double(names.size());
          csv << fmt::format("{},\"{}\",{},{},{},{:.5f},{},{:.2f}\n", name, suggester_name,
                             options.workers, seed, options.costs[i], regret, run.trials,
                             milliseconds);
        }
        csv.flush();
        stuck[suggester_name] += run.checkpoints.back().regret > .15;
        ++runs[suggester_name];
        seconds += run.suggest_seconds, suggestions += double(run.suggestions);
      }
      std::string row = fmt::format("{:14} {:20}", name, suggester_name);
      for (const std::size_t i : options.shown()) row += fmt::format("  {:.3f}       ", mean[i]);
      std::cout << row << fmt::format("  {:6.1f} ms a suggestion", 1e3 * seconds / suggestions)
                << std::endl;
    }
  }
  for (const std::string& suggester_name : options.suggesters) {
    const std::vector<Spread>& spread = spreads[suggester_name];
    std::string row = fmt::format("{:14} {:20}", "mean", suggester_name);
    for (const std::size_t i : options.shown())
      row += fmt::format("  {:.3f} ± {:.3f}", spread[i].mean(), spread[i].standard_error());
    std::cout << row << fmt::format("  stuck {} of {}", stuck[suggester_name], runs[suggester_name])
              << std::endl;
    for (std::size_t i = 0; i < spread.size(); ++i)
      summary << fmt::format("\"{}\",{},{},{:.4f},{:.4f},{},{}\n", suggester_name, options.workers,
                             options.costs[i], spread[i].mean(), spread[i].standard_error(),
                             options.seeds, names.size());
  }
}

// The processor's, so that a busy machine does not count.
double seconds() {
  return double(std::clock()) / CLOCKS_PER_SEC;
}

double peak_mebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_maxrss) / 1024;
}

// A history of random observations of fine-tune-11 and 20 open trials, and what it takes to go on.
class SpeedRun {
 public:
  explicit SpeedRun(std::size_t n)
      : problem_(make_problem("fine-tune-11")),
        suggester_(optimizer::make_suggester("multitask", problem_.problem, 1)) {
    observe(n);
    for (int i = 0; i < 20; ++i)
      history_.open.push_back({problem_.problem.space.sample(random_), random_.below(3)});
  }

  void observe(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const double draw = random_.uniform();
      const std::size_t task = draw < .6 ? 0 : draw < .8 ? 1 : 2;
      const auto assignments = problem_.problem.space.sample(random_);
      auto value = problem_.value(assignments, task);
      if (value) *value += .008 * random_.normal();
      history_.observations.push_back({assignments, task, value, {}, {}});
    }
  }

  // Seconds of a suggestion, and of a fit that is due (added to fit_seconds), which another thread
  // would make.
  double suggest(std::vector<double>& fit_seconds) {
    double start = seconds();
    auto fit = suggester_->prepare(history_);
    double took = seconds() - start;
    if (fit) {
      start = seconds();
      fit->run();
      fit_seconds.push_back(seconds() - start);
      suggester_->take(std::move(fit));
    }
    start = seconds();
    suggester_->suggest(history_, 1, random_);
    return took + seconds() - start;
  }

 private:
  RandomStream random_{1};
  TestProblem problem_;
  optimizer::History history_;
  std::unique_ptr<optimizer::Suggester> suggester_;
};

// Processor seconds: of the first suggestion of a process, of a fit made aside, of a suggestion
// after one more observation (median and longest of 20), and of the longest of some after n / 90
// more, one of which takes a fit over.
void run_speed(const Options& options) {
  std::cout << "observations  first s  suggestion s  longest s  takes over s  fit aside s  "
               "peak MiB\n";
  for (const std::size_t n : options.speed) {
    SpeedRun run(n);
    std::vector<double> fits, took;
    const double first = run.suggest(fits);
    for (int i = 0; i < 20; ++i) {
      run.observe(1);
      took.push_back(run.suggest(fits));
    }
    double over = 0;
    // A fit comes into use when the next one is due, n / 30 observations later.
    for (int i = 0; i < 8; ++i) {
      run.observe(n / 90 + 1);
      over = std::max(over, run.suggest(fits));
    }
    std::sort(took.begin(), took.end());
    const double fit = fits.empty() ? 0 : *std::max_element(fits.begin(), fits.end());
    std::cout << fmt::format("{:12}  {:7.3f}  {:12.4f}  {:9.4f}  {:12.4f}  {:11.3f}  {:8.0f}", n,
                             first, took[took.size() / 2], took.back(), over, fit, peak_mebibytes())
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
  app.add_option("--csv", options.csv, "a row for each run and cost, appended");
  app.add_option("--summary", options.summary, "a row for each suggester and cost, appended");
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
