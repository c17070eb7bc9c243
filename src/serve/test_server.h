// A server on loopback over a store of its own, and a client of another library.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "base/json.h"
#include "experiment/test_experiment.h"
#include "serve/depot.h"
#include "serve/server.h"

namespace frugal::serve {

struct Reply {
  int status = 0;
  Json body;
  std::string message() const {
    return body.is_object() ? body.value("message", std::string()) : std::string();
  }
};

inline const char* const kExperiment = R"({
  "name": "test", "suggester": "random", "observation_budget": 2,
  "parameters": [{"name": "x", "type": "double", "bounds": {"min": 0, "max": 1}},
                 {"name": "n", "type": "int", "bounds": {"min": 1, "max": 9}}],
  "metrics": [{"name": "accuracy", "objective": "maximize"}],
  "tasks": [{"name": "small", "cost": 0.1}, {"name": "full", "cost": 1}]})";

class ServerTest : public testing::Test {
 protected:
  ServerTest() { start(); }

  void start(int port = 0) {
    options_.port = port;
    server_ = std::make_unique<Server>(*scheduler_, options_);
    http_ = client("secret");
  }
  // As after a kill: all that is left is the file.
  void restart() {
    server_.reset();
    scheduler_.reset();
    store_.reset();
    store_ = experiment::open_sqlite_store((folder_.path() / "store.db").string());
    scheduler_ = std::make_unique<experiment::Scheduler>(*store_, clock_);
    start();
  }
  std::unique_ptr<httplib::Client> client(const std::string& token) {
    auto made = std::make_unique<httplib::Client>(server_->address());
    if (!token.empty()) made->set_basic_auth(token, "");
    made->set_keep_alive(true);
    made->set_tcp_nodelay(true);
    return made;
  }

  static Reply reply_of(const httplib::Result& result) {
    if (!result) return {};
    return {result->status,
            result->body.empty() ? Json() : Json::parse(result->body, nullptr, false)};
  }
  Reply get(const std::string& path) { return reply_of(http_->Get(path)); }
  Reply remove(const std::string& path) { return reply_of(http_->Delete(path)); }
  Reply put(const std::string& path, const Json& body) {
    return reply_of(http_->Put(path, body.dump(), "application/json"));
  }
  // Any method, and headers of one's own.
  Reply send(const std::string& method, const std::string& path, const Json& body = Json::object(),
             const httplib::Headers& headers = {}) {
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.headers = headers;
    request.headers.emplace("Content-Type", "application/json");
    if (method != "GET" && method != "DELETE") request.body = body.dump();
    return reply_of(http_->send(request));
  }
  Reply post_text(const std::string& path, const std::string& body) {
    return reply_of(http_->Post(path, body, "application/json"));
  }
  Reply post(const std::string& path, const Json& body) { return post_text(path, body.dump()); }

  std::string create() {
    const Reply reply = post_text("/v1/experiments", kExperiment);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return "/v1/experiments/" + reply.body["id"].get<std::string>();
  }

  // Sends bytes as they are; what comes back until the server closes, or nothing for 300 ms.
  std::string raw(const std::string& bytes) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(server_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    ::shutdown(fd, SHUT_WR);
    std::string answer;
    char buffer[4096];
    for (ssize_t got; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(got));
    ::close(fd);
    return answer;
  }

  experiment::TemporaryFolder folder_;
  Depot depot_{folder_.path()};
  ServerOptions options_{.token = "secret", .max_body_bytes = 100'000, .depot = &depot_};
  ManualClock clock_{1e9};
  std::unique_ptr<experiment::Store> store_ =
      experiment::open_sqlite_store((folder_.path() / "store.db").string());
  std::unique_ptr<experiment::Scheduler> scheduler_ =
      std::make_unique<experiment::Scheduler>(*store_, clock_);
  std::unique_ptr<Server> server_;
  std::unique_ptr<httplib::Client> http_;
};

}  // namespace frugal::serve
