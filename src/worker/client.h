// The workers' end of the HTTP API (docs/http_api.md). Thread-safe: requests take turns; those for
// files have a connection of their own, so that no heartbeat waits for one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "experiment/experiment.h"

namespace frugal::worker {

struct ClientOptions {
  std::string address;  // "http://127.0.0.1:8265"
  std::string token;
  double patience_seconds = 60;  // a coordinator that is away is waited for so long
  // Says true when there is no time for patience: no request is tried again after 5 s.
  std::function<bool()> should_hurry = [] { return false; };
};

// A trial that is ours until we stop sending heartbeats.
struct Lease {
  experiment::Experiment experiment;
  experiment::Trial trial;
  double heartbeat_seconds = 5;  // how often it wants to hear of it
};

struct LeaseAnswer {
  std::optional<Lease> lease;
  bool over = false;  // no lease will ever come: the worker may go
};

enum class Order { kGoOn, kStop };

struct Content {
  std::string sha256;
  std::uint64_t bytes = 0;
  bool operator==(const Content&) const = default;
};

// Part of a file that the coordinator lends.
struct Piece {
  std::string bytes;     // none: the file ends before the offset
  std::uint64_t of = 0;  // bytes of the whole
};

// A whole file that the coordinator lends, as it says.
struct Blob {
  std::string sha256, bytes;
};

// What the coordinator has of a trial's file.
struct RunFile {
  std::optional<Content> kept;    // whole
  std::optional<Content> coming;  // being sent
  std::uint64_t received = 0;     // of that
};

// Every function tries again with growing pauses while the coordinator is away, and throws
// SystemError when patience is used up; experiment::StaleLease when the trial is no longer ours;
// InputError with the coordinator's words for anything else that it refuses.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();

  // experiment 0: any. Waits up to wait_seconds for something to do.
  LeaseAnswer lease(experiment::Id experiment, const std::string& worker, double wait_seconds);
  Order heartbeat(const Lease& lease, const Json& progress, const experiment::Cost& cost);
  void observe_intermediate(const Lease& lease, const std::string& task, double value,
                            std::optional<double> value_stddev, const experiment::Cost& cost);
  void observe(const Lease& lease, double value, std::optional<double> value_stddev,
               const Json& metadata, const experiment::Cost& cost);
  void fail(const Lease& lease, const std::string& reason, const experiment::Cost& cost);
  // checkpoint: where the next worker goes on, "" for the beginning.
  void release(const Lease& lease, const std::string& checkpoint, const experiment::Cost& cost);

  // Of a run whose folder this machine does not see.
  std::map<std::string, Content> inputs();  // by name; none: the coordinator lends nothing
  Piece read(const std::string& sha256, std::uint64_t offset);  // throws NotFound
  // Small files, as many as one answer has, in that order: those that were left out before the last
  // of them are large, or not lent. As much as comes in about half a second, and at most 4 MiB.
  std::vector<Blob> read_many(std::span<const std::string> sha256s);
  RunFile file(const Lease& lease, const std::string& name);
  // A piece from offset on; answers with what the coordinator has by then, which may be less: then
  // it is to go on from there.
  RunFile send(const Lease& lease, const std::string& name, const Content& content,
               std::uint64_t offset, std::string piece);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace frugal::worker
