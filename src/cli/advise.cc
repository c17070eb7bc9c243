#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/past_runs.h"
#include "cli/plan.h"
#include "cli/prices.h"
#include "cli/probe.h"
#include "cli/run_folder.h"
#include "cli/signals.h"
#include "cli/tune_answer.h"
#include "experiment/budget.h"
#include "report/advice.h"
#include "report/answer.h"
#include "report/numbers.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kColumns = 100;      // of a terminal
constexpr double kCalibrationSeconds = 1;  // of each measurement
constexpr double kLongestProbe = 60;       // seconds, however large the budget
// Shares of errors that were seen to go (docs/compare.md), where no past run tells.
constexpr report::Interval kTuningRemoves = {0, 0.25};
constexpr report::Interval kFineTuningRemoves = {0, 0.45};
constexpr report::Interval kShortFineTuningRemoves = {-0.2, 0.2};
constexpr double kSearchSeconds = 100;  // of a head: full runs, after which a search ends

std::filesystem::path advice_file(const std::filesystem::path& run) {
  return run / "advice.json";
}

std::string reasons(const report::Advice& advice) {
  std::string text;
  for (const auto& prospect : advice.prospects)
    text += fmt::format(
        "- {}, {}: {}\n", prospect.strategy, prospect.network,
        prospect.impossible.empty() ? prospect.why : "not possible: " + prospect.impossible);
  return text;
}

std::string rendered(const report::Advice& advice, const std::string& format) {
  std::string text = report::wrapped(report::sentence(advice), kColumns);
  for (auto table : report::tables(advice)) {
    if (table.rows.empty()) continue;
    if (format == "md") {
      text += fmt::format("\n## {}\n\n{}", table.caption, report::to_markdown(table));
      continue;
    }
    for (auto& column : table.columns)  // too long for a line of a terminal
      if (column.key == "why") column.title.clear();
    text += fmt::format("\n{}\n{}", table.caption, report::to_text(table, kColumns));
  }
  text += "\nWhy\n" + reasons(advice);
  if (!advice.unknown.empty()) text += "\nWhat it does not know\n";
  for (const std::string& unknown : advice.unknown) text += "- " + unknown + "\n";
  return text;
}

std::string rendered_csv(const std::vector<report::Table>& tables) {
  std::string text;
  for (const auto& table : tables)
    if (!table.rows.empty())
      text += fmt::format("{}# {}\r\n{}", text.empty() ? "" : "\r\n", table.name,
                          report::to_csv(table));
  return text;
}

class Advising {
 public:
  Advising(const AdviseOptions& options, Console& console)
      : options_(options),
        console_(console),
        price_(price_of(options.price)),
        seconds_(budget_seconds(options, price_)) {
    for (const std::string& weights : options.weights) train::network_of(weights);
  }

  int run() {
    const SystemClock clock;
    const double began = clock.now_seconds();
    advice_.data = options_.data.data;
    advice_.budget = options_.budget;
    advice_.machine = describe_machine();
    advice_.price_per_hour = price_.per_hour;
    past_ = read_past(options_.past, options_.data.data);
    advice_.past = past_.runs;
    const std::filesystem::path work = std::filesystem::path(options_.output) / "advice";
    const RunFolder folder(work.string());
    std::filesystem::create_directories(work);
    std::filesystem::remove(folder.split());  // of other advice, maybe of other photographs
    data_ = folder.prepare_data(options_.data, {.seed = options_.seed}, core_count(), console_);
    advice_.photographs = data_.dataset.photographs.size();
    advice_.classes = data_.dataset.classes.size();
    for (const std::string& weights : options_.weights) {
      add_features(weights, folder.cache());
      add_fine_tuning(weights);
    }
    std::filesystem::remove_all(folder.cache());
    require_possible();
    advice_.recommended = report::recommend(advice_.prospects);
    add_unknown();
    advice_.spent_seconds = clock.now_seconds() - began;
    write_file(advice_file(options_.output), to_json(advice_).dump(1) + "\n");
    tell();
    return 0;
  }

 private:
  static double budget_seconds(const AdviseOptions& options, const Price& price) {
    const auto seconds =
        experiment::seconds_allowed(experiment::parse_budget(options.budget), price.per_hour);
    if (!seconds)
      throw InputError(fmt::format(
          "--budget {}: advice needs a budget of time or dollars, such as 20m", options.budget));
    return *seconds;
  }

