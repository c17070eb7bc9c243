// Image folder: one folder a class, photographs in it at any depth (ROOT/CLASS/.../x.jpg); or a
// folder a part with class folders in it (ROOT/train/CLASS/x.jpg, val, test), which is a given
// split. Every file that is not hidden counts as a photograph, so that what is not one is found
// broken rather than passed over. Files beside the class folders are ignored.
#pragma once

#include "vision/data/dataset.h"

namespace frugal::data {

class FolderReader final : public DatasetReader {
 public:
  std::string_view name() const override { return "folder"; }
  bool recognizes(const std::string& path) const override;
  Dataset read(const std::string& path) const override;
};

}  // namespace frugal::data
