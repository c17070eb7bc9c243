#include "launch/slurm_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace frugal::launch {
namespace {

std::string quoted(const std::string& word) {
  std::string text(1, '\'');
  for (const char c : word)
    if (c == '\'')
      text += "'\\''";
    else
      text += c;
  text += '\'';
  return text;
}

}  // namespace

std::vector<std::string> squeue_words() {
  return {"squeue", "--me", "--noheader", "--array", "--format=%j|%F|%K|%T|%N|%r"};
}

std::map<std::string, QueuedTask> tasks_of(const std::string& squeue_output,
                                           const std::string& prefix) {
  std::map<std::string, QueuedTask> tasks;
  std::istringstream lines(squeue_output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    QueuedTask task;
    std::string number;
    std::getline(fields, task.job_name, '|');
    std::getline(fields, task.id, '|');
    std::getline(fields, number, '|');
    std::getline(fields, task.state, '|');
    std::getline(fields, task.node, '|');
    std::getline(fields, task.reason);
    if (!task.job_name.starts_with(prefix)) continue;
    task.id += "_" + number;
    task.worker = fmt::format("{}-{}", task.job_name, number);
    tasks.emplace(task.worker, task);
  }
  return tasks;
}

std::vector<std::string> sbatch_words(const SlurmOptions& options, const std::string& job_name,
                                      std::size_t count, const std::vector<std::string>& exclude) {
  const SlurmJobOptions& job = options.job;
  std::vector<std::string> words = {
      "sbatch", "--parsable", "--no-requeue", "--open-mode=append", "--signal=B:USR1@60",
      "--job-name=" + job_name, fmt::format("--array=0-{}", count - 1),
      // Slurm reads % in a file's name.
      fmt::format("--output={}/%x-%a.log", options.log_folder.string()),
      fmt::format("--cpus-per-task={}", job.threads)};
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.push_back(option + value);
  };
  add("--partition=", job.partition);
  add("--gpus-per-task=", job.gpus.empty() ? "" : job.gpus);
  if (!job.gpus.empty()) words.emplace_back("--ntasks=1");
  add("--time=", job.time);
  add("--exclude=", fmt::format("{}", fmt::join(exclude, ",")));
  words.insert(words.end(), job.extra.begin(), job.extra.end());
  return words;
}

std::string job_script(const SlurmOptions& options) {
  std::vector<std::string> words;
  for (const std::string& word : options.command)
    words.push_back(word == "{name}" ? "\"$name\"" : quoted(word));
  return fmt::format(R"(#!/bin/sh
name="$SLURM_JOB_NAME-$SLURM_ARRAY_TASK_ID"
left={}/"$name"
echo "$SLURMD_NODENAME" > "$left.node"
worker=
trap : TERM
trap '[ -z "$worker" ] || kill -TERM "$worker"' USR1
{} &
worker=$!
wait "$worker"
code=$?
while kill -0 "$worker" 2> /dev/null; do
  wait "$worker"
  code=$?
done
echo "$code" > "$left.exiting" && mv "$left.exiting" "$left.exit"
exit "$code"
)",
                     quoted(options.log_folder.string()), fmt::join(words, " "));
}

bool is_passing(const std::string& trouble) {
  static const std::vector<const char*> kPassing = {
      "Unable to contact",  "Socket timed out",   "Connection refused",
      "temporarily",        "Zero Bytes",         "SubmitJobLimit",
      "it exited with 137", "Transport endpoint", "Message receive failure",
      "try again"};
  return std::any_of(kPassing.begin(), kPassing.end(),
                     [&](const char* part) { return trouble.find(part) != std::string::npos; });
}

}  // namespace frugal::launch
