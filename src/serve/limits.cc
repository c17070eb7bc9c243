#include "serve/limits.h"

#include <algorithm>

namespace frugal::serve {
namespace {

constexpr std::size_t kMostBuckets = 10000;

}  // namespace

RateLimit::Bucket& RateLimit::filled(const std::string& name, double now_seconds) {
  const auto [found, first] = buckets_.try_emplace(name, Bucket{burst_, now_seconds});
  Bucket& bucket = found->second;
  const double since = std::max(0.0, now_seconds - bucket.at_seconds);
  bucket = {std::min(burst_, bucket.level + since * per_second_), now_seconds};
  return bucket;
}

void RateLimit::forget_full(double now_seconds) {
  if (buckets_.size() < kMostBuckets) return;
  std::erase_if(buckets_, [&](const auto& item) {
    const Bucket& bucket = item.second;
    return bucket.level + (now_seconds - bucket.at_seconds) * per_second_ >= burst_;
  });
  if (buckets_.size() >= kMostBuckets) buckets_.clear();
}

bool RateLimit::take(const std::string& name, double now_seconds) {
  if (per_second_ <= 0) return true;
  const std::lock_guard lock(mutex_);
  forget_full(now_seconds);
  Bucket& bucket = filled(name, now_seconds);
  if (bucket.level < 1) return false;
  bucket.level -= 1;
  return true;
}

bool RateLimit::is_spent(const std::string& name, double now_seconds) {
  if (per_second_ <= 0) return false;
  const std::lock_guard lock(mutex_);
  if (!buckets_.contains(name)) return false;
  return filled(name, now_seconds).level < 1;
}

}  // namespace frugal::serve
