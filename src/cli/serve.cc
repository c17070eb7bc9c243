#include "serve/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/signals.h"

namespace frugal::cli {
namespace {

// The given token, or the one beside the store, made at first start.
std::string token_of(const ServeOptions& options, Console& console) {
  if (!options.token.empty()) return options.token;
  const std::filesystem::path path = options.store + ".token";
  if (!std::filesystem::exists(path)) write_file(path, serve::make_token(), 0600);
  console.line(fmt::format("the token is in {}", path.string()));
  return read_file(path);
}

}  // namespace

int run_serve(const ServeOptions& options, Console& console) {
  const SystemClock clock;
  const auto store = experiment::open_sqlite_store(options.store);
  experiment::Scheduler scheduler(*store, clock);
  serve::Server server(
      scheduler, {.host = options.host, .port = options.port, .token = token_of(options, console)});
  console.result(server.address(), {{"address", server.address()}});
  while (stop_signal() == 0) {
    ::usleep(200'000);
    scheduler.expire();
  }
  server.stop();
  return 128 + stop_signal();
}

}  // namespace frugal::cli
