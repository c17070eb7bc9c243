#include "vision/model/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "base/file.h"
#include "vision/model/unpickle.h"
#include "vision/model/weight_formats.h"

namespace frugal::model {
namespace {

// What people take for weights, by how it begins.
constexpr std::pair<std::string_view, std::string_view> kMistakes[] = {
    {"version https://git-lfs", "is a Git LFS pointer, not the file itself; run git lfs pull"},
    {"<", "is a web page, not weights; download the file itself"},
    {"\x1f\x8b", "is compressed by gzip; unpack it first"},
    {"\x89HDF", "is an HDF5 file; save a PyTorch state_dict"},
    {"\xff\xd8\xff", "is a photograph"},
    {"\x89PNG", "is a picture"},
};

// A header of less than a terabyte, which is a JSON object.
bool looks_like_safetensors(std::string_view head) {
  using namespace std::string_view_literals;
  return head.size() > 8 && head[8] == '{' && head.substr(5, 3) == "\0\0\0"sv;
}

// DataParallel puts "module." before every name.
void drop_module_prefix(StateDict& state) {
  constexpr std::string_view kPrefix = "module.";
  const bool everywhere = std::all_of(state.begin(), state.end(), [&](const auto& entry) {
    return entry.first.starts_with(kPrefix);
  });
  if (!everywhere) return;
  for (auto& [name, tensor] : state) name.erase(0, kPrefix.size());
}

void require_distinct_names(const StateDict& state, const std::string& where) {
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : state)
    if (!names.insert(name).second)
      throw InputError(fmt::format("{}: tensor \"{}\" stands twice", where, printable(name)));
}

StateDict parse(std::span<const std::byte> file, const std::string& where) {
  const std::string_view head(reinterpret_cast<const char*>(file.data()),
                              std::min<std::size_t>(file.size(), 64));
  if (head.empty()) throw InputError(where + ": is empty");
  if (head.starts_with("PK\x03\x04")) return parse_zip(file, where);
  if (head[0] == '\x80') return parse_legacy(file, where);
  for (const auto& [beginning, mistake] : kMistakes)
    if (head.starts_with(beginning)) throw InputError(fmt::format("{}: {}", where, mistake));
  if (looks_like_safetensors(head)) return parse_safetensors(file, where);
  throw InputError(where + ": no weight file; .pth and .safetensors can be read");
}

}  // namespace

StateDict parse_weights(std::span<const std::byte> file, const std::string& where) {
  StateDict state = parse(file, where);
  drop_module_prefix(state);
  require_distinct_names(state, where);
  return state;
}

StateDict read_weights(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found)
    throw InputError(path + ": there is no such file");
  if (error) throw SystemError("cannot read " + path, error.value());
  if (std::filesystem::is_directory(status))
    throw InputError(path + ": is a folder; name a weight file");
  if (!std::filesystem::is_regular_file(status)) throw InputError(path + ": is no regular file");
  const MappedFile file = MappedFile::open_read_only(path);
  return parse_weights(file.bytes(), path);
}

}  // namespace frugal::model
