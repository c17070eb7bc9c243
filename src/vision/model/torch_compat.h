// Where LibTorch 1.13 and 2.x differ, and nothing else.
#pragma once

#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole

#include <ATen/autocast_mode.h>
#include <torch/version.h>

#define FRUGAL_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) ||         \
   (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace frugal::model {

namespace internal {
#if FRUGAL_TORCH_AT_LEAST(2, 4)
inline bool autocast_enabled(at::DeviceType device) {
  return at::autocast::is_autocast_enabled(device);
}
inline void enable_autocast(at::DeviceType device, bool on) {
  at::autocast::set_autocast_enabled(device, on);
}
inline at::ScalarType autocast_type(at::DeviceType device) {
  return at::autocast::get_autocast_dtype(device);
}
inline void set_autocast_type(at::DeviceType device, at::ScalarType type) {
  at::autocast::set_autocast_dtype(device, type);
}
#else
inline bool autocast_enabled(at::DeviceType device) {
  return device == at::kCUDA ? at::autocast::is_enabled() : at::autocast::is_cpu_enabled();
}
inline void enable_autocast(at::DeviceType device, bool on) {
  device == at::kCUDA ? at::autocast::set_enabled(on) : at::autocast::set_cpu_enabled(on);
}
inline at::ScalarType autocast_type(at::DeviceType device) {
  return device == at::kCUDA ? at::autocast::get_autocast_gpu_dtype()
                             : at::autocast::get_autocast_cpu_dtype();
}
inline void set_autocast_type(at::DeviceType device, at::ScalarType type) {
  device == at::kCUDA ? at::autocast::set_autocast_gpu_dtype(type)
                      : at::autocast::set_autocast_cpu_dtype(type);
}
#endif
}  // namespace internal

// While it lives, this thread's convolutions and matrix products on device (CPU or CUDA) compute
// in bf16 from fp32 parameters, as torch.autocast does. on: false computes in fp32. Casts of
// parameters are remembered until the outermost guard goes: let one span a forward pass (and its
// loss), never an optimizer's step.
class Autocast {
 public:
  explicit Autocast(at::DeviceType device, bool on = true)
      : device_(device),
        was_enabled_(internal::autocast_enabled(device)),
        old_type_(internal::autocast_type(device)) {
    internal::enable_autocast(device, on);
    internal::set_autocast_type(device, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    internal::enable_autocast(device_, was_enabled_);
    internal::set_autocast_type(device_, old_type_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool was_enabled_;
  at::ScalarType old_type_;
};

}  // namespace frugal::model
