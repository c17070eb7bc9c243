// prices.yml, as it was when the program was built.
#pragma once

#include <string_view>

namespace frugal::cli {

extern const std::string_view kBuiltinPrices;

}  // namespace frugal::cli
