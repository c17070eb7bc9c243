// An augmented copy of a data set on disk, for programs that cannot augment: every photograph of
// the training part as it is and `multiplier` altered copies beside it; what the data set gives to
// validation or test is copied as it is. The list of copies (vision/data/provenance.h) ties each to
// its source, so that no split of ours ever separates the two.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/progress.h"
#include "vision/augment/policy.h"
#include "vision/data/dataset.h"

namespace frugal::augment {

struct ExportOptions {
  Policy policy;
  std::size_t multiplier = 1;
  std::uint64_t seed = 0;
  std::size_t short_side_pixels = 0;  // of the copies; 0: each photograph's own
  unsigned threads = 1;
};

struct ExportSummary {
  std::size_t originals = 0, copies = 0;
};

// Writes folder/CLASS/NAME.EXT and NAME-augN.jpg (quality 95), with a folder a part above the
// classes where the data set gives a split; the files are a pure function of data set and options,
// whatever the number of threads. Variant n of a photograph is its view of epoch n − 1. A view is
// seven eighths of the photograph, as in training, so that crops have room. The folder is made
// under another name and renamed when complete.
// dataset: checked, with content hashes. Throws InputError when folder exists, when the policy
// mixes photographs (a mixed label has no folder), when the data set holds such copies already, or
// for a photograph that cannot be read.
ExportSummary export_augmented(const data::Dataset& dataset, const ExportOptions& options,
                               const std::filesystem::path& folder, ProgressSink& progress);

}  // namespace frugal::augment
