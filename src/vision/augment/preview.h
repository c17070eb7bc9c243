// What a policy does to photographs, to look at: the views that training would show, and a sheet of
// them.
#pragma once

#include <cstdint>
#include <vector>

#include "vision/augment/policy.h"
#include "vision/data/image.h"

namespace frugal::augment {

// The views of photographs 0, 1, ... in one epoch, mixed with one another where the policy mixes.
// canvases: of one size, canvas_for(view).
std::vector<data::Image> training_views(const Policy& policy,
                                        const std::vector<data::Image>& canvases, data::Size view,
                                        std::uint64_t seed, std::size_t epoch);
// What judging shows of them.
std::vector<data::Image> central_views(const std::vector<data::Image>& canvases, data::Size view);

// Pictures of one size in rows, on white; the first row set apart from the others. The rows may
// have different lengths.
data::Image contact_sheet(const std::vector<std::vector<data::Image>>& rows);

}  // namespace frugal::augment
