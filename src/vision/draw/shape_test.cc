#include "vision/draw/shape.h"

#include <gtest/gtest.h>

#include <set>

namespace frugal::draw {
namespace {

TEST(Shape, ClassesOfATaskAreUnlikeEachOther) {
  for (const Task task : {Task::kSource, Task::kTarget}) {
    const auto shapes = class_shapes({.task = task, .classes = 24, .seed = 3});
    for (std::size_t i = 0; i < shapes.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        EXPECT_GT(difference(shapes[i], shapes[j]), 0.2) << shapes[i].name << shapes[j].name;
  }
}

TEST(Shape, NoTwoClassesOfTheTwoTasksShareAName) {
  std::set<std::string> names;
  for (const Task task : {Task::kSource, Task::kTarget})
    for (const ClassShape& shape : class_shapes({.task = task, .classes = 200}))
      names.insert(shape.name);
  EXPECT_EQ(names.size(), 400u);
}

TEST(Shape, TheFirstClassesDoNotDependOnHowManyFollow) {
  const auto few = class_shapes({.classes = 5, .seed = 7});
  const auto many = class_shapes({.classes = 30, .seed = 7});
  for (std::size_t i = 0; i < few.size(); ++i) {
    EXPECT_EQ(few[i].name, many[i].name);
    EXPECT_EQ(difference(few[i], many[i]), 0);
  }
}

TEST(Shape, AnotherSeedAndAnotherTaskGiveOtherClasses) {
  const auto shape = [](Task task, std::uint64_t seed) {
    return class_shapes({.task = task, .classes = 1, .seed = seed}).front();
  };
  EXPECT_GT(difference(shape(Task::kSource, 0), shape(Task::kSource, 1)), 0.05);
  EXPECT_GT(difference(shape(Task::kSource, 0), shape(Task::kTarget, 0)), 0.05);
}

TEST(Shape, WithoutSpreadAStyleHasOneShape) {
  const auto shapes = class_shapes({.classes = 12, .spread = 0});
  EXPECT_EQ(difference(shapes[0], shapes[6]), 0);
  EXPECT_GT(difference(shapes[0], shapes[1]), 0.05);
}

TEST(Shape, EveryVehicleCouldStandOnItsWheels) {
  for (std::uint64_t seed = 0; seed < 10; ++seed)
    for (const ClassShape& s : class_shapes({.classes = 36, .seed = seed})) {
      EXPECT_GT(s.clearance, 0.1);
      EXPECT_LT(s.clearance, 2 * s.wheel_radius);
      EXPECT_GT(s.belt, s.clearance + 0.3);
      EXPECT_GT(s.roof, s.belt + 0.2);
      EXPECT_GT(s.wheelbase, 4 * s.wheel_radius);
      EXPECT_GE(s.windows, 1);
    }
}

}  // namespace
}  // namespace frugal::draw
