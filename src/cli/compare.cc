#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/prices.h"
#include "cli/run_folder.h"
#include "cli/signals.h"
#include "cli/study_arms.h"
#include "cli/study_result.h"
#include "cli/study_runs.h"
#include "cli/tune_answer.h"
#include "experiment/budget.h"
#include "report/numbers.h"
#include "report/study_html.h"
#include "report/study_summary.h"
#include "report/study_tables.h"

namespace frugal::cli {
namespace {

std::string output_of(const CompareOptions& options) {
  const std::string path =
      options.output.empty() ? "frugal-runs/" + std::filesystem::path(options.study).stem().string()
                             : options.output;
  return std::filesystem::absolute(path).lexically_normal().string();
}

std::string command_line_of(const CompareOptions& options, const DeclaredStudy& study) {
  std::string line = fmt::format("frugal compare {} --data {} --budget {} --seeds {}",
                                 options.study, study.data.data, study.budget, study.seeds.size());
  for (const std::string& weights : options.weights) line += " --weights " + weights;
  if (!study.price.machine.empty()) line += " --machine " + study.price.machine;
  if (study.price.spot) line += " --spot";
  if (study.price.per_hour > 0) line += fmt::format(" --price-per-hour {:g}", study.price.per_hour);
  return line + (options.output.empty() ? "" : " --output " + options.output);
}

// One study, from its declaration to who is ahead.
class Comparison {
 public:
  Comparison(const CompareOptions& options, Console& console)
      : options_(options),
        console_(console),
        folder_(output_of(options)),
        study_(read_study_file(options)),
        arms_(resolve(study_)),
        price_(price_of(study_.price)) {}

  int run() {
    if (options_.dry_run) return dry_run();
    open_folder();
    const StudyLock lock(folder_);
    prepare_data();
    for (const ResolvedArm& arm : arms_)
      if (!arm.note.empty()) console_.message(fmt::format("“{}”: {}", arm.declared.name, arm.note));
    known_end_ = end_before();
    write_report(0);
    // Seeds outside, arms inside: after any stop all arms have got equally far.
    for (const std::uint64_t seed : study_.seeds)
      for (const ResolvedArm& arm : arms_)
        if (!arm.left_out) work_on(arm, seed);
    return finish();
  }

 private:
  std::size_t run_count() const {
    return study_.seeds.size() *
           static_cast<std::size_t>(std::count_if(
               arms_.begin(), arms_.end(), [](const ResolvedArm& arm) { return !arm.left_out; }));
  }

  int dry_run() {
    std::string text =
        fmt::format("{}, a budget of {} each\n", report::plural(run_count(), "run"), study_.budget);
    if (const auto seconds =
            experiment::seconds_allowed(experiment::parse_budget(study_.budget), price_.per_hour))
      text += fmt::format(
          "at most {}{} in all\n",
          report::duration_text(*seconds * static_cast<double>(run_count())),
          price_.per_hour > 0
              ? fmt::format(", {} dollars",
                            report::dollars_text(*seconds * static_cast<double>(run_count()) /
                                                 3600 * price_.per_hour))
              : "");
    Json json = {{"runs", run_count()}, {"budget", study_.budget}, {"arms", Json::array()}};
    for (const ResolvedArm& arm : arms_) {
      text += fmt::format("“{}”: {}, {}\n", arm.declared.name, arm.network,
                          arm.left_out ? arm.note : "it " + spends(arm.declared));
      if (!arm.note.empty() && !arm.left_out) text += fmt::format("  {}\n", arm.note);
      json["arms"].push_back({{"name", arm.declared.name},
                              {"network", arm.network},
                              {"left_out", arm.left_out},
                              {"note", arm.note}});
    }
    console_.result(text, json);
    return 0;
  }

  // Throws InputError when the folder is another study's.
  void open_folder() {
    const Json now = identity(study_, arms_);
    std::error_code error;
    std::filesystem::create_directories(folder_.path(), error);
    if (error)
      throw SystemError(fmt::format("cannot make the folder {}", folder_.path().string()),
                        error.value());
    if (folder_.is_study()) {
      const Json before =
          parse_json(read_file(folder_.study()), folder_.study().string()).at("study");
      if (const std::string changed = study_difference(before, now); !changed.empty())
        throw InputError(fmt::format(
            "{} belongs to another study: {}; give another --output, or the study as it was (arms "
            "and seeds may be added)",
            folder_.path().string(), changed));
    } else if (std::filesystem::exists(RunFolder(folder_.path().string()).options())) {
      throw InputError(
          fmt::format("{} is the folder of a run, not of a study; give another "
                      "--output",
                      folder_.path().string()));
    }
    write_file(folder_.study(), Json{{"version", 1}, {"study", now}}.dump(1) + "\n");
  }

