// A run on a machine that does not see its folder: photographs, weights and split come from the
// coordinator, once for this machine; checkpoints, models and learning curves go to it. What the
// coordinator keeps is the truth, and another machine goes on from there.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "worker/client.h"
#include "worker/node_cache.h"

namespace frugal::worker {

// Not thread-safe.
class Mirror {
 public:
  using ShouldStop = std::function<bool()>;  // asked between requests

  // log: what a user should know.
  Mirror(Client& client, NodeCache cache, std::function<void(const std::string&)> log);

  Client& client() const { return client_; }
  const std::function<void(const std::string&)>& log() const { return log_; }

  // Whether the coordinator lends what its run needs.
  bool is_offered();

  struct Place {
    std::string folder, weights;  // on this machine
  };
  // Those of the run whose folder the coordinator calls so: fetched when they are not here, and
  // gone on with later when should_stop. Throws SystemError, Stopped.
  Place place_of(const std::string& run_folder, bool has_weights, const ShouldStop& should_stop);

  // The coordinator's checkpoint instead of ours, where it has another one. Throws as place_of.
  void bring(const Lease& lease, const std::filesystem::path& checkpoint,
             const ShouldStop& should_stop);

 private:
  void write_dataset(const Content& theirs, const ShouldStop& should_stop);
  NodeCache::Read reader(const std::string& sha256, const ShouldStop& should_stop);

  Client& client_;
  NodeCache cache_;
  std::function<void(const std::string&)> log_;
  std::optional<NodeCache::Run> run_;
  std::map<std::string, Content> inputs_;
  std::string run_folder_;  // whose
};

// Sends a file of this machine as the trial's, under that name; goes on where it was torn. is_over:
// asked between pieces. Throws StaleLease, SystemError.
void send_file(
    Client& client, const Lease& lease, const std::filesystem::path& path, const std::string& name,
    const std::function<bool()>& is_over = [] { return false; });

// Sends what a trial writes, while it runs: files that are replaced now and then.
class Courier {
 public:
  struct Watched {
    std::filesystem::path path;
    std::string name;
  };
  Courier(Client& client, const Lease& lease, std::vector<Watched> files,
          std::function<void(const std::string&)> log);
  ~Courier();  // what is on its way is left

  // What is new since of the files of these names, and nothing later. Throws StaleLease,
  // SystemError.
  void finish(const std::set<std::string>& names);

 private:
  void work();
  void stop();
  void send_new(const Watched& file, const std::function<bool()>& is_over);

  Client& client_;
  const Lease& lease_;
  const std::vector<Watched> files_;
  const std::function<void(const std::string&)> log_;
  std::map<std::string, std::string> sent_;  // by name: which state of the file
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;  // started when everything else is there
};

}  // namespace frugal::worker
