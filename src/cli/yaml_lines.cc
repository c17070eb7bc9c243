#include "cli/yaml_lines.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace frugal::cli {
namespace {

void note_lines(const YAML::Node& node, const std::string& pointer, Lines& lines) {
  if (node.IsMap()) {
    for (const auto& entry : node) {
      const std::string below = pointer + "/" + entry.first.Scalar();
      lines[below] = entry.first.Mark().line + 1;
      note_lines(entry.second, below, lines);
    }
  } else if (node.IsSequence()) {
    for (std::size_t i = 0; i < node.size(); ++i) {
      const std::string below = fmt::format("{}/{}", pointer, i);
      lines[below] = node[i].Mark().line + 1;
      note_lines(node[i], below, lines);
    }
  }
}

}  // namespace

Lines lines_of(const std::string& text) {
  Lines lines;
  try {
    note_lines(YAML::Load(text), "", lines);
  } catch (const YAML::Exception&) {
    lines.clear();
  }
  return lines;
}

std::string place_of(const std::string& path, const Lines& lines, const std::string& pointer,
                     const std::string& words) {
  for (auto line = lines.lower_bound(pointer + "/");
       line != lines.end() && line->first.starts_with(pointer + "/"); ++line)
    if (words.find('"' + line->first.substr(line->first.rfind('/') + 1) + '"') != std::string::npos)
      return fmt::format("{}:{}", path, line->second);
  const auto own = lines.find(pointer);
  return own == lines.end() ? path : fmt::format("{}:{}", path, own->second);
}

}  // namespace frugal::cli
