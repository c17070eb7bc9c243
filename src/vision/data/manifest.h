// The checked data set as a file: what a worker reads instead of checking it again.
#pragma once

#include "base/json.h"
#include "vision/data/dataset.h"

namespace frugal::data {

Json to_json(const Dataset& dataset);
// Throws InputError. where: the file.
Dataset dataset_from_json(const Json& json, std::string_view where);

}  // namespace frugal::data
