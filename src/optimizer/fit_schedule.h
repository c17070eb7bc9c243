// When hyperparameters are fitted, as the history grows: cold, from several starts, each time it
// has grown by 1.4; warm, from the fit before, each time by 1/30 in between.
#pragma once

#include <cstddef>

namespace frugal::optimizer {

struct FitPoint {
  std::size_t size = 0;  // of the history that the fit sees; 0: no fit
  std::size_t cold = 0;  // of the last cold fit up to it
  bool is_cold() const { return size == cold; }
  bool operator==(const FitPoint&) const = default;
};

FitPoint next_fit(const FitPoint& point);
// The last fit with n observations or fewer, of a schedule that begins with first <= n.
FitPoint due_fit(std::size_t first, std::size_t n);
// The fit to use with n observations: the last that is due while a fit takes milliseconds; then
// the one before it, so that there is time to make the last without keeping anybody waiting.
FitPoint used_fit(std::size_t first, std::size_t n);

}  // namespace frugal::optimizer
