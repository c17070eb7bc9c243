// On which line of a YAML text each of its parts stands.
#pragma once

#include <map>
#include <string>

namespace frugal::cli {

using Lines = std::map<std::string, int>;  // "/parameters/0/bounds" -> line, from 1

// JSON is YAML but for its tabs: of a file with those no line is known.
Lines lines_of(const std::string& text);

// "study.yml:12": the line of the first key below pointer that the words quote, else its own.
std::string place_of(const std::string& path, const Lines& lines, const std::string& pointer,
                     const std::string& words);

}  // namespace frugal::cli
