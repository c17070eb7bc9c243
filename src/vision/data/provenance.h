// Which photographs of a data set are altered copies of others, written beside them by whoever
// made the copies (frugal augment), so that a copy and its source are never split: the check puts
// them into one group, whatever they look like.
//
// Format (version 1), the file augmented.json in the data set's folder or in the folder above it:
//   {"version": 1, "made_by": {...}, "columns": ["path", "content_hash", "source_path",
//    "source_hash", "variant"], "copies": [[...], ...]}
// Paths are relative to the file's folder; hashes are the SHA-256 of the files, by which copies
// are known wherever they are moved to. made_by: how the copies were made (policy, seed).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "vision/data/dataset.h"

namespace frugal::data {

inline constexpr std::string_view kProvenanceFile = "augmented.json";

struct AlteredCopy {
  std::string path, content_hash;
  std::string source_path, source_hash;
  std::size_t variant = 0;  // the how manieth copy of its source, from 1
  bool operator==(const AlteredCopy&) const = default;
};

Json to_json(const std::vector<AlteredCopy>& copies, const Json& made_by);
// Throws InputError: another version, not a list of copies.
std::vector<AlteredCopy> copies_from_json(const Json& json, std::string_view where);

// What stands in the file of the data set in that folder; nothing when there is none, or no folder.
std::vector<AlteredCopy> read_copies(const std::filesystem::path& root);

// Puts copies of one source, and the source where it is there, into one group. Returns how many
// photographs are such copies. dataset: with content hashes; group: as CheckSummary's.
std::size_t join_copies(const std::vector<AlteredCopy>& copies, const Dataset& dataset,
                        std::vector<std::size_t>& group);

}  // namespace frugal::data
