#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole
#include <ATen/ops/from_blob.h>
#include <c10/util/Exception.h>
#include <caffe2/serialize/inline_container.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <tuple>
#include <unordered_map>

#include "base/error.h"
#include "vision/model/stored_tensor.h"
#include "vision/model/unpickle.h"
#include "vision/model/weight_formats.h"

namespace frugal::model {
namespace {

// The whole storage as a one-dimensional tensor.
using FetchStorage = std::function<at::Tensor(const Storage&, const ElementType&)>;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const Value* find(const Dict& dict, std::string_view key) {
  for (const auto& [name, value] : dict)
    if (const auto* text = std::get_if<std::string_view>(&name); text && *text == key)
      return &value;
  return nullptr;
}

// The state_dict in a checkpoint, or the checkpoint itself.
const Dict& unwrap(const Value& top, const std::string& where) {
  constexpr std::array kNests{"state_dict", "model_state_dict", "model", "network",
                              "net",        "weights"};
  constexpr int kMaxNesting = 4;
  const auto* dict = std::get_if<Dict*>(&top);
  if (dict == nullptr)
    throw InputError(fmt::format("{}: holds no state_dict; save model.state_dict()", where));
  for (int depth = 0; depth < kMaxNesting; ++depth) {
    const auto nested = std::find_if(kNests.begin(), kNests.end(), [&](const char* key) {
      const Value* value = find(**dict, key);
      return value != nullptr && std::holds_alternative<Dict*>(*value);
    });
    if (nested == kNests.end()) break;
    dict = std::get_if<Dict*>(find(**dict, *nested));
  }
  return **dict;
}

[[noreturn]] void no_tensors(const Dict& dict, const std::string& where) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : dict)
    if (const auto* text = std::get_if<std::string_view>(&key); text && keys.size() < 5)
      keys.push_back(fmt::format("\"{}\"", printable(*text)));
  throw InputError(fmt::format("{}: holds no weights (its keys: {}); save model.state_dict()",
                               where,
                               keys.empty() ? "none" : fmt::format("{}", fmt::join(keys, ", "))));
}

// Reads every tensor of the state_dict in top. file_bytes bounds what they may take together.
StateDict tensors_of(const Value& top, const FetchStorage& fetch, std::size_t file_bytes,
                     const std::string& where) {
  StateDict state;
  std::map<std::pair<std::string_view, std::string_view>, at::Tensor> storages;
  std::size_t total = 0;
  const Dict& dict = unwrap(top, where);
  for (const auto& [key, value] : dict) {
    const auto* name = std::get_if<std::string_view>(&key);
    const auto* pickled = std::get_if<const PickledTensor*>(&value);
    if (name == nullptr || pickled == nullptr) continue;  // "epoch", "_metadata"
    const PickledTensor& tensor = **pickled;
    const std::string what = fmt::format("{}: tensor \"{}\"", where, printable(*name));
    const ElementType* type = element_type_of_storage(tensor.storage.type);
    if (type == nullptr)
      throw InputError(
          fmt::format("{}: elements of {} cannot be read", what, printable(tensor.storage.type)));
    at::Tensor& storage = storages[{tensor.storage.key, tensor.storage.type}];
    if (!storage.defined()) storage = fetch(tensor.storage, *type);
    std::int64_t offset = 0;
    if (__builtin_add_overflow(tensor.offset, tensor.storage.first, &offset)) offset = -1;
    state.emplace_back(*name, copy_out(storage, offset, tensor.sizes, tensor.strides, what));
    // Tensors may share a storage, but not make a small file a large model.
    total += static_cast<std::size_t>(state.back().second.numel());
    if (total > 4 * file_bytes) throw InputError(what + ": overlaps with too many others");
  }
  if (state.empty()) no_tensors(dict, where);
  return state;
}

// A file in memory for PyTorchStreamReader; reads beyond the end come up short.
class MemoryAdapter final : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit MemoryAdapter(std::span<const std::byte> file) : file_(file) {}
  std::size_t size() const override { return file_.size(); }
  std::size_t read(std::uint64_t position, void* buffer, std::size_t count,
                   const char* /*what*/) const override {
    if (position >= file_.size()) return 0;
    const std::size_t available = std::min<std::size_t>(count, file_.size() - position);
    std::memcpy(buffer, file_.data() + position, available);
    return available;
  }

 private:
  std::span<const std::byte> file_;
};

