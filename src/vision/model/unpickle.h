// A restricted reader of Python pickles, protocols 2 to 5, as torch.save writes them. It builds
// values, never objects: globals stay names, and of all callables only OrderedDict,
// _rebuild_tensor_v2 and _rebuild_parameter are honoured, by code of our own. The state that BUILD
// would set is dropped. Opcodes: Python's Lib/pickletools.py; torch's use of them:
// torch/serialization.py, torch/_utils.py.
//
// Values live in an arena, so that nesting, however deep or cyclic, costs no recursion; their
// number is limited, so that a small file cannot ask for much memory.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace frugal::model {

struct Global {
  std::string_view module;  // "torch"
  std::string_view name;    // "FloatStorage"
  bool operator==(const Global&) const = default;
};

// A persistent id ("storage", type, key, location, element count, view).
struct Storage {
  std::string_view type;  // "FloatStorage"
  std::string_view key;
  std::int64_t element_count = 0;  // >= 0
  std::int64_t first = 0;          // >= 0: where a legacy view begins in its storage, in elements
};

// What _rebuild_tensor_v2 was called with; nothing of it is checked against the storage yet.
struct PickledTensor {
  Storage storage;
  std::int64_t offset = 0;  // in elements, as the strides
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
};

struct Value;
using List = std::vector<Value>;  // tuples too
using Dict = std::vector<std::pair<Value, Value>>;

// Strings point into the pickle. Integers of more than 64 bits are their little-endian bytes.
struct Value : std::variant<std::monostate, bool, std::int64_t, double, std::string_view, Global,
                            const Storage*, const PickledTensor*, List*, Dict*> {
  using variant::variant;
};

// Text from a file made fit for a message: at most 100 characters, no unprintable ones.
std::string printable(std::string_view text);

class Unpickler {
 public:
  // pickles: one or several, one after the other; must outlive this, and this its values.
  // where: the file, for messages.
  Unpickler(std::string_view pickles, std::string where)
      : bytes_(pickles), where_(std::move(where)) {}
  Unpickler(const Unpickler&) = delete;
  Unpickler& operator=(const Unpickler&) = delete;

  // The next pickle. Throws InputError: truncated, malformed, an object or a call (named).
  Value load();
  std::size_t position() const { return position_; }  // after the last pickle that was loaded
  const std::deque<Storage>& storages() const { return storages_; }  // all that were mentioned

 private:
  [[noreturn]] void fail(const std::string& what) const;
  bool step(unsigned char opcode);  // false: STOP
  std::string_view take(std::uint64_t byte_count);
  std::string_view take_line();
  std::uint64_t take_unsigned(unsigned byte_count);
  Value take_long(std::uint64_t byte_count);
  double take_double();
  Global take_global();
  Global pop_stack_global();
  void count_values(std::size_t count);
  void push(Value value);
  Value pop();
  void push_mark();
  List pop_to_mark();
  void push_tuple(List items);
  void push_tuple_of(std::size_t count);
  void append(const List& items);
  void set_items(const List& items);
  void memoize(std::uint64_t index);
  void recall(std::uint64_t index);
  Value call(const Value& tuple);
  Value ordered_dict(const List& arguments);
  Value rebuild_tensor(const List& arguments);
  Value persistent(const List& id);
  [[noreturn]] void refuse_object(const Global& type) const;
  template <typename T>
  T as(const Value& value, const char* what) const;
  template <typename T>
  T pop_as(const char* what);
  std::vector<std::int64_t> integers(const Value& value, const char* what) const;

  std::string_view bytes_;
  std::string where_;
  std::size_t position_ = 0;
  std::size_t value_count_ = 0;
  List stack_;
  std::vector<std::size_t> marks_;  // stack heights
  std::unordered_map<std::uint64_t, Value> memo_;
  std::deque<List> lists_;
  std::deque<Dict> dicts_;
  std::deque<Storage> storages_;
  std::deque<PickledTensor> tensors_;
};

}  // namespace frugal::model
