// Options from a YAML file: every option can stand there under its long name, a flag overrules it.
#pragma once

#include <string>
#include <vector>

namespace frugal::cli {

struct KnownOption {
  std::string name;  // "price-per-hour"
  bool is_flag = false;
};

// The file's options as command-line arguments, for the options that are known and that the user
// has not given himself. Throws InputError with the line: an unknown key and the nearest known,
// a value of the wrong kind.
std::vector<std::string> arguments_from_config(const std::string& path,
                                               const std::vector<KnownOption>& known,
                                               const std::vector<std::string>& given_names);

}  // namespace frugal::cli
