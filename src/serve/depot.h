// What a run lends to workers that do not see its folder, and takes from them: photographs,
// weights, the split, by their SHA-256; checkpoints and models back, piece by piece, placed under
// their names only when all is there and has the SHA-256 that was said. Names are a short closed
// list, never paths. Thread-safe.
//
// A trial sends one file at a time; another one, or another content, drops what had come of it.
// What has come lies in RUN/uploads/ until it is whole, and is forgotten with this process: whoever
// sent it has lost its lease by then.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "experiment/experiment.h"

namespace frugal::serve {

struct Content {
  std::string sha256;  // 64 of [0-9a-f]
  std::uint64_t bytes = 0;
  bool operator==(const Content&) const = default;
};

class Depot {
 public:
  // run_folder: where checkpoints/ and trials/ are. most_bytes: of a file that a worker sends.
  explicit Depot(std::filesystem::path run_folder, std::uint64_t most_bytes = 8ULL << 30);

  // An input of every trial of the run. Reads it; again only when it has changed.
  void offer(const std::string& name, const std::filesystem::path& path);
  // A file whose SHA-256 is known. Throws InputError: that is none.
  void offer_content(const std::string& sha256, const std::filesystem::path& path);
  std::map<std::string, Content> inputs() const;

  struct Piece {
    std::string bytes;
    std::uint64_t of = 0;  // bytes of the whole
  };
  // At most `most` bytes from offset on, none behind the end. Throws NotFound: nobody offers it, it
  // is gone, or there is another file in its place by now.
  Piece read(const std::string& sha256, std::uint64_t offset, std::size_t most) const;

  struct State {
    std::optional<Content> kept;    // what lies under the name
    std::optional<Content> coming;  // what is being sent
    std::uint64_t received = 0;     // of that
  };
  // What lies there is lent from now on. Throws InputError: no such name.
  State state(experiment::Id trial, const std::string& name);
  // A piece that was received before is no error. Throws InputError (no such name, too large),
  // OutOfPlace, NoRoom, SystemError.
  State receive(experiment::Id trial, const std::string& name, const Content& content,
                std::uint64_t offset, std::string_view piece);

 private:
  struct Upload;
  struct Known {  // as it was when its SHA-256 was computed, or said
    std::filesystem::path path;
    std::optional<std::uint64_t> version;  // nullopt: said; the receiver finds out
  };
  std::filesystem::path place_of(experiment::Id trial, const std::string& name) const;
  std::optional<Content> content_at(const std::filesystem::path& path);
  std::shared_ptr<Upload> upload_of(experiment::Id trial, const std::filesystem::path& place,
                                    const Content& content);
  void forget(experiment::Id trial, const std::shared_ptr<Upload>& upload);
  void require_room(std::uint64_t bytes) const;

  const std::filesystem::path folder_;
  const std::uint64_t most_bytes_;
  mutable std::mutex mutex_;
  std::map<std::string, Content> inputs_;
  std::map<std::string, Known> lent_;  // by SHA-256
  struct Seen {
    std::uint64_t version = 0;
    Content content;
  };
  std::map<std::filesystem::path, Seen> seen_;
  std::map<experiment::Id, std::shared_ptr<Upload>> uploads_;
  std::uint64_t upload_count_ = 0;
};

// A piece that does not begin where the last one ended, or the last one of a file that has another
// SHA-256 than was said: go on from what has come, or from the beginning.
class OutOfPlace : public Error {
 public:
  using Error::Error;
};

// The disk is full.
class NoRoom : public Error {
 public:
  using Error::Error;
};

bool is_sha256(std::string_view text);

}  // namespace frugal::serve
