#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole
#include <caffe2/serialize/inline_container.h>
#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "vision/model/stored_tensor.h"
#include "vision/model/weights.h"

namespace frugal::model {
namespace {

// The opcodes of a state_dict, pickle protocol 2; see unpickle.cc for what they mean.
class Pickler {
 public:
  void open_ordered_dict() {
    out_ +=
        "\x80\x02"
        "ccollections\nOrderedDict\n)R(";
  }
  void close_ordered_dict() { out_ += "u."; }

  void tensor(const std::string& name, const at::Tensor& tensor, std::size_t record) {
    const ElementType* type = element_type_of(tensor.scalar_type());
    FRUGAL_CHECK(type != nullptr, name);
    const std::vector<std::int64_t> sizes = tensor.sizes().vec();
    text(name);
    out_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    text("storage");
    out_ += fmt::format("ctorch\n{}\n", type->storage);
    text(std::to_string(record));
    text("cpu");
    integer(tensor.numel());
    out_ += "tQ";
    integer(0);  // offset
    tuple(sizes);
    tuple(contiguous_strides(sizes));
    out_ +=
        "\x89"
        "ccollections\nOrderedDict\n)RtR";  // requires no gradient; no hooks
  }

  const std::string& bytes() const { return out_; }

 private:
  void text(std::string_view value) {
    out_ += 'X';
    little_endian(value.size(), 4);
    out_ += value;
  }

  void integer(std::int64_t value) {
    const bool small = value <= std::numeric_limits<std::int32_t>::max();
    out_ += small ? "J" : "\x8a\x08";  // BININT, LONG1 of 8 bytes
    little_endian(static_cast<std::uint64_t>(value), small ? 4 : 8);
  }

  void tuple(const std::vector<std::int64_t>& values) {
    out_ += '(';
    for (const std::int64_t value : values) integer(value);
    out_ += 't';
  }

  void little_endian(std::uint64_t value, unsigned byte_count) {
    for (unsigned i = 0; i < byte_count; ++i) out_ += static_cast<char>(value >> (8 * i));
  }

  std::string out_;
};

}  // namespace

void write_pth(const std::string& path, const StateDict& state) {
  std::string file;
  caffe2::serialize::PyTorchStreamWriter archive([&](const void* data, std::size_t size) {
    file.append(static_cast<const char*>(data), size);
    return size;
  });
  Pickler pickler;
  pickler.open_ordered_dict();
  for (std::size_t i = 0; i < state.size(); ++i) pickler.tensor(state[i].first, state[i].second, i);
  pickler.close_ordered_dict();
  archive.writeRecord("data.pkl", pickler.bytes().data(), pickler.bytes().size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    const at::Tensor values = state[i].second.detach().cpu().contiguous();
    archive.writeRecord(fmt::format("data/{}", i), values.data_ptr(), values.nbytes());
  }
  archive.writeEndOfFile();
  write_file(path, file);
}

}  // namespace frugal::model
