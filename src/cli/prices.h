// The price of the machine, from the options: --price-per-hour, or --machine in a list of prices.
#pragma once

#include <string>

#include "cli/options.h"

namespace frugal::cli {

struct Price {
  double per_hour = 0;  // dollars, of the whole machine; 0: none was given
  std::string source;  // "c7a.large on demand, AWS us-east-1, list price of 2025-01-15 (https://…)"
};

// The list: options.prices, else prices.yml beside the program, else the one that was built in.
// Throws InputError: a machine or price that is not in it, --spot without --machine, a list that is
// wrong.
Price price_of(const PriceOptions& options);

}  // namespace frugal::cli
