#include "serve/server.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "cli/standing_server.h"
#include "experiment/budget.h"
#include "experiment/store.h"
#include "serve/tokens.h"

namespace frugal::cli {
namespace {

void require_secret(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & 077) != 0)
    throw InputError(fmt::format("{0} can be read by others; chmod 600 {0}, and think of a new one",
                                 path.string()));
}

// The given token, or the one beside the store, made at first start.
std::string token_of(const ServeOptions& options, Console& console) {
  if (!options.token.empty()) return options.token;
  const std::filesystem::path path = token_file_of(options.store);
  if (!std::filesystem::exists(path)) write_file(path, serve::make_token(), 0600);
  require_secret(path);
  console.line(fmt::format("the token is in {}", path.string()));
  return read_file(path);
}

double abandoned_seconds(const std::string& text) {
  if (text == "never") return 0;
  const auto time = experiment::parse_budget(text);
  if (!time.wall_seconds || time.dollars || time.runs)
    throw InputError(fmt::format("--abandoned-after {}: give a time such as 24h, or never", text));
  return *time.wall_seconds;
}

bool is_loopback(const std::string& host) {
  return host.starts_with("127.") || host == "localhost" || host == "::1";
}

serve::ServerOptions server_options(const ServeOptions& options, Console& console) {
  serve::ServerOptions server{.host = options.host,
                              .port = options.port,
                              .token = token_of(options, console),
                              .tls_certificate = options.tls_certificate,
                              .tls_key = options.tls_key,
                              .allowed_hosts = options.allow_host,
                              .access_log = options.access_log,
                              .max_connections = options.most_connections,
                              .requests_per_second = options.rate,
                              .run_seconds = abandoned_seconds(options.abandoned_after)};
  if (!is_loopback(options.host) && options.tls_certificate.empty())
    console.line(fmt::format(
        "{} can be reached from other machines, and the token goes over the wire as it is: give "
        "--tls-certificate and --tls-key, or keep to a network that you trust",
        options.host));
  return server;
}

}  // namespace

int run_serve(const ServeOptions& options, Console& console) {
  serve::share_heaps();
  const SystemClock clock;
  const auto store = experiment::open_store(options.store);
  experiment::Scheduler scheduler(
      *store, clock, {.suggestion_seconds = abandoned_seconds(options.abandoned_after)});
  serve::Server server(scheduler, server_options(options, console));
  const StandingServer standing(options.store, server.address(), options.tls_certificate);
  console.result(server.address(), {{"address", server.address()}});
  for (int turn = 0; stop_signal() == 0; ++turn) {
    ::usleep(200'000);
    if (turn % 5 == 0) server.tend();
  }
  server.stop();
  return 128 + stop_signal();
}

}  // namespace frugal::cli
