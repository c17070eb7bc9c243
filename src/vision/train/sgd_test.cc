#include "vision/train/sgd.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

namespace frugal::train {
namespace {

// torch.optim.SGD's documentation, tensor by tensor.
void plain_step(at::Tensor& p, at::Tensor& v, const at::Tensor& gradient, const SgdOptions& o) {
  const at::Tensor d = gradient.add(p, o.weight_decay);
  v = v.mul(o.momentum).add(d);
  p = p.sub(o.nesterov ? d.add(v, o.momentum) : v, o.rate);
}

TEST(Sgd, AgreesWithThePlainFormulaInEveryMemoryLayout) {
  const at::NoGradGuard no_grad;
  for (const bool nesterov : {false, true})
    for (const bool channels_last : {false, true}) {
      at::Tensor p = at::randn({8, 4, 3, 3});
      if (channels_last) p = p.contiguous(at::MemoryFormat::ChannelsLast);
      at::Tensor expected = p.clone(), v = at::zeros_like(p);
      Sgd sgd({p});
      for (int step = 0; step < 3; ++step) {
        const at::Tensor gradient = at::randn({8, 4, 3, 3});  // contiguous, whatever p is
        p.mutable_grad() = gradient;
        const SgdOptions options{
            .rate = 0.1, .momentum = 0.7, .nesterov = nesterov, .weight_decay = 0.01};
        sgd.step(options);
        plain_step(expected, v, gradient, options);
        EXPECT_FALSE(p.grad().defined());
        EXPECT_TRUE(at::allclose(p, expected, 1e-5, 1e-6));
        EXPECT_TRUE(at::allclose(sgd.velocities()[0], v, 1e-5, 1e-6));
      }
    }
}

TEST(Sgd, AFactorScalesTheRateOfItsParameterAlone) {
  const at::NoGradGuard no_grad;
  at::Tensor slow = at::randn({5}), fast = slow.clone();
  at::Tensor expected = slow.clone(), v = at::zeros_like(slow);
  Sgd sgd({slow, fast}, {0.5, 3});
  const at::Tensor gradient = at::randn({5});
  slow.mutable_grad() = gradient.clone();
  fast.mutable_grad() = gradient.clone();
  sgd.step({.rate = 0.1});
  plain_step(expected, v, gradient, {.rate = 0.05});
  EXPECT_TRUE(at::allclose(slow, expected));
  expected.add_(gradient, -0.25);
  EXPECT_TRUE(at::allclose(fast, expected));
}

}  // namespace
}  // namespace frugal::train
