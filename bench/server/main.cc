// Loads a server in a process of its own with clients that suggest and observe, round after round,
// over kept connections on loopback, and says how many rounds a second there were, how long
// requests took, what the server's processor time and memory were. Before and after, the same
// clients ask for /healthz, which does nothing: what a request costs on this machine at this time.
//
//   bench_server [--clients 32] [--seconds 10] [--rounds 0] [--suggester random] [--tasks]
//                [--idle 0] [--folder DIR]
//
// --rounds: ends after so many, whatever the time. --idle: connections that do nothing meanwhile.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "experiment/scheduler.h"
#include "serve/server.h"
#include "server/wire.h"

namespace frugal::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options {
  unsigned clients = 32;
  double seconds = 10;
  long rounds = 0;
  std::string suggester = "random";
  bool tasks = false;
  unsigned idle = 0;
  std::string folder = "/tmp";
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--tasks") {
      options.tasks = true;
      continue;
    }
    if (i + 1 == argc) throw InputError(name + " needs a value");
    const std::string value = argv[++i];
    if (name == "--clients")
      options.clients = static_cast<unsigned>(std::stoul(value));
    else if (name == "--seconds")
      options.seconds = std::stod(value);
    else if (name == "--rounds")
      options.rounds = std::stol(value);
    else if (name == "--suggester")
      options.suggester = value;
    else if (name == "--idle")
      options.idle = static_cast<unsigned>(std::stoul(value));
    else if (name == "--folder")
      options.folder = value;
    else
      throw InputError("unknown option " + name);
  }
  return options;
}

volatile std::sig_atomic_t stopped = 0;

// The child: a server until it is told to stop. Writes its port to the pipe.
[[noreturn]] void serve_until_stopped(const std::string& store_path, int pipe) {
  std::signal(SIGTERM, [](int) { stopped = 1; });
  serve::share_heaps();
  const SystemClock clock;
  const auto store = experiment::open_sqlite_store(store_path);
  {
    experiment::Scheduler scheduler(*store, clock);
    serve::Server server(scheduler, {.token = "bench", .requests_per_second = 0});
    const int port = server.port();
    FRUGAL_CHECK(::write(pipe, &port, sizeof port) == sizeof port);
    while (stopped == 0) ::usleep(50'000);
    server.stop();
  }
  ::_exit(0);
}

double resident_mib(pid_t process) {
  std::ifstream statm(fmt::format("/proc/{}/statm", process));
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * 4096 / (1 << 20);
}

double cpu_seconds(pid_t process) {
  std::ifstream stat(fmt::format("/proc/{}/stat", process));
  std::string word;
  double user = 0, system = 0;
  for (int i = 1; i <= 13; ++i) stat >> word;
  stat >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

struct Times {
  std::vector<double> suggest, observe;  // milliseconds
};

template <typename Action>
double milliseconds_of(Action action) {
  const auto begin = SteadyClock::now();
  action();
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - begin).count();
}

std::string create_experiment(Wire& wire, const Options& options) {
  const std::string body =
      R"({"name": "load", "observation_budget": 1000000, "parameters": [)"
      R"({"name": "x", "type": "double", "bounds": {"min": 0, "max": 1}},)"
      R"({"name": "y", "type": "double", "bounds": {"min": 0.001, "max": 1}, )"
      R"("transformation": "log"},)"
      R"({"name": "c", "type": "categorical", "categorical_values": ["a", "b", "c"]}],)"
      R"("metrics": [{"name": "accuracy", "objective": "maximize"}],)" +
      std::string(options.tasks ? R"("tasks": [{"name": "small", "cost": 0.1},)"
                                  R"({"name": "full", "cost": 1}],)"
                                : "") +
      R"("suggester": ")" + options.suggester + "\"}";
  const auto reply = wire.send("POST", "/v1/experiments", body);
  if (reply.status != 200) throw InputError(reply.body);
  const std::string id = "\"id\":\"";
  const auto at = reply.body.rfind(id);  // the experiment's own: parameters have none
  return "/v1/experiments/" + field(reply.body.substr(at), "id");
}

void round(Wire& wire, const std::string& experiment, Times& times) {
  Wire::Reply suggestion;
  times.suggest.push_back(
      milliseconds_of([&] { suggestion = wire.send("POST", experiment + "/suggestions", "{}"); }));
  if (suggestion.status != 200) throw InputError(suggestion.body);
  const double x = std::stod(field(suggestion.body, "x"));
  const std::string body = fmt::format(R"({{"suggestion": "{}", "value": {}}})",
                                       field(suggestion.body, "id"), 1 - (x - .3) * (x - .3));
  Wire::Reply observation;
  times.observe.push_back(milliseconds_of(
      [&] { observation = wire.send("POST", experiment + "/observations", body); }));
  if (observation.status != 200) throw InputError(observation.body);
}

