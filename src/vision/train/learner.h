// What the training loop drives: something that takes steps, is judged, and whose whole state can
// be written down. The loop knows nothing of networks, the learner nothing of schedules.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "vision/train/train.h"

namespace frugal::train {

// SGD as torch.optim.SGD defines it (dampening 0):
//   d = gradient + weight_decay × p;  v = momentum × v + d;
//   p -= rate × (nesterov ? d + momentum × v : v)
struct SgdOptions {
  double rate = 0;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;
};

class Learner {
 public:
  virtual ~Learner() = default;

  // Once, when the run starts anew (and not from a checkpoint).
  virtual void begin() = 0;
  // One step of SGD on the batch of that step, when that share of the run is done (0 .. 1). Returns
  // its mean loss before the step, which may be infinite or not a number. Steps are asked for in
  // order.
  virtual double step(std::size_t step, double share_done, const SgdOptions& options) = 0;
  // On the validation photographs. Empty when should_stop said so before the end.
  virtual std::optional<Evaluation> evaluate(const std::function<bool()>& should_stop) = 0;

  // Everything that a later process needs to go on bit for bit.
  virtual std::string save() const = 0;
  // False, and nothing changed, when state is of other shapes.
  virtual bool load(std::string_view state) = 0;

  // The plain network as model.pth.
  virtual void write_weights(const std::string& path) const = 0;
};

}  // namespace frugal::train
