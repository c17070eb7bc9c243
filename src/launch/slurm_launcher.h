// Workers as jobs of a Slurm cluster: job arrays of one task a worker, watched by squeue. Needs no
// accounting database; a folder that this machine and the nodes share holds the logs, and what each
// worker leaves of where it ran (NAME.node) and how it ended (NAME.exit). docs/scale.md says what
// Slurm does that one must know.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "launch/launcher.h"

namespace frugal::launch {

// What a user may say of the jobs; "" and 0: the cluster's defaults.
struct SlurmJobOptions {
  std::string partition;
  std::string gpus;  // of a worker: "1", "a100:2"
  std::string time;  // of a worker; it gives its trial back in the last minute, and another follows
  unsigned threads = 1;            // of a worker
  unsigned array = 100;            // workers in one job array, at most
  std::vector<std::string> extra;  // more words for sbatch
};

struct SlurmOptions {
  std::vector<std::string> command;  // "{name}" becomes the worker's name
  std::filesystem::path log_folder;  // absolute, shared with the nodes
  std::string
      run;  // 1 to 16 of [a-z0-9]: whose jobs these are; other jobs of that run are cancelled
  SlurmJobOptions job;
  double poll_seconds = 2;
  double young_seconds = 10;       // a failure before that age is a young one
  double first_pause_seconds = 1;  // after a failure; twice as long each time, up to 60 s
  double patience_seconds = 60;    // jobs that wait longer are told of, with Slurm's reason
  double command_seconds = 60;     // for squeue or sbatch to answer
  std::function<void(const std::string&)> on_message = [](const std::string&) {};
};

// A node's network address, such that workers can be given one of ours that it reaches.
struct SlurmNode {
  std::string name, address;
};

// Asks Slurm whether such jobs can be: throws InputError with its words when there is no Slurm, no
// such partition, or it would refuse them. Answers the partition's nodes.
std::vector<SlurmNode> check_slurm(const SlurmJobOptions& job);

// nodes: check_slurm's.
std::unique_ptr<Launcher> make_slurm_launcher(SlurmOptions options, std::vector<SlurmNode> nodes,
                                              const Clock& clock);

}  // namespace frugal::launch
