#include "vision/data/mat_file.h"

#include <fmt/format.h>
#include <matio.h>

#include <cstdint>
#include <cstring>

#include "base/error.h"

namespace frugal::data {
namespace {

using Variable = std::unique_ptr<matvar_t, void (*)(matvar_t*)>;

std::size_t count(const matvar_t& variable) {
  if (variable.rank <= 0 || variable.dims == nullptr) return 0;
  std::size_t product = 1;
  for (int i = 0; i < variable.rank; ++i) product *= variable.dims[i];
  return product;
}

void append_utf8(std::uint32_t code, std::string& text) {
  const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      add(0xe0 | code >> 12);
    } else {
      add(0xf0 | code >> 18);
      add(0x80 | (code >> 12 & 0x3f));
    }
    add(0x80 | (code >> 6 & 0x3f));
  }
  add(0x80 | (code & 0x3f));
}

std::string utf8_from_utf16(const void* data, std::size_t units) {
  std::string text;
  std::uint32_t high = 0;  // a surrogate that waits for its other half
  for (std::size_t i = 0; i < units; ++i) {
    std::uint16_t unit;
    std::memcpy(&unit, static_cast<const char*>(data) + 2 * i, 2);
    if (unit >= 0xd800 && unit < 0xdc00) {
      high = unit;
    } else if (unit >= 0xdc00 && unit < 0xe000 && high != 0) {
      append_utf8(0x10000 + ((high - 0xd800u) << 10) + (unit - 0xdc00u), text);
      high = 0;
    } else {
      append_utf8(unit, text);
    }
  }
  return text;
}

// MATLAB's strings are rows of characters: UTF-16, or bytes, as the writer liked. where: for
// messages.
std::string as_string(const matvar_t* value, const std::string& where) {
  if (value == nullptr || value->class_type != MAT_C_CHAR)
    throw InputError(fmt::format("{} is not a string", where));
  if (value->data == nullptr || value->nbytes == 0) return "";
  if (value->data_type == MAT_T_UINT16 || value->data_type == MAT_T_UTF16)
    return utf8_from_utf16(value->data, value->nbytes / 2);
  if (value->data_type == MAT_T_UINT8 || value->data_type == MAT_T_UTF8 ||
      value->data_type == MAT_T_INT8)
    return std::string(static_cast<const char*>(value->data), value->nbytes);
  throw InputError(
      fmt::format("{} is a string of an unknown kind ({})", where, int{value->data_type}));
}

template <typename Number>
double first_of(const matvar_t& value) {
  Number number;
  std::memcpy(&number, value.data, sizeof number);
  return static_cast<double>(number);
}

double as_number(const matvar_t* value, const std::string& where) {
  const bool has_data = value != nullptr && value->data != nullptr && count(*value) >= 1;
  switch (has_data ? value->class_type : MAT_C_EMPTY) {
    case MAT_C_DOUBLE:
      return first_of<double>(*value);
    case MAT_C_SINGLE:
      return first_of<float>(*value);
    case MAT_C_INT8:
      return first_of<std::int8_t>(*value);
    case MAT_C_UINT8:
      return first_of<std::uint8_t>(*value);
    case MAT_C_INT16:
      return first_of<std::int16_t>(*value);
    case MAT_C_UINT16:
      return first_of<std::uint16_t>(*value);
    case MAT_C_INT32:
      return first_of<std::int32_t>(*value);
    case MAT_C_UINT32:
      return first_of<std::uint32_t>(*value);
    case MAT_C_INT64:
      return first_of<std::int64_t>(*value);
    case MAT_C_UINT64:
      return first_of<std::uint64_t>(*value);
    default:
      throw InputError(fmt::format("{} is not a number", where));
  }
}

Variable read_variable(mat_t* file, const std::string& path, const std::string& name,
                       matio_classes kind, std::string_view kind_name) {
  Variable variable(Mat_VarRead(file, name.c_str()), Mat_VarFree);
  if (variable == nullptr) throw InputError(fmt::format("{}: no variable \"{}\"", path, name));
  if (variable->class_type != kind || variable->data == nullptr)
    throw InputError(fmt::format("{}: \"{}\" is not {}", path, name, kind_name));
  return variable;
}

// convert(value, where) of one field of each element of an array of structures.
template <typename Convert>
auto field_values(mat_t* file, const std::string& path, const std::string& name,
                  const std::string& field, const Convert& convert) {
  const Variable variable = read_variable(file, path, name, MAT_C_STRUCT, "an array of structures");
  std::vector<decltype(convert(nullptr, ""))> values;
  for (std::size_t i = 0; i < count(*variable); ++i)
    values.push_back(convert(Mat_VarGetStructFieldByName(variable.get(), field.c_str(), i),
                             fmt::format("{}: {}({}).{}", path, name, i + 1, field)));
  return values;
}

}  // namespace

MatFile::MatFile(const std::string& path)
    : path_(path), file_(Mat_Open(path.c_str(), MAT_ACC_RDONLY), Mat_Close) {
  if (file_ == nullptr) throw InputError(fmt::format("{}: cannot be read as a MATLAB file", path));
}

bool MatFile::has(const std::string& variable) const {
  return Variable(Mat_VarReadInfo(file_.get(), variable.c_str()), Mat_VarFree) != nullptr;
}

bool MatFile::has_field(const std::string& variable, const std::string& field) const {
  const Variable found =
      read_variable(file_.get(), path_, variable, MAT_C_STRUCT, "an array of structures");
  return count(*found) > 0 && Mat_VarGetStructFieldByName(found.get(), field.c_str(), 0) != nullptr;
}

std::vector<std::string> MatFile::strings(const std::string& variable) const {
  const Variable cells = read_variable(file_.get(), path_, variable, MAT_C_CELL, "a cell array");
  std::vector<std::string> values;
  for (std::size_t i = 0; i < count(*cells); ++i)
    values.push_back(as_string(Mat_VarGetCell(cells.get(), static_cast<int>(i)),
                               fmt::format("{}: {}{{{}}}", path_, variable, i + 1)));
  return values;
}

std::vector<std::string> MatFile::field_strings(const std::string& variable,
                                                const std::string& field) const {
  return field_values(file_.get(), path_, variable, field, as_string);
}

std::vector<double> MatFile::field_numbers(const std::string& variable,
                                           const std::string& field) const {
  return field_values(file_.get(), path_, variable, field, as_number);
}

}  // namespace frugal::data
