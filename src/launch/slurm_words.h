// What is said to Slurm and what it answers, as text: the words of sbatch, the script of a job, the
// lines of squeue.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "launch/slurm_launcher.h"

namespace frugal::launch {

// One task of a job array, as squeue shows it.
struct QueuedTask {
  std::string id;        // "123_3", as long as the controller lives
  std::string job_name;  // "frugal-RUN-SUBMISSION"
  std::string worker;    // job_name and the task's number: "frugal-RUN-SUBMISSION-3"
  std::string state;     // "PENDING", "RUNNING", "COMPLETING", ...
  std::string node;      // "": none yet
  std::string reason;    // of waiting
};

std::vector<std::string> squeue_words();
// Of every job of ours whose name begins with prefix, by worker. Lines of other jobs are passed
// over.
std::map<std::string, QueuedTask> tasks_of(const std::string& squeue_output,
                                           const std::string& prefix);

// count workers, numbered from 0. exclude: nodes.
std::vector<std::string> sbatch_words(const SlurmOptions& options, const std::string& job_name,
                                      std::size_t count, const std::vector<std::string>& exclude);
// For sbatch's standard input. The worker is asked to end once: by Slurm's TERM, which reaches all
// of a job, or at the end of the time limit by USR1, which reaches the script alone.
std::string job_script(const SlurmOptions& options);

// Slurm is away or busy: the same words may be accepted later.
bool is_passing(const std::string& trouble);

}  // namespace frugal::launch
