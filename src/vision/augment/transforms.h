// The rows behind transforms(): what each transform does to a picture. A new transform is a
// function with this signature and a row of the table in transforms.cc.
#pragma once

#include <string_view>
#include <vector>

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
using Function = void (*)(data::Image& picture, data::Size view, const Values& values,
                          RandomStream& random);

struct Row {
  Transform transform;
  Function function;
};

const std::vector<Row>& rows();
// nullptr when there is none of that name.
const Row* find_row(std::string_view transform);

}  // namespace frugal::augment
