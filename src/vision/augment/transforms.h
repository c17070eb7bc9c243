// The rows behind transforms(): what each transform does. A new transform is a function with one of
// these signatures and a row of the table in transforms.cc.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "vision/augment/color.h"
#include "vision/augment/mix.h"
#include "vision/augment/policy.h"

namespace frugal::augment {

// The parameters of one use: what the policy says, else the transform's default.
class Values {
 public:
  Values(const Transform& transform, const TransformUse& use) : transform_(transform), use_(use) {}
  double operator[](std::string_view name) const;

 private:
  const Transform& transform_;
  const TransformUse& use_;
};

// Changes picture in place. view: the size that the network sees; the picture is at least as
// large, and exactly so after a crop.
using PictureFunction = void (*)(data::Image& picture, data::Size view, const Values& values,
                                 RandomStream& random);
// A step of adjust_color, which does several at once.
using ColorFunction = ColorStep (*)(const Values& values, RandomStream& random);
// All of a mixture but its partner.
using MixFunction = Mix (*)(data::Size view, const Values& values, RandomStream& random);

struct Row {
  Transform transform;
  std::variant<PictureFunction, ColorFunction, MixFunction> function;
};

const std::vector<Row>& rows();
// nullptr when there is none of that name.
const Row* find_row(std::string_view transform);

}  // namespace frugal::augment
