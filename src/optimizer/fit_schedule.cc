#include "optimizer/fit_schedule.h"

#include <algorithm>

namespace frugal::optimizer {
namespace {

constexpr std::size_t kQuick = 64;  // observations; the cold fit takes a tenth of a second there

struct LastTwo {
  FitPoint before, last;
};

LastTwo last_two(std::size_t first, std::size_t n) {
  LastTwo result{{first, first}, {first, first}};
  for (FitPoint next = next_fit(result.last); next.size <= n; next = next_fit(next))
    result = {result.last, next};
  return result;
}

}  // namespace

FitPoint next_fit(const FitPoint& point) {
  const std::size_t cold = std::max(point.cold + 1, point.cold + point.cold * 2 / 5);
  const std::size_t warm = point.size + std::max<std::size_t>(1, point.size / 30);
  return warm < cold ? FitPoint{warm, point.cold} : FitPoint{cold, cold};
}

FitPoint due_fit(std::size_t first, std::size_t n) {
  return last_two(first, n).last;
}

FitPoint used_fit(std::size_t first, std::size_t n) {
  const LastTwo fits = last_two(first, n);
  return fits.last.size < kQuick ? fits.last : fits.before;
}

}  // namespace frugal::optimizer
