#include "worker/mirror.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "experiment/scheduler.h"
#include "vision/data/manifest.h"
#include "worker/folders.h"

namespace frugal::worker {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kPieceBytes = 1 << 20;
constexpr std::chrono::seconds kLookEvery{1};
constexpr std::size_t kKeyLength = 16;
constexpr int kMostBeginnings = 3;
constexpr std::chrono::seconds kTellEvery{10};  // how far it is

// Another one whenever the file was replaced; "": there is none.
std::string state_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return "";
  return fmt::format("{} {} {} {}", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

void throw_if(bool stopped) {
  if (stopped) throw Stopped("stopped while a run's files came; they are gone on with");
}

}  // namespace

Mirror::Mirror(Client& client, NodeCache cache, std::function<void(const std::string&)> log)
    : client_(client), cache_(std::move(cache)), log_(std::move(log)) {}

bool Mirror::is_offered() {
  inputs_ = client_.inputs();
  return inputs_.contains("dataset.json") && inputs_.contains("split.json");
}

NodeCache::Read Mirror::reader(const std::string& sha256, const ShouldStop& should_stop) {
  return [this, sha256, &should_stop](std::uint64_t offset) {
    throw_if(should_stop());
    return client_.read(sha256, offset);
  };
}

Mirror::Place Mirror::place_of(const std::string& run_folder, bool has_weights,
                               const ShouldStop& should_stop) try {
  if (run_folder_ != run_folder || !run_) {
    if (!is_offered())
      throw SystemError("the coordinator does not lend its run's photographs and split");
    const Content dataset = inputs_.at("dataset.json"), split = inputs_.at("split.json");
    run_ =
        cache_.open_run(sha256(run_folder + dataset.sha256 + split.sha256).substr(0, kKeyLength));
    write_file(run_->folder / "split.json",
               read_file(cache_.fetch(split.sha256, reader(split.sha256, should_stop))));
    write_dataset(dataset, should_stop);  // last: with it the folder is complete
    run_folder_ = run_folder;
  }
  Place place{run_->folder, ""};
  if (has_weights) {
    const auto weights = inputs_.find("weights");
    if (weights == inputs_.end()) throw SystemError("the coordinator does not lend its weights");
    place.weights =
        cache_.fetch(weights->second.sha256, reader(weights->second.sha256, should_stop));
  }
  return place;
} catch (const experiment::NotFound& error) {
  throw SystemError(fmt::format("the coordinator lends a file no more: {}", error.what()));
}

// With the photographs' places on this machine.
void Mirror::write_dataset(const Content& theirs, const ShouldStop& should_stop) {
  const fs::path lent = cache_.fetch(theirs.sha256, reader(theirs.sha256, should_stop));
  data::Dataset dataset =
      data::dataset_from_json(parse_json(read_file(lent), lent.string()), lent.string());
  std::vector<std::string> hashes;
  for (const auto& photograph : dataset.photographs) hashes.push_back(photograph.content_hash);
  auto told = SteadyClock::now();
  cache_.fetch_many(
      *run_, hashes,
      [&](std::span<const std::string> some) {
        throw_if(should_stop());
        return client_.read_many(some);
      },
      [&](std::size_t done) {
        if (SteadyClock::now() - told < kTellEvery) return;
        told = SteadyClock::now();
        log_(fmt::format("{} of {} photographs are here", done, hashes.size()));
      });
  for (auto& photograph : dataset.photographs)
    photograph.path =
        cache_.fetch(photograph.content_hash, reader(photograph.content_hash, should_stop));
  log_(fmt::format("the run's {} photographs are in {}", dataset.photographs.size(),
                   run_->folder.parent_path().parent_path().string()));
  write_file(run_->folder / "dataset.json", data::to_json(dataset).dump());
}

void Mirror::bring(const Lease& lease, const fs::path& checkpoint, const ShouldStop& should_stop) {
  make_folder(checkpoint.parent_path());
  for (;;) {
    const RunFile theirs = client_.file(lease, checkpoint.filename().string());
    if (!theirs.kept) return;
    if (fs::exists(checkpoint) && sha256(read_file(checkpoint)) == theirs.kept->sha256) return;
    try {
      return cache_.fetch_to(checkpoint, theirs.kept->sha256,
                             reader(theirs.kept->sha256, should_stop));
    } catch (const experiment::NotFound&) {  // replaced by a later one meanwhile
    }
  }
}

void send_file(Client& client, const Lease& lease, const fs::path& path, const std::string& name,
               const std::function<bool()>& is_over) {
  const std::string bytes = read_file(path);
  const Content content{sha256(bytes), bytes.size()};
  RunFile theirs = client.file(lease, name);
  int beginnings = 0;
  while (theirs.kept != content && !is_over()) {
    const std::uint64_t offset = theirs.coming == content ? theirs.received : 0;
    if (offset == 0 && ++beginnings > kMostBeginnings)
      throw SystemError(fmt::format("{} arrives damaged at the coordinator", path.string()));
    theirs = client.send(lease, name, content, offset, bytes.substr(offset, kPieceBytes));
  }
}

Courier::Courier(Client& client, const Lease& lease, std::vector<Watched> files,
                 std::function<void(const std::string&)> log)
    : client_(client),
      lease_(lease),
      files_(std::move(files)),
      log_(std::move(log)),
      thread_([this] { work(); }) {}

Courier::~Courier() {
  stop();
}

void Courier::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Courier::finish(const std::set<std::string>& names) {
  stop();
  for (const Watched& file : files_)
    if (names.contains(file.name)) send_new(file, [] { return false; });
}

void Courier::send_new(const Watched& file, const std::function<bool()>& is_over) {
  const std::string state = state_of(file.path);
  if (state.empty() || state == sent_[file.name]) return;
  send_file(client_, lease_, file.path, file.name, is_over);
  if (!is_over()) sent_[file.name] = state;
}

void Courier::work() {
  const auto is_over = [this] {
    const std::lock_guard lock(mutex_);
    return stopping_;
  };
  std::string trouble;
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kLookEvery, [this] { return stopping_; })) {
    lock.unlock();
    try {
      for (const Watched& file : files_) send_new(file, is_over);
      trouble.clear();
    } catch (const experiment::StaleLease&) {
      return;  // the heartbeat learns of it too
    } catch (const Error& error) {
      // Training goes on; the next checkpoint is tried again.
      if (trouble != error.what())
        log_(fmt::format("no checkpoint reaches the coordinator: {}", error.what()));
      trouble = error.what();
    }
    lock.lock();
  }
}

}  // namespace frugal::worker
