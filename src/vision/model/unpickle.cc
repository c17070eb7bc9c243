#include "vision/model/unpickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/error.h"

namespace frugal::model {
namespace {

// A ResNet-101 with its optimizer's state needs about 50,000.
constexpr std::size_t kMaxValues = std::size_t{1} << 22;

std::string dotted(const Global& global) {
  return printable(fmt::format("{}.{}", global.module, global.name));
}

bool is(const Global& global, std::string_view module, std::string_view name) {
  return global.module == module && global.name == name;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result(text.substr(0, 100));
  std::replace_if(
      result.begin(), result.end(), [](unsigned char c) { return c < 32 || c >= 127; }, '?');
  return result;
}

void Unpickler::fail(const std::string& what) const {
  throw InputError(fmt::format("{}: damaged pickle: {} at byte {}", where_, what, position_));
}

void Unpickler::refuse_object(const Global& type) const {
  throw InputError(
      fmt::format("{}: holds an object of class {}, not weights alone; save model.state_dict() "
                  "instead of the whole model",
                  where_, dotted(type)));
}

std::string_view Unpickler::take(std::uint64_t byte_count) {
  if (byte_count > bytes_.size() - position_)
    throw InputError(fmt::format("{}: truncated: its pickle ends too early", where_));
  const auto taken = bytes_.substr(position_, byte_count);
  position_ += byte_count;
  return taken;
}

std::string_view Unpickler::take_line() {
  const auto end = bytes_.find('\n', position_);
  if (end == std::string_view::npos) fail("a name without an end");
  const auto line = take(end - position_);
  take(1);
  return line;
}

std::uint64_t Unpickler::take_unsigned(unsigned byte_count) {
  std::uint64_t number = 0;
  const auto taken = take(byte_count);
  for (unsigned i = 0; i < byte_count; ++i)
    number |= std::uint64_t{static_cast<unsigned char>(taken[i])} << (8 * i);
  return number;
}

Value Unpickler::take_long(std::uint64_t byte_count) {
  if (byte_count > 8) return take(byte_count);
  if (byte_count == 0) return std::int64_t{0};
  const auto bits = static_cast<unsigned>(byte_count) * 8;
  // Two's complement of that many bits: the sign is carried up to bit 63 and down again.
  return static_cast<std::int64_t>(take_unsigned(bits / 8) << (64 - bits)) >> (64 - bits);
}

template <typename T>
T Unpickler::as(const Value& value, const char* what) const {
  const T* held = std::get_if<T>(&value);
  if (held == nullptr) fail(fmt::format("{} is missing", what));
  return *held;
}

template <typename T>
T Unpickler::pop_as(const char* what) {
  return as<T>(pop(), what);
}

double Unpickler::take_double() {
  std::uint64_t bits = 0;  // the one number in a pickle that is big-endian
  for (unsigned char byte : take(8)) bits = bits << 8 | byte;
  return std::bit_cast<double>(bits);
}

Global Unpickler::take_global() {
  const auto module = take_line();
  return {module, take_line()};
}

Global Unpickler::pop_stack_global() {
  const auto name = pop_as<std::string_view>("a global's name");
  return {pop_as<std::string_view>("a global's module"), name};
}

void Unpickler::count_values(std::size_t count) {
  value_count_ += count;
  if (value_count_ > kMaxValues) fail("far more values than weights need");
}

void Unpickler::push(Value value) {
  count_values(1);
  stack_.push_back(value);
}

Value Unpickler::pop() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("nothing left on the stack");
  const Value value = stack_.back();
  stack_.pop_back();
  return value;
}

void Unpickler::push_mark() {
  count_values(1);
  marks_.push_back(stack_.size());
}

List Unpickler::pop_to_mark() {
  if (marks_.empty()) fail("a mark is missing");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  List items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

void Unpickler::push_tuple(List items) {
  push(&lists_.emplace_back(std::move(items)));
}

void Unpickler::push_tuple_of(std::size_t count) {
  List items(count);
  for (std::size_t i = count; i > 0; --i) items[i - 1] = pop();
  push_tuple(std::move(items));
}

void Unpickler::append(const List& items) {
  const Value target = pop();
  List& list = *as<List*>(target, "a list");
  list.insert(list.end(), items.begin(), items.end());
  stack_.push_back(target);
}

void Unpickler::set_items(const List& items) {
  const Value target = pop();
  Dict& dict = *as<Dict*>(target, "a dict");
  if (items.size() % 2 != 0) fail("a key without its value");
  for (std::size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
  stack_.push_back(target);
}

void Unpickler::memoize(std::uint64_t index) {
  count_values(1);
  const Value top = pop();
  stack_.push_back(top);
  memo_.insert_or_assign(index, top);
}

void Unpickler::recall(std::uint64_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) fail("an unknown memo");
  push(found->second);
}

std::vector<std::int64_t> Unpickler::integers(const Value& value, const char* what) const {
  std::vector<std::int64_t> numbers;
  for (const Value& item : *as<List*>(value, what)) numbers.push_back(as<std::int64_t>(item, what));
  return numbers;
}

Value Unpickler::call(const Value& tuple) {
  const List& arguments = *as<List*>(tuple, "a call's arguments");
  const auto function = pop_as<Global>("a call's function");
  if (is(function, "collections", "OrderedDict")) return ordered_dict(arguments);
  if (is(function, "torch._utils", "_rebuild_tensor_v2")) return rebuild_tensor(arguments);
  if (is(function, "torch._utils", "_rebuild_parameter")) {
    if (arguments.empty()) fail("a parameter without a tensor");
    return as<const PickledTensor*>(arguments[0], "a parameter's tensor");
  }
  throw InputError(
      fmt::format("{}: its pickle wants to call {}; Frugal reads weights and runs nothing: save "
                  "model.state_dict() alone, or safetensors",
                  where_, dotted(function)));
}

// OrderedDict(), or as Python 2 wrote it OrderedDict([[key, value], ...]).
Value Unpickler::ordered_dict(const List& arguments) {
  Dict& dict = dicts_.emplace_back();
  if (arguments.empty()) return &dict;
  const List& pairs = *as<List*>(arguments[0], "an OrderedDict's list");
  count_values(pairs.size());
  for (const Value& item : pairs) {
    const List& pair = *as<List*>(item, "an OrderedDict's pair");
    if (pair.size() != 2) fail("an OrderedDict's pair is missing");
    dict.emplace_back(pair[0], pair[1]);
  }
  return &dict;
}

// (storage, offset, sizes, strides, requires_grad, hooks[, metadata])
Value Unpickler::rebuild_tensor(const List& arguments) {
  if (arguments.size() < 4) fail("a tensor without its layout");
  PickledTensor tensor{.storage = *as<const Storage*>(arguments[0], "a tensor's storage"),
                       .offset = as<std::int64_t>(arguments[1], "a tensor's offset"),
                       .sizes = integers(arguments[2], "a tensor's size"),
                       .strides = integers(arguments[3], "a tensor's stride")};
  count_values(tensor.sizes.size() + tensor.strides.size());
  return &std::as_const(tensors_.emplace_back(std::move(tensor)));
}

// ("storage", type, key, location, element count[, view]), view: None or (key, first, count).
// A legacy whole model has ("module", type, source file, source).
Value Unpickler::persistent(const List& id) {
  const auto kind = id.empty() ? "" : as<std::string_view>(id[0], "a persistent id");
  if (kind == "module" && id.size() > 1) refuse_object(as<Global>(id[1], "a module's class"));
  if (kind != "storage" || id.size() < 5) fail("an unknown persistent id");
  Storage storage{.type = as<Global>(id[1], "a storage's type").name,
                  .key = as<std::string_view>(id[2], "a storage's key"),
                  .element_count = as<std::int64_t>(id[4], "a storage's size")};
  if (id.size() > 5 && !std::holds_alternative<std::monostate>(id[5])) {
    const List& view = *as<List*>(id[5], "a storage's view");
    if (view.size() != 3) fail("a storage's view is missing");
    storage.first = as<std::int64_t>(view[1], "a view's offset");
  }
  if (storage.element_count < 0 || storage.first < 0) fail("a negative size");
  return &std::as_const(storages_.emplace_back(storage));
}

// One opcode a line, in the groups of pickletools.py.
// clang-format off
bool Unpickler::step(unsigned char opcode) {
  const auto small = [&](unsigned byte_count) {
    return static_cast<std::int64_t>(take_unsigned(byte_count));
  };
  switch (opcode) {
    case 0x80: take(1); break;                               // PROTO
    case 0x95: take(8); break;                               // FRAME
    case '.': return false;                                  // STOP
    case '(': push_mark(); break;                            // MARK
    case '0': pop(); break;                                  // POP
    case '1': pop_to_mark(); break;                          // POP_MARK

    case 'N': push({}); break;                               // NONE
    case 0x88: push(true); break;                            // NEWTRUE
    case 0x89: push(false); break;                           // NEWFALSE
    case 'J': push(take_long(4)); break;                     // BININT
    case 'K': push(small(1)); break;                         // BININT1
    case 'M': push(small(2)); break;                         // BININT2
    case 0x8a: push(take_long(take_unsigned(1))); break;     // LONG1
    case 'G': push(take_double()); break;                    // BINFLOAT
    case 'U': case 0x8c: case 'C': push(take(take_unsigned(1))); break;  // SHORT_BIN...
    case 'T': case 'X': case 'B': push(take(take_unsigned(4))); break;   // BIN...
    case 0x8d: case 0x8e: push(take(take_unsigned(8))); break;           // BINUNICODE8, BINBYTES8

    case ')': push_tuple({}); break;                         // EMPTY_TUPLE
    case 0x85: push_tuple_of(1); break;                      // TUPLE1
    case 0x86: push_tuple_of(2); break;                      // TUPLE2
    case 0x87: push_tuple_of(3); break;                      // TUPLE3
    case 't': push_tuple(pop_to_mark()); break;              // TUPLE
    case ']': push(&lists_.emplace_back()); break;           // EMPTY_LIST
    case 'a': append({pop()}); break;                        // APPEND
    case 'e': append(pop_to_mark()); break;                  // APPENDS
    case '}': push(&dicts_.emplace_back()); break;           // EMPTY_DICT
    case 's': { const Value value = pop(); set_items({pop(), value}); break; }  // SETITEM
    case 'u': set_items(pop_to_mark()); break;               // SETITEMS

    case 'q': memoize(take_unsigned(1)); break;              // BINPUT
    case 'r': memoize(take_unsigned(4)); break;              // LONG_BINPUT
    case 0x94: memoize(memo_.size()); break;                 // MEMOIZE
    case 'h': recall(take_unsigned(1)); break;               // BINGET
    case 'j': recall(take_unsigned(4)); break;               // LONG_BINGET

    case 'c': push(take_global()); break;                    // GLOBAL
    case 0x93: push(pop_stack_global()); break;              // STACK_GLOBAL
    case 'Q': push(persistent(*pop_as<List*>("a persistent id"))); break;  // BINPERSID
    case 'R': push(call(pop())); break;                      // REDUCE
    case 'b': pop(); break;                                  // BUILD: the state is dropped
    case 'i': refuse_object(take_global());                  // INST
    case 0x92: pop(); [[fallthrough]];                       // NEWOBJ_EX
    case 0x81: pop(); refuse_object(pop_as<Global>("an object's class"));  // NEWOBJ
    default: fail(fmt::format("opcode 0x{:02x} is none that weights need", opcode));
  }
  return true;
}
// clang-format on

Value Unpickler::load() {
  stack_.clear();
  marks_.clear();
  memo_.clear();
  while (step(static_cast<unsigned char>(take(1)[0]))) continue;
  return pop();
}

}  // namespace frugal::model
