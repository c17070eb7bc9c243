#include "optimizer/importance.h"

#include "base/error.h"
#include "optimizer/pick_freeze.h"
#include "optimizer/surrogate.h"

namespace frugal::optimizer {

using Eigen::Index;
using Eigen::MatrixXd;

Importance importance(const Surrogate& surrogate, const ImportanceOptions& options) {
  if (!surrogate.lacking().empty()) throw InputError("no importance: " + surrogate.lacking());
  const Functions constant = [](const std::vector<Point>& points) {
    return MatrixXd::Zero(Index(points.size()), 1);
  };
  const Functions drawn = [&](const std::vector<Point>& points) {
    return surrogate.evaluate(points);
  };
  return pick_freeze(surrogate.problem().space, surrogate.encoder(),
                     surrogate.is_constant() ? constant : drawn, surrogate.seed(), options);
}

}  // namespace frugal::optimizer
