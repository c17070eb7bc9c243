// The fields of what answers and studies both hold, for archive.h.
#pragma once

#include <type_traits>

#include "report/answer.h"

namespace frugal::report {

void fields(std::type_identity<BrokenPhotograph>, auto&& archive, auto& x) {
  archive("path", x.path);
  archive("reason", x.reason);
}

void fields(std::type_identity<DataSummary>, auto&& archive, auto& x) {
  archive("path", x.path);
  archive("photographs", x.photographs);
  archive("train", x.train);
  archive("validation", x.validation);
  archive("test", x.test);
  archive("min_per_class", x.min_per_class);
  archive("max_per_class", x.max_per_class);
  archive("split_seed", x.split_seed);
  archive("shared_content", x.shared_content);
  archive("split_hash", x.split_hash);
  archive("broken", x.broken);
  archive("duplicates", x.duplicates);
  archive("near_duplicates", x.near_duplicates);
  archive("conflicting", x.conflicting);
}

}  // namespace frugal::report
