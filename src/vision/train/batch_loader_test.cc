#include "vision/train/batch_loader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vision/data/testing.h"

namespace frugal::train {
namespace {

constexpr std::size_t kCount = 11;

class BatchLoaderTest : public testing::Test {
 protected:
  BatchLoaderTest() {
    data::Dataset dataset;
    dataset.classes = {"even", "odd"};
    for (std::size_t i = 0; i < kCount; ++i) {
      const std::string png = encode_png(data::testing::make_photograph(i, {40, 40}));
      const auto file = folder_ / std::to_string(i);
      data::testing::write(file, png);
      dataset.photographs.push_back({file.string(), i % 2, sha256(png), std::nullopt});
    }
    SilentProgress silent;
    cache_ = std::make_unique<data::PhotographCache>(data::PhotographCache::open_or_build(
        dataset, {37, 37}, {(folder_ / "cache").string()}, 1, silent));
    source_ = {.photographs = cache_.get(), .view = {32, 32}, .seed = 3};
    for (std::size_t i = 0; i < kCount; ++i) {
      source_.indices.push_back(i);
      source_.labels.push_back(static_cast<std::int64_t>(i % 2));
    }
  }

  struct Shown {
    std::vector<std::uint8_t> pixels;
    std::int64_t partner_label = -1;
    float partner_share = 0;
    bool operator==(const Shown&) const = default;
  };

  // What each photograph shows in an epoch, by its position.
  std::map<std::size_t, Shown> shown(const std::string& policy, std::size_t batch_size,
                                     std::size_t epoch) {
    source_.policy = augment::policy_named(policy);
    BatchPlan plan(kCount, batch_size, source_.seed);
    std::map<std::size_t, Shown> views;
    for (std::size_t s = 0; s < plan.steps_per_epoch(); ++s) {
      const std::size_t step = epoch * plan.steps_per_epoch() + s;
      const auto positions = plan.positions(step);
      const Batch batch = make_batch(source_, plan, step);
      const std::size_t each = batch.pixels.size() / positions.size();
      for (std::size_t i = 0; i < positions.size(); ++i) {
        const auto begin = batch.pixels.begin() + static_cast<std::ptrdiff_t>(i * each);
        Shown view{{begin, begin + static_cast<std::ptrdiff_t>(each)}};
        if (!batch.partner_labels.empty()) {
          view.partner_label = batch.partner_labels[i];
          view.partner_share = batch.partner_shares[i];
        }
        EXPECT_EQ(batch.labels[i], static_cast<std::int64_t>(positions[i] % 2));
        views[positions[i]] = view;
      }
    }
    return views;
  }

  data::testing::TemporaryFolder folder_;
  std::unique_ptr<data::PhotographCache> cache_;
  BatchSource source_;
};

TEST_F(BatchLoaderTest, WhatAPhotographShowsDoesNotDependOnItsBatch) {
  for (const char* policy :
       {"trivial", "random_crop,mixup:probability=0.5", "random_crop,cutmix"}) {
    EXPECT_EQ(shown(policy, 4, 2), shown(policy, 11, 2)) << policy;
    EXPECT_NE(shown(policy, 4, 2), shown(policy, 4, 3)) << policy;
  }
}

TEST_F(BatchLoaderTest, AMixedViewIsTheTwoViewsInTheirShares) {
  const auto plain = shown("random_crop,horizontal_flip:probability=0.5", 4, 1);
  const auto mixed = shown("random_crop,horizontal_flip:probability=0.5,mixup:alpha=1", 4, 1);
  std::size_t explained = 0;
  for (const auto& [position, view] : mixed)
    for (const auto& [partner, other] : plain) {
      if (static_cast<std::int64_t>(partner % 2) != view.partner_label) continue;
      bool same = true;
      for (std::size_t i = 0; i < view.pixels.size() && same; ++i) {
        const float blend = (1 - view.partner_share) * plain.at(position).pixels[i] +
                            view.partner_share * other.pixels[i];
        same = std::abs(blend - view.pixels[i]) <= 0.51f;
      }
      explained += same ? 1 : 0;
      if (same) break;
    }
  EXPECT_EQ(explained, kCount);
}

}  // namespace
}  // namespace frugal::train
