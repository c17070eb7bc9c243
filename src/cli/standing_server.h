// Where the server of a store can be asked while it runs: a file beside the store, gone with it. Of
// a store that is no file, in the current folder: frugal-HOST-DATABASE.address.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace frugal::cli {

std::filesystem::path token_file_of(const std::string& store);

class StandingServer {
 public:
  // certificate: of TLS, "" without.
  StandingServer(const std::string& store, const std::string& address,
                 const std::string& certificate);
  StandingServer(const StandingServer&) = delete;
  StandingServer& operator=(const StandingServer&) = delete;
  ~StandingServer();

  struct Place {
    std::string address, certificate;
  };
  // nullopt: none runs, as far as the file says; one that was killed leaves its file.
  static std::optional<Place> of(const std::string& store);

 private:
  std::filesystem::path path_;
};

}  // namespace frugal::cli
