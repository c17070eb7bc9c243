// What a cluster has, asked before anything is spent.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "launch/command.h"
#include "launch/slurm_words.h"

namespace frugal::launch {
namespace {

constexpr double kPatienceSeconds = 60;

void require_programs() {
  for (const char* program : {"sbatch", "squeue", "scancel", "sinfo"})
    if (!is_on_path(program))
      throw InputError(fmt::format(
          "--on slurm: there is no {} on the path; say it on a machine of the cluster that has "
          "Slurm's programs (module load slurm?), or --on local for this machine alone",
          program));
}

std::string answer(const std::vector<std::string>& words) {
  const CommandResult result = Command(words).wait(kPatienceSeconds);
  if (!result.ok())
    throw InputError(fmt::format("--on slurm: {} fails: {}", words[0], result.words()));
  return result.output;
}

void require_partition(const std::string& partition) {
  std::istringstream lines(answer({"sinfo", "--noheader", "--format=%R"}));
  std::set<std::string> known;
  for (std::string line; std::getline(lines, line);) known.insert(line);
  if (!partition.empty() && !known.contains(partition))
    throw InputError(fmt::format("--partition {}: the cluster has no such partition; it has {}",
                                 partition, fmt::join(known, ", ")));
}

// A controller that has just come back does not know them yet.
bool has_silent_nodes(const std::string& partition) {
  std::vector<std::string> words = {"sinfo", "--noheader", "--format=%T"};
  if (!partition.empty()) words.push_back("--partition=" + partition);
  const std::string states = answer(words);
  return states.find('*') != std::string::npos || states.find("unknown") != std::string::npos ||
         states.find("down") != std::string::npos;
}

// What it may refuse for a moment is asked again.
void require_acceptance(const std::vector<std::string>& words, const std::string& partition) {
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::duration<double>(kPatienceSeconds);
  for (;;) {
    const CommandResult tried = Command(words, "#!/bin/sh\n").wait(kPatienceSeconds);
    if (tried.ok()) return;
    if (std::chrono::steady_clock::now() > until || !has_silent_nodes(partition))
      throw InputError(fmt::format("--on slurm: Slurm refuses such workers: {}", tried.words()));
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace

std::vector<SlurmNode> check_slurm(const SlurmJobOptions& job) {
  require_programs();
  require_partition(job.partition);
  SlurmOptions options;
  options.job = job;
  options.log_folder = "/tmp";
  std::vector<std::string> words = sbatch_words(options, "frugal", 1, {});
  words.insert(words.begin() + 1, "--test-only");
  require_acceptance(words, job.partition);

  std::vector<std::string> listing = {"sinfo", "--noheader", "--Node", "--format=%N|%o|%P"};
  if (!job.partition.empty()) listing.push_back("--partition=" + job.partition);
  std::vector<SlurmNode> nodes;
  std::istringstream lines(answer(listing));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    SlurmNode node;
    std::string partition;
    std::getline(fields, node.name, '|');
    std::getline(fields, node.address, '|');
    std::getline(fields, partition);
    if (job.partition.empty() && !partition.ends_with('*')) continue;  // not the default one
    nodes.push_back(node);
  }
  if (nodes.empty())
    throw InputError("--on slurm: the cluster has no default partition; give --partition");
  return nodes;
}

}  // namespace frugal::launch
