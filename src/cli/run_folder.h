// The folder of one run (--output): where everything lies, and how its data is checked and split
// once. docs/run_folder.md describes the files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json.h"
#include "base/progress.h"
#include "cli/options.h"
#include "vision/data/split.h"

namespace frugal::cli {

struct RunData {
  data::Dataset dataset;
  data::Split split;
  Json check;  // data::to_json(CheckSummary)
  double median_aspect() const;
  std::size_t median_short_side_pixels() const;
};

class RunFolder {
 public:
  explicit RunFolder(const std::string& path) : path_(path) {}

  std::filesystem::path path() const { return path_; }
  std::filesystem::path options() const { return path_ / "options.json"; }
  std::filesystem::path dataset() const { return path_ / "dataset.json"; }
  std::filesystem::path check() const { return path_ / "check.json"; }
  std::filesystem::path split() const { return path_ / "split.json"; }
  std::filesystem::path machine() const { return path_ / "machine.json"; }
  std::filesystem::path store() const { return path_ / "store.db"; }
  std::filesystem::path token() const { return path_ / "token"; }
  std::filesystem::path cluster() const { return path_ / "cluster.json"; }
  std::filesystem::path cache() const { return path_ / "cache"; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path trials() const { return path_ / "trials"; }
  std::filesystem::path logs() const { return path_ / "logs"; }
  std::filesystem::path model() const { return path_ / "model"; }
  std::filesystem::path refit() const { return path_ / "refit"; }
  std::filesystem::path explain() const { return path_ / "explain"; }
  std::filesystem::path result() const { return path_ / "result.json"; }
  std::filesystem::path report() const { return path_ / "report.html"; }

  // Makes the folder. Throws InputError when it belongs to a run with other options (names the
  // first that differs; the keys in may_change are let through), SystemError.
  void open(const Json& options, const std::vector<std::string>& may_change) const;

  // Throws InputError when this is no folder of a run.
  void require_run() const;

  // Reads, checks and splits the photographs, or, when that was done before, loads what was found.
  RunData prepare_data(const DataOptions& data, const data::SplitOptions& split, unsigned threads,
                       ProgressSink& progress) const;
  // What prepare_data left. Throws InputError.
  RunData load_data() const;

 private:
  std::filesystem::path path_;
};

// How a share stands in a folder's options: null when it was not given.
Json share_json(const std::optional<double>& share);

// Whole cores that this process may use: by its affinity, and by its container's quota.
unsigned core_count();

// --threads: 0 is every core. Throws InputError for more than there are.
unsigned threads_of(unsigned wanted);

}  // namespace frugal::cli
