#include "cli/run_folder.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "vision/data/manifest.h"

namespace frugal::cli {
namespace {

void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    throw SystemError(fmt::format("cannot make the folder {}", path.string()), error.value());
}

}  // namespace

double RunData::median_aspect() const {
  return check.at("median_aspect").get<double>();
}

std::size_t RunData::median_short_side_pixels() const {
  return check.at("median_short_side_pixels").get<std::size_t>();
}

void RunFolder::open(const Json& wanted, const std::vector<std::string>& may_change) const {
  make_folder(path_);
  if (std::filesystem::exists(options())) {
    const Json before = parse_json(read_file(options()), options().string());
    for (const auto& [key, value] : wanted.items()) {
      if (std::find(may_change.begin(), may_change.end(), key) != may_change.end()) continue;
      if (!before.contains(key)) continue;  // a run that began before there was that option
      if (before.value(key, Json()) != value)
        throw InputError(
            fmt::format("{} belongs to a run with {} {}, not {}; give another --output, or the "
                        "same options to go on",
                        path_.string(), key, before.value(key, Json()).dump(), value.dump()));
    }
  }
  write_file(options(), wanted.dump(2) + "\n");
}

void RunFolder::require_run() const {
  if (std::filesystem::exists(path_ / "study.json"))
    throw InputError(
        fmt::format("{0} is the folder of a study, not of a run; give that of one of its runs: "
                    "{0}/runs/ARM/seed-N",
                    path_.string()));
  if (!std::filesystem::exists(options()))
    throw InputError(
        fmt::format("{} is not the folder of a run: it has no options.json; give the --output of a "
                    "tune or train",
                    path_.string()));
}

RunData RunFolder::prepare_data(const DataOptions& data, const data::SplitOptions& split_options,
                                unsigned threads, ProgressSink& progress) const {
  if (std::filesystem::exists(split())) return load_data();
  const data::CheckOptions check_options{.strict = data.strict, .threads = threads};
  data::CheckSummary checked =
      data::check(data::read_dataset(data.data, data.reader), check_options, progress);
  for (const auto& broken : checked.broken)
    progress.message(fmt::format("left out {}: {}", broken.path, broken.reason));
  RunData run;
  run.split = data::make_split(checked, split_options);
  run.check = to_json(checked);
  run.dataset = std::move(checked.dataset);
  write_file(dataset(), to_json(run.dataset).dump());
  write_file(check(), run.check.dump(1));
  write_file(split(), to_json(run.split, run.dataset, split_options).dump());
  return run;
}

RunData RunFolder::load_data() const {
  if (!std::filesystem::exists(split()))
    throw InputError(fmt::format(
        "{} holds no split yet; run tune or train with this --output first", path_.string()));
  RunData run;
  run.dataset = data::dataset_from_json(parse_json(read_file(dataset()), dataset().string()),
                                        dataset().string());
  run.check = parse_json(read_file(check()), check().string());
  run.split = data::split_from_json(parse_json(read_file(split()), split().string()), run.dataset,
                                    split().string());
  return run;
}

namespace {

// What a container is allowed of the processor's time, in whole cores; nullopt: no limit.
std::optional<unsigned> core_quota() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0, period = 0;
  if (!(file >> quota >> period) || period <= 0) return std::nullopt;  // "max 100000"
  return static_cast<unsigned>(std::max(1.0, quota / period));
}

}  // namespace

Json share_json(const std::optional<double>& share) {
  return share ? Json(*share) : Json();
}

unsigned core_count() {
  cpu_set_t set;
  const unsigned cores =
      sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
  return std::min(cores, core_quota().value_or(cores));
}

unsigned threads_of(unsigned wanted) {
  const unsigned cores = core_count();
  if (wanted > cores)
    throw InputError(
        fmt::format("--threads {}: there {} {} core{}; give --threads {}, or 0 for all", wanted,
                    cores == 1 ? "is" : "are", cores, cores == 1 ? "" : "s", cores));
  return wanted > 0 ? wanted : cores;
}

}  // namespace frugal::cli
