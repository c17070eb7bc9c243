#include "vision/draw/camera.h"

#include <gtest/gtest.h>

namespace frugal::draw {
namespace {

TEST(Camera, ItsTargetIsSeenAtTheCentre) {
  const Camera camera{.yaw = 0.4, .pitch = 0.2, .roll = 0.1, .centre = {40, 50}};
  const Point seen = camera.project(camera.target);
  EXPECT_NEAR(seen.x, 40, 1e-9);
  EXPECT_NEAR(seen.y, 50, 1e-9);
}

TEST(Camera, AMetreAtTheTargetHasThatManyPixels) {
  const Camera camera{.pixels_per_metre = 20, .centre = {40, 50}, .target = {0, 0, 0}};
  EXPECT_NEAR(camera.project({1, 0, 0}).x, 60, 1e-9);
  EXPECT_NEAR(camera.project({0, 1, 0}).y, 30, 1e-9);
}

TEST(Camera, AMirroredVehicleDrivesToTheLeft) {
  Camera camera{.yaw = 0.3, .pitch = 0.1, .centre = {40, 50}};
  const Point right = camera.project({2, 1, 0.5});
  camera.mirrored = true;
  const Point left = camera.project({2, 1, 0.5});
  EXPECT_NEAR(left.x - 40, 40 - right.x, 1e-9);
  EXPECT_NEAR(left.y, right.y, 1e-9);
}

TEST(Camera, WhatIsNearerIsLarger) {
  const Camera camera{.target = {0, 0, 0}};
  EXPECT_GT(camera.nearness({0, 0, 1}), camera.nearness({0, 0, -1}));
  EXPECT_GT(camera.project({1, 0, 1}).x, camera.project({1, 0, -1}).x);
}

TEST(Camera, PositiveYawBringsTheNoseNearer) {
  const Camera camera{.yaw = 0.5};
  EXPECT_GT(camera.nearness({2, 0, 0}), camera.nearness({-2, 0, 0}));
}

TEST(Camera, TheGroundEndsAtTheHorizon) {
  const Camera camera{.pitch = 0.2, .centre = {40, 50}};
  EXPECT_NEAR(camera.project({0, 0, -1e7}).y, camera.horizon(), 1e-3);
  EXPECT_LT(camera.horizon(), camera.project({0, 0, -100}).y);
}

}  // namespace
}  // namespace frugal::draw