  MeasureSpeed measuring() {
    return [this](const train::Recipe& recipe) {
      throw_if_stopped();
      console_.progress(
          {fmt::format("measuring this machine at {} × {} pixels", recipe.height, recipe.width)});
      return train::measure_speed(recipe, 1, core_count(), kCalibrationSeconds);
    };
  }

  PlanRequest request_for(const std::string& weights, train::Strategy strategy) const {
    PlanRequest request;
    request.recipe = train::default_recipe(strategy);
    request.recipe.network = train::network_of(weights);
    request.training_photographs = data_.split.train.size();
    request.validation_photographs = data_.split.validation.size();
    request.all_photographs = data_.dataset.photographs.size();
    request.aspect = data_.median_aspect();
    request.short_side_pixels = data_.median_short_side_pixels();
    request.budget_seconds = seconds_;
    request.seeds = TuneOptions().seeds;
    request.refit = strategy == train::Strategy::kFineTune;
    return request;
  }

  static report::Prospect prospect(const std::string& strategy, const std::string& weights) {
    report::Prospect prospect;
    prospect.strategy = strategy;
    prospect.weights = weights;
    prospect.network = train::network_of(weights);
    return prospect;
  }

  void add_features(const std::string& weights, const std::filesystem::path& cache) {
    report::Prospect features = prospect("features", weights);
    try {
      const Plan plan =
          make_plan(request_for(weights, train::Strategy::kFeatures), measuring(), measuring());
      features.height = plan.recipe.height;
      features.width = plan.recipe.width;
      features.seconds_low = plan.preparation_seconds;
      features.seconds_high =
          std::min(seconds_, plan.preparation_seconds + kSearchSeconds * plan.full_run_seconds);
      probe(features, plan, cache);
    } catch (const InputError& error) {
      features.impossible = error.what();
    }
    advice_.prospects.push_back(std::move(features));
  }

  // Fills in what can be expected of a head.
  void probe(report::Prospect& features, const Plan& plan, const std::filesystem::path& cache) {
    ProbeRequest request;
    request.weights = features.weights;
    request.height = plan.recipe.height;
    request.images_per_second = plan.judged_per_second;
    request.seconds = std::min(kLongestProbe, options_.probe_share * seconds_) /
                      static_cast<double>(options_.weights.size());
    request.threads = core_count();
    request.cache = cache;
    const Probe seen = probe_features(data_, request, console_);
    std::vector<double> accuracies;
    for (std::size_t k = 0; k < seen.sizes.size(); ++k) {
      const auto random = RandomStream(0).derive("probe").derive(k);
      const double accuracy = report::accuracy({seen.correct[k]});
      const auto interval = report::accuracy_interval({seen.correct[k]}, random);
      features.probe.push_back({seen.sizes[k], accuracy, interval.low, interval.high});
      accuracies.push_back(accuracy);
    }
    const auto all = static_cast<double>(data_.split.train.size() + data_.split.validation.size());
    const report::Interval untuned = report::extrapolation_interval(
        seen.sizes, seen.correct, all, RandomStream(0).derive("advice"));
    const report::Interval tuned =
        report::improved(untuned, past_.gains.tuning.value_or(kTuningRemoves));
    features.low = tuned.low;
    features.high = tuned.high;
    features.why = fmt::format(
        "{} photographs at {} pixels give {} %, all {:.0f} about {} %; tuning removes {} % of the "
        "errors{}",
        seen.sizes.back(), seen.height, report::percent_text(accuracies.back()), all,
        report::percent_text(report::extrapolated(seen.sizes, accuracies, all)),
        report::percent_text(past_.gains.tuning.value_or(kTuningRemoves)),
        past_.gains.tuning ? " (past runs)" : "");
    if (seen.height < plan.recipe.height)
      advice_.unknown.push_back(fmt::format("what {} pixels bring over the {} of the probe ({})",
                                            plan.recipe.height, seen.height, features.network));
  }

  void add_fine_tuning(const std::string& weights) {
    const report::Prospect head = advice_.prospects.back();
    report::Prospect tuned = prospect("fine-tune", weights);
    try {
      const PlanRequest request = request_for(weights, train::Strategy::kFineTune);
      const Plan plan = make_plan(request, measuring(), measuring());
      const train::Recipe last =
          plan.search ? plan_last_run(request, kLastShare * seconds_, measuring()) : plan.recipe;
      tuned.height = last.height;
      tuned.width = last.width;
      tuned.epochs = last.epochs;
      tuned.seconds_low = tuned.seconds_high = seconds_;
      expect_fine_tuning(tuned, head);
    } catch (const InputError& error) {
      tuned.impossible = error.what();
    }
    advice_.prospects.push_back(std::move(tuned));
  }

