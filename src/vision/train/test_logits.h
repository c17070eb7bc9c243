// The logits that models are judged by.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "vision/train/compute.h"

namespace frugal::train {

// Left to right. pixels: (height, width, 3).
void mirror(std::span<std::uint8_t> pixels, data::Size size);

// (n, class_count) of all views through the network in evaluation mode; flip: the mean of those of
// a view and of its mirror image. on_done: how many views are through. Empty when should_stop,
// asked between batches, said so.
std::optional<std::vector<float>> test_logits(model::Network& network, const Views& views,
                                              bool flip, const Compute& compute,
                                              const std::function<void(std::size_t)>& on_done,
                                              const std::function<bool()>& should_stop);

// The mean of two heads' or views' logits, into the first.
void add_mean(std::vector<float>& logits, std::span<const float> others);

}  // namespace frugal::train
