// Projects, training runs, their checkpoints and files: SigOpt's second half, over the scheduler
// and the store's records. A run of an experiment holds one of its suggestions, and one unit of its
// budget from its start. A run that is not heard of for the time of its lease is given up: it holds
// no budget; a late word of it takes it up again. Thread-safe. What a method has returned from is
// on disk.
#pragma once

#include <array>
#include <mutex>

#include "experiment/scheduler.h"

namespace frugal::experiment {

// The name is taken.
class Conflict : public Error {
 public:
  using Error::Error;
};

// It can have no more checkpoints.
class NoMore : public Error {
 public:
  using Error::Error;
};

struct RunOptions {
  double lease_seconds = 86400;  // 0: for ever
};

class Runs {
 public:
  explicit Runs(Scheduler& scheduler, RunOptions options = {});

  // A project's record: its id is the name, the body has name, metadata, deleted, updated.
  Record create_project(const std::string& id, const std::string& name, const Json& metadata,
                        const Also& also = {});
  Record project(const std::string& id) const;  // throws NotFound
  std::vector<Record> projects() const;
  Record update_project(const std::string& id, const Json& changes);  // name, metadata, deleted
  std::size_t count(const std::string& project) const;

  // Of a project alone, or of an experiment of runs with the next suggestion (or the body's own
  // assignments). fields: what a change may hold. Throws InputError.
  Json create(const std::string& project, std::optional<Id> experiment, const Json& fields,
              const Also& also = {});
  std::vector<Json> create(const std::string& project, const std::vector<Json>& fields,
                           const Also& also);
  Json run(Id id) const;  // throws NotFound
  // merge: objects are merged key by key, null removes a key; else they are replaced. The first
  // change of state to completed or failed writes the observation.
  Json change(Id id, const Json& fields, bool merge);

  Json add_checkpoint(Id run, const Json& values, const Json& metadata, const Also& also = {});
  Record checkpoint(Id run, Id id) const;
  std::vector<Record> checkpoints(Id run) const;

  // A file is described first and sent then: its bytes must be of the length and of the MD5 that
  // were said. Both are the store's, so that no name of a client's leads to a place on a disk.
  struct FileDescription {
    std::string name, filename, content_type;
    std::size_t content_length = 0;
    std::string content_md5;  // base64
  };
  Json add_file(Id run, const FileDescription& description, const Also& also = {});
  Json file(Id run, Id id) const;
  std::vector<Record> files(Id run) const;
  // The same bytes again change nothing. Throws InputError for others than were described.
  Json keep_content(Id run, Id file, const std::string& content);
  std::string content(Id run, Id file) const;  // throws NotFound: none came yet

  struct Progress {
    std::size_t active = 0, finished = 0;
  };
  Progress progress(Id experiment) const;
  // Marks every run of the experiment as deleted.
  void delete_of(Id experiment);

  // Gives up the runs that were not heard of. Returns how many.
  std::size_t expire();

  static Json to_json(const Record& run);

 private:
  Record record(Id id) const;
  Record file_record(Id run, Id id) const;
  std::mutex& lock_of(Id run) const {
    return locks_[static_cast<std::size_t>(run) % locks_.size()];
  }
  Record fresh(const std::string& project, const Json& fields) const;
  void observe(Record& run);
  double lease_end() const;
  void update(const Record& run);

  Scheduler& scheduler_;
  RunOptions options_;
  mutable std::array<std::mutex, 64> locks_;  // of runs, by id: changes of one take turns
  std::mutex projects_lock_;
};

}  // namespace frugal::experiment