  void expect_fine_tuning(report::Prospect& tuned, const report::Prospect& head) {
    if (head.probe.empty()) {
      tuned.low = 0;
      tuned.high = 1;
      tuned.why = "nothing was seen of it";
      return;
    }
    const bool is_short = tuned.epochs < kFewestEpochs;
    const report::Interval gain =
        past_.gains.fine_tuning.value_or(is_short ? kShortFineTuningRemoves : kFineTuningRemoves);
    const report::Interval range = report::improved({head.low, head.high}, gain);
    tuned.low = range.low;
    tuned.high = range.high;
    tuned.why = fmt::format(
        "its longest run has {:.3g} epochs{}; it removes {} % of the errors of "
        "frozen features{}",
        tuned.epochs, is_short ? ", which is short" : "", report::points_text(gain),
        past_.gains.fine_tuning ? " (past runs)" : " in what was measured");
  }

  void require_possible() const {
    std::string reasons;
    for (const auto& prospect : advice_.prospects) {
      if (prospect.impossible.empty()) return;
      reasons += fmt::format("; {}: {}", prospect.strategy, prospect.impossible);
    }
    throw InputError("no strategy fits into the budget" + reasons);
  }

  void add_unknown() {
    if (!past_.gains.tuning)
      advice_.unknown.emplace_back(
          "what tuning is worth on these photographs: no past run tells, so the range is that of "
          "the few data sets that were measured; --past FOLDER gives it more to go by");
    if (!past_.gains.fine_tuning)
      advice_.unknown.emplace_back(
          "what fine-tuning is worth on these photographs: it was not tried, only the frozen "
          "features were");
    advice_.unknown.emplace_back(
        "whether the machine will be as free as it was while it was measured");
  }

  void tell() {
    if (options_.format == "csv") {
      console_.result(rendered_csv(report::tables(advice_)), to_json(advice_));
      return;
    }
    const auto& chosen = advice_.prospects[advice_.recommended];
    const std::string next = fmt::format(
        "frugal tune --data {} --weights {} --strategy {} --budget {} --output {}",
        options_.data.data, chosen.weights, chosen.strategy, options_.budget, options_.output);
    Json json = to_json(advice_);
    json["sentence"] = report::sentence(advice_);
    json["command"] = next;
    console_.result(
        rendered(advice_, options_.format) + fmt::format("\n{}\nand then, how good this was: "
                                                         "frugal advise --check {}\n",
                                                         next, options_.output),
        json);
  }

  const AdviseOptions& options_;
  Console& console_;
  Price price_;
  double seconds_;
  Past past_;
  RunData data_;
  report::Advice advice_;
};

int check(const AdviseOptions& options, Console& console) {
  const RunFolder run(options.check);
  run.require_run();
  const std::string advice_path = advice_file(options.check), result_path = run.result();
  if (!std::filesystem::exists(advice_path))
    throw InputError(
        fmt::format("{} holds no advice.json: frugal advise --output {} leaves it "
                    "there, before the run",
                    options.check, options.check));
  if (!std::filesystem::exists(result_path))
    throw InputError(fmt::format("{} has no result.json yet", options.check));
  const auto advice =
      report::advice_from_json(parse_json(read_file(advice_path), advice_path), advice_path);
  const auto answer =
      report::answer_from_json(parse_json(read_file(result_path), result_path), result_path);
  const report::AdviceCheck checked = report::check_advice(advice, answer);
  Json rows = Json::array();
  for (const auto& row : checked.table.rows)
    rows.push_back({{"what", row[0].data},
                    {"expected", row[1].data},
                    {"was", row[2].data},
                    {"as_expected", row[3].data == "true"}});
  const std::string table = options.format == "md"    ? report::to_markdown(checked.table)
                            : options.format == "csv" ? report::to_csv(checked.table)
                                                      : report::to_text(checked.table);
  console.result(options.format == "csv" ? table : checked.sentence + "\n\n" + table,
                 {{"sentence", checked.sentence}, {"check", rows}});
  return 0;
}

}  // namespace

int run_advise(const AdviseOptions& options, Console& console) {
  if (!options.check.empty()) return check(options, console);
  if (options.data.data.empty() || options.weights.empty() || options.budget.empty())
    throw InputError("advice needs --data, --weights and --budget; or --check RUN");
  return Advising(options, console).run();
}

}  // namespace frugal::cli