  void prepare_data() {
    const SystemClock clock;
    const double began = clock.now_seconds();
    const RunFolder data(folder_.data().string());
    std::filesystem::create_directories(data.path());
    const bool known = std::filesystem::exists(data.split());
    data.prepare_data(study_.data,
                      {study_.shares.validation, study_.shares.test, study_.split_seed},
                      core_count(), console_);
    if (!known)
      write_file(cost_file(data.path()),
                 Json{{"seconds", clock.now_seconds() - began}}.dump() + "\n");
  }

  report::Study collect(double ended_at) const {
    StudyState state;
    state.study = &study_;
    state.arms = &arms_;
    state.folder = &folder_;
    state.command_line = command_line_of(options_, study_);
    state.machine = describe_machine();
    state.price = price_;
    state.ended_at_seconds = ended_at;
    return collect_study(state);
  }

  // When the study was finished, if it has been.
  double end_before() const {
    if (!std::filesystem::exists(folder_.result())) return 0;
    const std::string where = folder_.result();
    return report::study_from_json(parse_json(read_file(where), where), where).ended_at_seconds;
  }

  void write_report(double ended_at) {
    const report::Study study = collect(ended_at);
    write_file(folder_.result(), report::result_json(study).dump(1) + "\n");
    write_file(folder_.report(), report::html_report(study, report::summarize(study)));
  }

  // The run's own folder, with the study's split in it: no arm draws its own.
  std::filesystem::path prepare_run(const ResolvedArm& arm, std::uint64_t seed) const {
    const std::filesystem::path path = folder_.run(arm.declared.name, seed);
    std::filesystem::create_directories(path);
    const RunFolder run(path.string()), data(folder_.data().string());
    write_file(run.dataset(), read_file(data.dataset()));
    write_file(run.check(), read_file(data.check()));
    write_file(run.split(), read_file(data.split()));
    std::filesystem::remove(failure_file(path));
    return path;
  }

  report::StudyRun state_of(const ResolvedArm& arm, std::uint64_t seed) const {
    const report::Study study = collect(0);
    for (const report::StudyArm& known : study.arms)
      for (const report::StudyRun& run : known.runs)
        if (known.name == arm.declared.name && run.seed == seed) return run;
    return {};
  }

  void work_on(const ResolvedArm& arm, std::uint64_t seed) {
    throw_if_stopped();
    if (state_of(arm, seed).state == "done") return;
    worked_ = true;
    const auto path = prepare_run(arm, seed);
    const std::string who = fmt::format("“{}”, seed {}", arm.declared.name, seed);
    console_.line(
        fmt::format("{} begins: frugal {}", who,
                    fmt::join(command_of(study_, arm, seed, path, options_.machine), " ")));
    const ChildEnd end =
        run_child(command_of(study_, arm, seed, path, options_.machine), path, [&](double seconds) {
          console_.status({fmt::format("{}  {} of {}  log {}", who, clock_text(seconds),
                                       study_.budget, log_file(path).string())});
        });
    console_.clear_status();
    if (end.exit_code != 0)
      write_file(failure_file(path), Json{{"reason", end.reason}}.dump() + "\n");
    std::filesystem::remove_all(RunFolder(path.string()).cache());
    tell(who, state_of(arm, seed));
    write_report(0);
  }

  void tell(const std::string& who, const report::StudyRun& run) {
    if (run.state != "done") {
      console_.message(fmt::format("{} failed: {}", who, run.reason));
    } else {
      console_.line(fmt::format("{} is done after {}", who, report::duration_text(run.seconds)));
    }
    console_.event({{"event", "run"},
                    {"run", who},
                    {"state", run.state},
                    {"reason", run.reason},
                    {"seconds", run.seconds}});
  }

  int finish() {
    const SystemClock clock;
    const double ended_at = worked_ || known_end_ <= 0 ? clock.now_seconds() : known_end_;
    write_report(ended_at);
    const report::Study study = collect(ended_at);
    const report::StudySummary summary = report::summarize(study);
    const auto judged = std::count_if(summary.rows.begin(), summary.rows.end(),
                                      [](const report::StudyRow& row) { return row.test; });
    if (judged < 2)
      throw InputError(fmt::format(
          "{} of {} arms has a result, there is nothing to compare{}; the same command tries the "
          "failed runs again",
          judged, arms_.size(),
          summary.cautions.empty() ? ""
                                   : ": " + fmt::format("{}", fmt::join(summary.cautions, " "))));
    Json json = report::result_json(study);
    json["report"] = folder_.report().string();
    console_.result(report::text_report(study, summary) +
                        fmt::format("\nreport  {}\n", folder_.report().string()),
                    json);
    return 0;
  }

  const CompareOptions& options_;
  Console& console_;
  StudyFolder folder_;
  DeclaredStudy study_;
  std::vector<ResolvedArm> arms_;
  Price price_;
  bool worked_ = false;
  double known_end_ = 0;
};

}  // namespace

int run_compare(const CompareOptions& options, Console& console) {
  return Comparison(options, console).run();
}

}  // namespace frugal::cli
