#include "cli/standing_server.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "experiment/store.h"

namespace frugal::cli {
namespace {

// To put an ending to.
std::string file_of(const std::string& store) {
  if (!experiment::is_postgresql(store)) return store;
  std::string name = experiment::shown_store(store);
  name = name.substr(name.find("://") + 3);
  name = name.substr(name.find('@') + 1);
  for (char& c : name)
    if (c == '/' || c == ':' || c == '\\') c = '-';
  return "frugal-" + name;
}

std::filesystem::path address_file_of(const std::string& store) {
  return file_of(store) + ".address";
}

}  // namespace

std::filesystem::path token_file_of(const std::string& store) {
  return file_of(store) + ".token";
}

StandingServer::StandingServer(const std::string& store, const std::string& address,
                               const std::string& certificate)
    : path_(address_file_of(store)) {
  const std::string kept =
      certificate.empty() ? "" : std::filesystem::absolute(certificate).string();
  write_file(path_, Json{{"address", address}, {"certificate", kept}}.dump() + "\n", 0600);
}

StandingServer::~StandingServer() {
  std::error_code ignored;  // a file that is left is found out by asking
  std::filesystem::remove(path_, ignored);
}

std::optional<StandingServer::Place> StandingServer::of(const std::string& store) {
  const auto path = address_file_of(store);
  if (!std::filesystem::exists(path)) return std::nullopt;
  const Json json = parse_json(read_file(path), path.string());
  return Place{json.value("address", ""), json.value("certificate", "")};
}

}  // namespace frugal::cli
