#include <fcntl.h>
#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/disk.h"
#include "base/error.h"
#include "experiment/sql_schema.h"
#include "experiment/sql_store.h"

namespace frugal::experiment {
namespace {

// Held as long as the store is open: one process writes.
class WriterLock {
 public:
  explicit WriterLock(const std::string& store) : path_(store + ".lock") {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) throw SystemError(fmt::format("cannot open {}", path_), errno);
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      char owner[32] = {};
      const bool known = ::pread(fd_, owner, sizeof owner - 1, 0) > 0;
      ::close(fd_);
      throw InputError(fmt::format(
          "{} is in use by another frugal{}; wait for it, stop it, or give another --output", store,
          known ? fmt::format(" (process {})", owner) : ""));
    }
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) < 0)
      throw SystemError(fmt::format("cannot write {}", path_), errno);
  }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;
  ~WriterLock() { ::close(fd_); }

 private:
  std::string path_;
  int fd_ = -1;
};

// In the write-ahead log the session that reads does not wait for the one that writes.
class SqliteStore final : public SqlStore {
 public:
  explicit SqliteStore(const std::string& path)
      : SqlStore(path, Dialect::kSqlite),
        folder_(std::filesystem::absolute(path).parent_path()),
        lock_(path) {
    guard([&] {
      writer().open(soci::sqlite3, fmt::format("db={}", path));
      prepare_schema(writer(), Dialect::kSqlite, path);
      writer() << "PRAGMA journal_mode = WAL";
      writer() << "PRAGMA synchronous = FULL";
      writer() << "PRAGMA foreign_keys = ON";
      reader().open(soci::sqlite3, fmt::format("db={}", path));
    });
    experiments();  // whose spaces type the rows
  }
  // Closed before the lock is given up.
  ~SqliteStore() override { close(); }

 private:
  std::string words_of(const soci::soci_error& error) override {
    const std::string full = words_of_full_disk(folder_);
    return full.empty() ? error.get_error_message() : full;
  }

  const std::filesystem::path folder_;
  WriterLock lock_;
};

}  // namespace

std::unique_ptr<Store> open_sqlite_store(const std::string& path) {
  return std::make_unique<SqliteStore>(path);
}

}  // namespace frugal::experiment
