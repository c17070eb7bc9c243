// A study, as its user declares it in YAML: arms to compare at equal cost, over seeds. What may
// stand in it is described in docs/compare.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/options.h"
#include "vision/train/recipe.h"

namespace frugal::cli {

struct DeclaredArm {
  std::string name;
  train::Strategy strategy = train::Strategy::kFineTune;
  std::string network;  // "": that of the only weights
  std::string weights;  // of this arm alone; "": the study's, by the network
  bool tuned = true;
  std::string recipe = "default";
  std::string augment;  // "": the recipe's own
  std::string suggester = "multitask";
  unsigned resolution = 0;  // short side in pixels; 0: the study's
  bool operator==(const DeclaredArm&) const = default;
};

struct DeclaredStudy {
  std::string name;
  DataOptions data;
  std::map<std::string, std::string> weights;  // network -> file
  std::string budget;                          // of each run: an arm on a seed
  std::vector<std::uint64_t> seeds = {1, 2, 3};
  std::string baseline;  // an arm's name; "": the first
  unsigned resolution = 0;
  double epochs = 0;
  std::string task_by;  // "": tune's own
  std::uint64_t split_seed = 0;
  SplitShares shares;
  PriceOptions price;
  std::vector<DeclaredArm> arms;
};

// The file, overruled by the options that were given. Throws InputError that names the file, the
// line and the key: "study.yml:12: unknown key ..."; and for fewer than two arms.
DeclaredStudy read_study_file(const CompareOptions& options);

// A file's or folder's name for an arm: "fine-tuned, tuned" -> "fine-tuned-tuned".
std::string folder_name(const std::string& arm);

}  // namespace frugal::cli
