#include "cli/launching.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kRunNameLength = 8;

std::string program_path() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

launch::SlurmJobOptions job_of(const LaunchOptions& options, unsigned threads) {
  return {.partition = options.partition,
          .gpus = options.gpus,
          .time = options.time,
          .threads = threads,
          .array = options.array,
          .extra = options.sbatch_extra};
}

int port_of(const std::string& text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 0 || port > 65535)
    throw InputError(fmt::format("--listen: {} is no port", text));
  return port;
}

}  // namespace

std::string address_towards(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int trouble = ::getaddrinfo(host.c_str(), "9", &hints, &found);
  if (trouble != 0)
    throw InputError(
        fmt::format("the node's address {} is not known here ({}); give this machine's address for "
                    "the workers by --listen",
                    host, ::gai_strerror(trouble)));
  // Connecting a datagram socket sends nothing, and asks the routes.
  const int probe = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  socklen_t size = sizeof own;
  const bool known = ::connect(probe, found->ai_addr, found->ai_addrlen) == 0 &&
                     ::getsockname(probe, reinterpret_cast<sockaddr*>(&own), &size) == 0;
  ::freeaddrinfo(found);
  ::close(probe);
  std::array<char, INET_ADDRSTRLEN> text{};
  if (!known || ::inet_ntop(AF_INET, &own.sin_addr, text.data(), text.size()) == nullptr)
    throw InputError(fmt::format(
        "there is no route to the node {}; give this machine's address for the workers by --listen",
        host));
  return text.data();
}

Launching::Launching(const LaunchOptions& options, unsigned threads)
    : options_(options), threads_(threads) {
  if (options.on == "slurm") {
    nodes_ = launch::check_slurm(job_of(options, threads));
    if (options.listen.empty()) host_ = address_towards(nodes_.front().address);
  }
  if (options.listen.empty()) return;
  const auto colon = options.listen.find(':');
  host_ = options.listen.substr(0, colon);
  if (colon != std::string::npos) port_ = port_of(options.listen.substr(colon + 1));
}

std::unique_ptr<launch::Launcher> Launching::make(
    const RunFolder& folder, const std::string& coordinator,
    const std::vector<std::string>& worker_options,
    const std::function<void(const std::string&)>& say, const Clock& clock) const {
  std::vector<std::string> command = {program_path(), "worker",       "--coordinator", coordinator,
                                      "--token-file", folder.token(), "--name",        "{name}"};
  command.insert(command.end(), worker_options.begin(), worker_options.end());
  if (!on_cluster()) {
    command.insert(command.end(), {"--parent", std::to_string(::getpid())});
    launch::LocalOptions local;
    local.command = command;
    local.log_folder = folder.logs();
    return launch::make_local_launcher(local, clock);
  }
  command.insert(command.end(),
                 {"--leave-after", fmt::format("{:g}", options_.leave_after_seconds)});
  launch::SlurmOptions slurm;
  slurm.command = command;
  slurm.log_folder = std::filesystem::absolute(folder.logs());
  slurm.run = sha256(std::filesystem::absolute(folder.path()).lexically_normal().string())
                  .substr(0, kRunNameLength);
  slurm.job = job_of(options_, threads_);
  slurm.on_message = say;
  return launch::make_slurm_launcher(slurm, nodes_, clock);
}

std::optional<Split> split_of(const MachineOptions& machine, const LaunchOptions& launch,
                              unsigned cores) {
  if (launch.on == "local") return split_of(machine, cores);
  if (machine.workers == 0)
    throw InputError(
        "--on slurm: how many workers side by side, at most? Give --workers N (and --threads N, "
        "the "
        "cores of each; default 1)");
  return Split{machine.workers, std::max(1u, machine.threads)};
}

}  // namespace frugal::cli
