// MATLAB's .mat files (version 5), as far as data sets need them: cells of strings, and 1 × N
// arrays of structures whose fields are strings or numbers, by libmatio.
#pragma once

#include <memory>
#include <string>
#include <vector>

struct _mat_t;

namespace frugal::data {

// All members throw InputError that names the file, the variable and the element.
class MatFile {
 public:
  explicit MatFile(const std::string& path);

  bool has(const std::string& variable) const;
  bool has_field(const std::string& variable, const std::string& field) const;

  // A cell array of strings, UTF-8.
  std::vector<std::string> strings(const std::string& variable) const;
  // One field of each element of an array of structures.
  std::vector<std::string> field_strings(const std::string& variable,
                                         const std::string& field) const;
  std::vector<double> field_numbers(const std::string& variable, const std::string& field) const;

 private:
  std::string path_;
  std::unique_ptr<_mat_t, int (*)(_mat_t*)> file_;
};

}  // namespace frugal::data
