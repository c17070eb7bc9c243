// Writes to the store, many at a time: changes that arrive while one transaction is on its way to
// the disk go together into the next one. So a thousand clients cost no more syncs than one.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "experiment/store.h"

namespace frugal::experiment {

// Thread-safe. Changes are applied in the order of write().
class Journal {
 public:
  using Change = std::function<void(Store& store)>;
  using Ticket = std::uint64_t;

  // failed: called by the journal's thread when a transaction failed and so nothing of it is on
  // disk; it must call discard() before it gives up the lock under which write() is called. It
  // answers whether the caller's memory is that of the store again; as long as it is not, every
  // change fails, for it was made of a memory that holds what never came to the disk, and it is
  // called again, twice a second.
  Journal(Store& store, std::function<bool()> failed);
  ~Journal();  // writes what is left
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  Ticket write(Change change);
  Ticket last() const;
  Ticket finished() const;  // on disk, or never to be
  // Until the change and all before it are on disk. Throws SystemError when they are not and never
  // will be.
  void wait(Ticket ticket);
  void discard();  // everything that is not on disk yet

  // For figures: transactions so far, and changes in them.
  struct Count {
    std::uint64_t transactions = 0, changes = 0;
  };
  Count count() const;

 private:
  void run();
  std::condition_variable& done(bool on_its_way);
  std::string apply(const std::deque<Change>& batch);

  Store& store_;
  std::function<bool()> failed_;
  bool is_stale_ = false;  // the caller's memory; of the thread
  mutable std::mutex mutex_;
  std::condition_variable wanted_;
  // Of the transaction on its way and of the next one, in turns: nobody wakes for another's.
  std::condition_variable done_[2];
  std::deque<Change> queue_;
  Ticket given_ = 0, taken_ = 0, finished_ = 0;  // taken: into the transaction on its way
  struct Failure {
    Ticket first = 0;
    std::string reason;
  };
  std::map<Ticket, Failure> failures_;  // by the last ticket of each
  std::string reason_;                  // of the failure that is being dealt with
  bool ending_ = false;
  std::uint64_t batches_ = 0;  // begun
  Count count_;
  std::thread thread_;
};

}  // namespace frugal::experiment
