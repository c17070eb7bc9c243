// Where long computations say how far they are. The computation knows nothing of screens:
// cli passes a sink that draws, tests pass one that records.
#pragma once

#include <cstddef>
#include <string>

namespace frugal {

struct Progress {
  std::string stage;     // "reading photographs", "training"
  std::size_t done = 0;  // of total; total 0: not known
  std::size_t total = 0;
};

class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void progress(const Progress& progress) = 0;
  virtual void message(const std::string& text) = 0;  // something a user should read: a warning
};

class SilentProgress final : public ProgressSink {
 public:
  void progress(const Progress&) override {}
  void message(const std::string&) override {}
};

}  // namespace frugal
