// oneDNN takes from OpenMP how many threads it makes and runs a primitive with.
#pragma once

#ifdef _OPENMP
#include <omp.h>
#else  // the linter's compiler has none
inline int omp_get_max_threads() {
  return 1;
}
inline void omp_set_num_threads(int) {}
#endif

namespace frugal::engine {

// While it lives, the calling thread makes and runs primitives by itself.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace frugal::engine
