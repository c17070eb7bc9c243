#include "vision/data/folder_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/error.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;

// Also what operating systems and archivers leave behind.
bool hidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name == "__MACOSX" || name == "Thumbs.db" ||
         name == "desktop.ini";
}

// What lies in a folder and is not hidden, sorted by name.
std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> result;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (!hidden(at->path())) result.push_back(at->path());
  if (error) throw SystemError(fmt::format("cannot list {}", folder.string()), error.value());
  std::sort(result.begin(), result.end());
  return result;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;  // a link that leads nowhere is no folder
  return fs::is_directory(path, ignored);
}

std::vector<fs::path> subfolders(const fs::path& folder) {
  std::vector<fs::path> result = entries(folder);
  std::erase_if(result, [](const fs::path& path) { return !is_folder(path); });
  return result;
}

// All files under folder, appended to found. visited: the real paths of the folders listed
// already, so that a loop of links ends.
void list_files(const fs::path& folder, std::set<fs::path>& visited, std::vector<fs::path>& found) {
  if (!visited.insert(fs::canonical(folder)).second) return;
  for (const fs::path& path : entries(folder)) {
    if (is_folder(path))
      list_files(path, visited, found);
    else
      found.push_back(path);
  }
}

// The part folders when the layout is a given split: every subfolder is named for a part, one of
// them for train, and each holds folders. Empty otherwise.
std::vector<fs::path> part_folders(const fs::path& root) {
  std::vector<fs::path> folders = subfolders(root);
  const auto part = [](const fs::path& path) { return part_named(path.filename().string()); };
  const bool given = std::all_of(folders.begin(), folders.end(), [&](const fs::path& path) {
    return part(path).has_value() && !subfolders(path).empty();
  });
  const bool has_train = std::any_of(folders.begin(), folders.end(), [&](const fs::path& path) {
    return part(path) == Part::kTrain;
  });
  if (!given || !has_train) folders.clear();
  return folders;
}

}  // namespace

bool FolderReader::recognizes(const std::string& path) const {
  return is_folder(path) && !subfolders(path).empty();
}

Dataset FolderReader::read(const std::string& path) const {
  Dataset dataset{.root = path, .reader = std::string(name()), .classes = {}, .photographs = {}};
  struct ClassFolder {
    fs::path path;
    std::optional<Part> part;
  };
  std::map<std::string, std::vector<ClassFolder>> classes;
  const std::vector<fs::path> parts = part_folders(path);
  if (parts.empty())
    for (const fs::path& folder : subfolders(path))
      classes[folder.filename().string()].push_back({folder, std::nullopt});
  for (const fs::path& part : parts)
    for (const fs::path& folder : subfolders(part))
      classes[folder.filename().string()].push_back({folder, part_named(part.filename().string())});

  for (const auto& [class_name, folders] : classes) {
    for (const auto& folder : folders) {
      std::set<fs::path> visited;
      std::vector<fs::path> files;
      list_files(folder.path, visited, files);
      for (const fs::path& file : files)
        dataset.photographs.push_back({file.string(), dataset.classes.size(), "", folder.part});
    }
    dataset.classes.push_back(class_name);
  }
  return dataset;
}

}  // namespace frugal::data