// The very first observation, which all the others came after.
double milliseconds_of_revising(Wire& wire, const std::string& experiment) {
  const auto page = wire.send("GET", experiment + "/observations?ascending=true&limit=1", "");
  const std::string path = experiment + "/observations/" + field(page.body, "id");
  return milliseconds_of([&] {
    const auto reply = wire.send("PUT", path, R"({"value": 0.5})");
    if (reply.status != 200) throw InputError(reply.body);
  });
}

double quantile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<long>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

std::vector<int> idle_connections(unsigned count, int port) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  std::vector<int> open;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (unsigned i = 0; i < count; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw SystemError(fmt::format("idle connection {}", i), errno);
    open.push_back(fd);
  }
  return open;
}

// Requests a second that do nothing, by so many clients.
double idle_requests_per_second(unsigned clients, int port) {
  constexpr double kSeconds = 2;
  std::atomic<long> done = 0;
  const auto begin = SteadyClock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(SteadyClock::now() - begin).count();
  };
  std::vector<std::thread> threads;
  for (unsigned c = 0; c < clients; ++c)
    threads.emplace_back([&] {
      Wire wire(port);
      for (; elapsed() < kSeconds; ++done)
        if (wire.send("GET", "/healthz", "").status != 200) throw InputError("not healthy");
    });
  for (auto& thread : threads) thread.join();
  return static_cast<double>(done) / elapsed();
}

void load(const Options& options, int port, pid_t server) {
  Wire first(port);
  const std::string experiment = create_experiment(first, options);
  const double idle_before = idle_requests_per_second(options.clients, port);
  const auto idle = idle_connections(options.idle, port);
  std::vector<Times> times(options.clients);
  std::atomic<long> done = 0;
  std::atomic<bool> over = false;
  const double cpu_before = cpu_seconds(server);
  const auto begin = SteadyClock::now();
  std::vector<std::thread> clients;
  for (unsigned c = 0; c < options.clients; ++c)
    clients.emplace_back([&, c] {
      Wire wire(port);
      while (!over) {
        round(wire, experiment, times[c]);
        if (++done >= options.rounds && options.rounds > 0) over = true;
      }
    });
  const auto elapsed = [&] {
    return std::chrono::duration<double>(SteadyClock::now() - begin).count();
  };
  for (long reported = 0; !over; ::usleep(20'000)) {
    if (options.rounds == 0 && elapsed() >= options.seconds) over = true;
    if (done / 10'000 == reported) continue;
    reported = done / 10'000;
    fmt::print("{:>7} rounds  {:7.1f} s  {:7.1f} MiB\n", done.load(), elapsed(),
               resident_mib(server));
    std::fflush(stdout);
  }
  for (auto& client : clients) client.join();
  const double seconds = elapsed();
  Times all;
  for (Times& one : times) {
    all.suggest.insert(all.suggest.end(), one.suggest.begin(), one.suggest.end());
    all.observe.insert(all.observe.end(), one.observe.begin(), one.observe.end());
  }
  fmt::print(
      "{} clients, {} idle, {}{}: {} rounds in {:.1f} s = {:.0f} rounds/s; server cpu {:.1f} s, "
      "{:.1f} MiB\n",
      options.clients, options.idle, options.suggester, options.tasks ? " with tasks" : "",
      done.load(), seconds, static_cast<double>(done) / seconds, cpu_seconds(server) - cpu_before,
      resident_mib(server));
  for (auto& [name, values] : {std::pair<const char*, std::vector<double>&>{"suggest", all.suggest},
                               {"observe", all.observe}})
    fmt::print("{} ms: p50 {:.2f}  p90 {:.2f}  p99 {:.2f}  max {:.2f}\n", name,
               quantile(values, .5), quantile(values, .9), quantile(values, .99),
               quantile(values, 1));
  Wire fresh(port);  // the first has idled longest, and may have been closed
  fmt::print("revising the first of {} observations: {:.0f} ms\n", done.load(),
             milliseconds_of_revising(fresh, experiment));
  for (const int fd : idle) ::close(fd);
  const double idle_after = idle_requests_per_second(options.clients, port);
  const double idle_rate = (idle_before + idle_after) / 2;
  fmt::print(
      "/healthz: {:.0f} requests/s before, {:.0f} after; a round of two requests costs {:.2f} "
      "of these\n",
      idle_before, idle_after, idle_rate / (static_cast<double>(done) / seconds));
}

int run(const Options& options) {
  const std::string store = options.folder + "/bench_server.db";
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) ::unlink((store + suffix).c_str());
  int pipe[2];
  FRUGAL_CHECK(::pipe(pipe) == 0);
  const pid_t server = ::fork();
  if (server == 0) serve_until_stopped(store, pipe[1]);
  int port = 0;
  FRUGAL_CHECK(::read(pipe[0], &port, sizeof port) == sizeof port);
  int status = 0;
  try {
    load(options, port, server);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_server: {}\n", error.what());
    status = 1;
  }
  ::kill(server, SIGTERM);
  ::waitpid(server, nullptr, 0);
  return status;
}

}  // namespace
}  // namespace frugal::bench

int main(int argc, char** argv) {
  return frugal::bench::run(frugal::bench::parse(argc, argv));
}
