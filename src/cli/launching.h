// From the options to a launcher: where workers run, and by which address they reach us.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/machine_split.h"
#include "cli/options.h"
#include "cli/run_folder.h"
#include "launch/slurm_launcher.h"

namespace frugal::cli {

// Decided before anything is spent, for it asks the cluster.
class Launching {
 public:
  // threads: of a worker. Throws InputError: no Slurm, no such partition, no such jobs.
  Launching(const LaunchOptions& options, unsigned threads);

  bool on_cluster() const { return !nodes_.empty(); }
  // Where the server listens: this machine alone, or the address by which it reaches the nodes.
  std::string host() const { return host_; }
  int port() const { return port_; }  // 0: any

  // coordinator: the server's address. worker_options: more of frugal worker. say: what a user
  // should know.
  std::unique_ptr<launch::Launcher> make(const RunFolder& folder, const std::string& coordinator,
                                         const std::vector<std::string>& worker_options,
                                         const std::function<void(const std::string&)>& say,
                                         const Clock& clock) const;

 private:
  LaunchOptions options_;
  unsigned threads_;
  std::vector<launch::SlurmNode> nodes_;
  std::string host_ = "127.0.0.1";
  int port_ = 0;
};

// The split that the options give: of a cluster the number of workers must be said, and this
// machine's cores are no limit.
std::optional<Split> split_of(const MachineOptions& machine, const LaunchOptions& launch,
                              unsigned cores);

// Our address on the network from which that host is reached. Throws InputError.
std::string address_towards(const std::string& host);

}  // namespace frugal::cli
