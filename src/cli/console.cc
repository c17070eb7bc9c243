#include "cli/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace frugal::cli {
namespace {

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

// At most width columns of UTF-8 text (every code point taken as one column).
std::string shorten(const std::string& text, std::size_t width) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (columns++ == width) return text.substr(0, i);
  }
  return text;
}

}  // namespace

Console::Console(const VoiceOptions& voice)
    : voice_(voice), live_(!voice.quiet && !voice.json && isatty(STDERR_FILENO) == 1) {}

Console::~Console() {
  clear_status();
}

void Console::progress(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  if (voice_.quiet) return;
  const double now = clock_.now_seconds();
  const bool new_stage = progress.stage != stage_;
  const bool finished = progress.total > 0 && progress.done == progress.total;
  const double pause_seconds = live_ ? 0.1 : 10;
  if (!new_stage && !finished && now - last_progress_seconds_ < pause_seconds) return;
  if (finished && stage_finished_ && !new_stage) return;
  stage_ = progress.stage;
  stage_finished_ = finished;
  last_progress_seconds_ = now;
  if (voice_.json) {
    const Json event = {{"event", "progress"},
                        {"stage", progress.stage},
                        {"done", progress.done},
                        {"total", progress.total}};
    std::fprintf(stdout, "%s\n", event.dump().c_str());
    std::fflush(stdout);
    return;
  }
  const std::string text = progress.total > 0 ? fmt::format("{}  {} of {}", progress.stage,
                                                            progress.done, progress.total)
                                              : progress.stage;
  if (live_) {
    erase_block();
    block_ = {text};
    if (finished) {
      block_.clear();
      write_line(text);
    }
    draw_block();
  } else if (new_stage || finished) {
    write_line(finished ? text : progress.stage + " ...");
  }
}

void Console::message(const std::string& text) {
  if (voice_.json) return event({{"event", "warning"}, {"message", text}});
  line("warning: " + text);
}

void Console::line(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (voice_.quiet || voice_.json) return;
  erase_block();
  write_line(text);
  draw_block();
}

void Console::event(const Json& event) {
  const std::lock_guard lock(mutex_);
  if (!voice_.json || voice_.quiet) return;
  std::fprintf(stdout, "%s\n", event.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

void Console::status(const std::vector<std::string>& lines) {
  const std::lock_guard lock(mutex_);
  if (!live_) return;
  erase_block();
  block_ = lines;
  draw_block();
}

void Console::clear_status() {
  const std::lock_guard lock(mutex_);
  erase_block();
  block_.clear();
}

void Console::result(const std::string& text, const Json& json) {
  clear_status();
  const std::lock_guard lock(mutex_);
  if (voice_.json)
    std::fprintf(stdout, "%s\n", json.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  else
    std::fprintf(stdout, "%s%s", text.c_str(), text.ends_with('\n') ? "" : "\n");
  std::fflush(stdout);
}

void Console::erase_block() {
  if (drawn_lines_ > 0) std::fprintf(stderr, "\x1b[%zuA\x1b[J", drawn_lines_);
  drawn_lines_ = 0;
}

void Console::draw_block() {
  if (!live_) return;
  const std::size_t width = terminal_width();
  for (const auto& text : block_) std::fprintf(stderr, "%s\n", shorten(text, width - 1).c_str());
  drawn_lines_ = block_.size();
  std::fflush(stderr);
}

void Console::write_line(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  std::fflush(stderr);
}

void print_error(const VoiceOptions& voice, const std::string& message) {
  if (voice.json)
    std::fprintf(
        stdout, "%s\n",
        Json{{"error", message}}.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  std::fprintf(stderr, "frugal: %s\n", message.c_str());
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(std::max(0.0, seconds));
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

std::string bar_text(double share, std::size_t width) {
  const auto full = static_cast<std::size_t>(
      std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(width)));
  return std::string(full, '#') + std::string(width - full, '-');
}

}  // namespace frugal::cli
