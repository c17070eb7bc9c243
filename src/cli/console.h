// What the user sees. Results go to standard output, everything else to standard error. A
// terminal shows one live block that is redrawn in place, a pipe gets plain lines, --json gets
// JSON lines, --quiet gets silence. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/options.h"

namespace frugal::cli {

class Console final : public ProgressSink {
 public:
  explicit Console(const VoiceOptions& voice);
  ~Console() override;

  bool json() const { return voice_.json; }
  bool verbose() const { return voice_.verbose; }
  bool live() const { return live_; }

  void progress(const Progress& progress) override;    // at most a few times a second
  void message(const std::string& text) override;      // a warning
  void line(const std::string& text);                  // something that happened
  void event(const Json& event);                       // --json only
  void status(const std::vector<std::string>& lines);  // replaces the live block
  void clear_status();

  void result(const std::string& text, const Json& json);  // the one for which it was run

 private:
  void erase_block();
  void draw_block();
  void write_line(const std::string& text);

  VoiceOptions voice_;
  bool live_;
  std::mutex mutex_;
  SystemClock clock_;
  std::vector<std::string> block_;
  std::size_t drawn_lines_ = 0;
  std::string stage_;
  bool stage_finished_ = false;
  double last_progress_seconds_ = 0;
};

// The command's error, in words: "frugal: ..." or {"error": ...}.
void print_error(const VoiceOptions& voice, const std::string& message);

// "04:31", "1:12:09"
std::string clock_text(double seconds);

// "#####-----" of width characters; share: of 0 to 1.
std::string bar_text(double share, std::size_t width);

}  // namespace frugal::cli
