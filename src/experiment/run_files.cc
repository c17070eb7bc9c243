// The files of training runs, in the store: a record that describes, and one with the content.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "experiment/runs.h"

namespace frugal::experiment {
namespace {

constexpr const char* kFile = "file";
constexpr const char* kContent = "file_content";
constexpr std::size_t kMostFiles = 100;  // of a run
constexpr std::size_t kMd5Bytes = 16;

std::string md5_base64(const std::string& content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  if (EVP_Digest(content.data(), content.size(), digest.data(), &length, EVP_md5(), nullptr) != 1)
    throw SystemError("this machine's OpenSSL computes no MD5, which files are checked by");
  return base64({reinterpret_cast<const char*>(digest.data()), length});
}

void check(const Runs::FileDescription& file) {
  if (file.content_length == 0) throw InputError("body: content_length must be above 0");
  const auto digest = base64_decoded(file.content_md5);
  if (!digest || digest->size() != kMd5Bytes)
    throw InputError("body: content_md5 must be an MD5 in base64");
  for (const auto& [key, text] :
       {std::pair{"name", file.name}, std::pair{"filename", file.filename},
        std::pair{"content_type", file.content_type}})
    if (text.size() > 255) throw InputError(fmt::format("body: {} can have 255 characters", key));
}

Json file_json(const Record& record) {
  Json json = record.body;
  json["object"] = "file";
  json["id"] = std::to_string(record.id);
  json["training_run"] = record.owner;
  json["created"] = static_cast<std::int64_t>(record.created);
  json["uploaded"] = record.state == "kept";
  return json;
}

}  // namespace

Json Runs::add_file(Id id, const FileDescription& description, const Also& also) {
  check(description);
  const std::lock_guard lock(lock_of(id));
  Record run = record(id);
  Json& listed = run.body["files"];  // null in a run of before there were files
  if (!listed.is_array()) listed = Json::array();
  if (listed.size() >= kMostFiles)
    throw NoMore(fmt::format("training run {} has its {} files", id, kMostFiles));
  const Record file{.id = scheduler_.new_record_id(),
                    .kind = kFile,
                    .owner = std::to_string(id),
                    .name = description.name,
                    .state = "awaited",
                    .body = {{"name", description.name},
                             {"filename", description.filename},
                             {"content_type", description.content_type},
                             {"content_length", description.content_length},
                             {"content_md5", description.content_md5}},
                    .created = scheduler_.clock().now_seconds()};
  listed.push_back(std::to_string(file.id));
  scheduler_.write([&](Store& store) {
    store.update(run);
    store.add(file);
    if (also) also(store, {file.id});
  });
  return file_json(file);
}

Record Runs::file_record(Id run, Id id) const {
  auto found =
      scheduler_.store().records({.kind = kFile, .only = id, .owner = std::to_string(run)});
  if (found.empty()) throw NotFound(fmt::format("training run {} has no file {}", run, id));
  return found.front();
}

Json Runs::file(Id run, Id id) const {
  return file_json(file_record(run, id));
}

std::vector<Record> Runs::files(Id run) const {
  record(run);
  return scheduler_.store().records({.kind = kFile, .owner = std::to_string(run)});
}

Json Runs::keep_content(Id run, Id id, const std::string& content) {
  const std::lock_guard lock(lock_of(run));
  Record file = file_record(run, id);
  const auto length = file.body.at("content_length").get<std::size_t>();
  if (content.size() != length)
    throw InputError(
        fmt::format("body: file {} was to have {} bytes, not {}", id, length, content.size()));
  if (md5_base64(content) != file.body.at("content_md5").get<std::string>())
    throw InputError(fmt::format("body: file {} has another MD5 than it was to have", id));
  if (file.state == "kept") return file_json(file);
  file.state = "kept";
  const Record kept{.id = scheduler_.new_record_id(),
                    .kind = kContent,
                    .owner = std::to_string(id),
                    .body = {{"base64", base64(content)}},
                    .created = scheduler_.clock().now_seconds()};
  scheduler_.write([&](Store& store) {
    store.update(file);
    store.add(kept);
  });
  return file_json(file);
}

std::string Runs::content(Id run, Id id) const {
  file_record(run, id);
  const auto kept = scheduler_.store().records({.kind = kContent, .owner = std::to_string(id)});
  if (kept.empty()) throw NotFound(fmt::format("the bytes of file {} have not come yet", id));
  return base64_decoded(kept.front().body.at("base64").get<std::string>()).value();
}

}  // namespace frugal::experiment