StateDict read_archive(std::span<const std::byte> file, const std::string& where) {
  caffe2::serialize::PyTorchStreamReader archive(std::make_shared<MemoryAdapter>(file));
  const auto record = [&](const std::string& name) {
    auto [data, size] = archive.getRecord(name);
    return std::pair(std::make_shared<at::DataPtr>(std::move(data)), size);
  };
  const auto text = [](const auto& data_and_size) {
    return std::string(static_cast<const char*>(data_and_size.first->get()), data_and_size.second);
  };
  if (archive.hasRecord("constants.pkl"))
    throw InputError(fmt::format(
        "{}: is a TorchScript program, not weights; save model.state_dict() instead", where));
  if (archive.hasRecord("byteorder") && text(record("byteorder")) != "little")
    throw InputError(
        fmt::format("{}: was written on a big-endian machine; save it again on a "
                    "little-endian one",
                    where));
  const FetchStorage fetch = [&](const Storage& storage, const ElementType& type) {
    auto [data, size] = record(fmt::format("data/{}", storage.key));
    if (static_cast<std::uint64_t>(storage.element_count) > size / type.byte_count)
      throw InputError(
          fmt::format("{}: truncated: record data/{} is too short", where, printable(storage.key)));
    return at::from_blob(
        data->get(), {storage.element_count}, [owner = data](void*) {}, at::dtype(type.type));
  };
  const std::string pickle = text(record("data.pkl"));
  Unpickler unpickler(pickle, where);
  return tensors_of(unpickler.load(), fetch, file.size(), where);
}

// The elements of each storage of a legacy file, whose data begin at position.
std::unordered_map<std::string_view, std::span<const std::byte>> legacy_storages(
    std::span<const std::byte> file, std::size_t position, const List& keys,
    const Unpickler& unpickler, const std::string& where) {
  std::unordered_map<std::string_view, const Storage*> known;
  for (const Storage& storage : unpickler.storages()) known.emplace(storage.key, &storage);
  std::unordered_map<std::string_view, std::span<const std::byte>> found;
  for (const Value& item : keys) {
    const auto* key = std::get_if<std::string_view>(&item);
    const auto storage = key == nullptr ? known.end() : known.find(*key);
    const ElementType* type =
        storage == known.end() ? nullptr : element_type_of_storage(storage->second->type);
    if (type == nullptr) throw InputError(fmt::format("{}: damaged: an unknown storage", where));
    std::uint64_t count = 0;
    if (file.size() - position < sizeof count)
      throw InputError(fmt::format("{}: truncated: storages are missing", where));
    std::memcpy(&count, file.data() + position, sizeof count);
    position += sizeof count;
    if (count > (file.size() - position) / type->byte_count)
      throw InputError(
          fmt::format("{}: truncated: a storage of {} elements is not whole", where, count));
    found.emplace(*key, file.subspan(position, count * type->byte_count));
    position += count * type->byte_count;
  }
  return found;
}

}  // namespace

StateDict parse_zip(std::span<const std::byte> file, const std::string& where) {
  try {
    return read_archive(file, where);
  } catch (const c10::Error& error) {
    const std::string reason = error.what_without_backtrace();
    throw InputError(fmt::format("{}: no PyTorch weights, truncated or damaged ({})", where,
                                 reason.substr(0, reason.find('\n'))));
  }
}

StateDict parse_legacy(std::span<const std::byte> file, const std::string& where) {
  constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // little-endian
  Unpickler unpickler(text_of(file), where);
  const Value magic = unpickler.load();
  if (magic != Value(kMagic))
    throw InputError(fmt::format("{}: is a pickle, but none that torch.save wrote", where));
  unpickler.load();  // the protocol's version
  const Value system = unpickler.load();
  if (const auto* entries = std::get_if<Dict*>(&system)) {
    const Value* little_endian = find(**entries, "little_endian");
    if (little_endian != nullptr && *little_endian == Value(false))
      throw InputError(
          fmt::format("{}: was written on a big-endian machine; save it again on a "
                      "little-endian one",
                      where));
  }
  const Value top = unpickler.load();
  const Value keys = unpickler.load();
  const auto* key_list = std::get_if<List*>(&keys);
  if (key_list == nullptr) throw InputError(fmt::format("{}: damaged: no storages", where));
  const auto storages = legacy_storages(file, unpickler.position(), **key_list, unpickler, where);
  const FetchStorage fetch = [&](const Storage& storage, const ElementType& type) {
    const auto found = storages.find(storage.key);
    if (found == storages.end())
      throw InputError(
          fmt::format("{}: damaged: storage {} is missing", where, printable(storage.key)));
    return copy_of(found->second, type);
  };
  return tensors_of(top, fetch, file.size(), where);
}

}  // namespace frugal::model
