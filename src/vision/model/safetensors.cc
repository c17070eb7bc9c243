#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "vision/model/stored_tensor.h"
#include "vision/model/unpickle.h"
#include "vision/model/weight_formats.h"

namespace frugal::model {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMaxHeaderBytes = 100'000'000;  // the format's own limit

struct Entry {
  std::string name;
  const ElementType* type = nullptr;
  std::vector<std::int64_t> sizes;
  std::size_t begin = 0;  // in the data
  std::size_t end = 0;
};

std::vector<std::size_t> naturals(const Json& json, const char* key, const std::string& what) {
  std::vector<std::size_t> numbers;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array())
    throw InputError(fmt::format("{}: no list \"{}\"", what, key));
  for (const Json& item : *found) {
    if (!item.is_number_unsigned())
      throw InputError(fmt::format("{}: \"{}\" must hold whole numbers", what, key));
    numbers.push_back(item.get<std::size_t>());
  }
  return numbers;
}

Entry entry_of(const std::string& name, const Json& json, const std::string& what) {
  if (!json.is_object()) throw InputError(what + ": is no object in the header");
  const auto dtype = json.find("dtype");
  const auto sizes = naturals(json, "shape", what);
  const auto offsets = naturals(json, "data_offsets", what);
  Entry entry{.name = name, .sizes = {sizes.begin(), sizes.end()}};
  if (dtype != json.end() && dtype->is_string())
    entry.type = element_type_of_safetensors(dtype->get<std::string>());
  if (entry.type == nullptr) throw InputError(what + ": its dtype is missing or cannot be read");
  if (offsets.size() != 2) throw InputError(what + ": \"data_offsets\" must be [begin, end]");
  entry.begin = offsets[0];
  entry.end = offsets[1];
  const auto count = static_cast<std::uint64_t>(element_count(entry.sizes, what));
  std::uint64_t bytes = 0;
  if (entry.end < entry.begin || __builtin_mul_overflow(count, entry.type->byte_count, &bytes) ||
      entry.end - entry.begin != bytes)
    throw InputError(fmt::format("{}: {} elements of {} do not fit the offsets {} to {}", what,
                                 count, entry.type->safetensors, entry.begin, entry.end));
  return entry;
}

}  // namespace

StateDict parse_safetensors(std::span<const std::byte> file, const std::string& where) {
  std::uint64_t header_bytes = 0;
  if (file.size() < kLengthBytes) throw InputError(where + ": truncated: no safetensors header");
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  if (header_bytes > std::min(file.size() - kLengthBytes, kMaxHeaderBytes))
    throw InputError(where + ": truncated: its safetensors header is not whole");
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthBytes,
                              header_bytes);
  const auto data = file.subspan(kLengthBytes + header_bytes);
  const Json header = parse_json(text, where);
  if (!header.is_object()) throw InputError(where + ": its safetensors header is no object");

  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items())
    if (name != "__metadata__")
      entries.push_back(
          entry_of(name, json, fmt::format("{}: tensor \"{}\"", where, printable(name))));
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  StateDict state;
  std::size_t position = 0;
  for (const Entry& entry : entries) {
    const std::string what = fmt::format("{}: tensor \"{}\"", where, printable(entry.name));
    if (entry.begin != position) throw InputError(what + ": overlaps another, or leaves a gap");
    if (entry.end > data.size())
      throw InputError(
          fmt::format("{}: truncated: it ends at byte {} of {}", what, entry.end, data.size()));
    position = entry.end;
    const auto bytes = data.subspan(entry.begin, entry.end - entry.begin);
    state.emplace_back(entry.name, copy_out(copy_of(bytes, *entry.type), 0, entry.sizes,
                                            contiguous_strides(entry.sizes), what));
  }
  if (position != data.size())
    throw InputError(
        fmt::format("{}: damaged: {} bytes belong to no tensor", where, data.size() - position));
  if (state.empty()) throw InputError(where + ": holds no tensors");
  return state;
}

void write_safetensors(const std::string& path, const StateDict& state) {
  Json header = {{"__metadata__", {{"format", "pt"}}}};  // other readers ask for it
  std::size_t position = 0;
  for (const auto& [name, tensor] : state) {
    const ElementType* type = element_type_of(tensor.scalar_type());
    FRUGAL_CHECK(type != nullptr, name);
    const std::size_t end = position + tensor.nbytes();
    header[name] = {{"dtype", type->safetensors},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');  // aligns data
  const std::uint64_t header_bytes = text.size();
  std::string file(reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes);
  file.reserve(file.size() + text.size() + position);
  file += text;
  for (const auto& [name, tensor] : state) {
    const at::Tensor values = tensor.detach().cpu().contiguous();
    file.append(static_cast<const char*>(values.data_ptr()), values.nbytes());
  }
  write_file(path, file);
}

}  // namespace frugal::model
