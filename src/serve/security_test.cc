// What the server keeps out, and what it survives.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <future>

#include "base/file.h"
#include "serve/limits.h"
#include "serve/test_server.h"
#include "serve/tokens.h"

namespace frugal::serve {
namespace {

using testing::HasSubstr;
using testing::Not;

class SecurityTest : public ServerTest {
 protected:
  Reply as(const std::string& token, const std::string& method, const std::string& path,
           const Json& body = Json::object()) {
    http_ = client(token);
    const Reply reply = send(method, path, body);
    http_ = client("secret");
    return reply;
  }
  std::string file(const char* name) const { return (folder_.path() / name).string(); }

  // A connection that does nothing; -1: none could be made.
  int connection() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(server_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
  }
};

TEST_F(SecurityTest, GivesATokenForOneExperimentThatOnlyReads) {
  const std::string mine = create(), other = create();
  const Reply made = post(mine + "/tokens", Json::object());
  ASSERT_EQ(made.status, 200) << made.body;
  const std::string guest = made.body["token"];
  EXPECT_EQ(as(guest, "GET", mine).status, 200);
  EXPECT_EQ(as(guest, "GET", mine + "/observations").status, 200);
  EXPECT_EQ(as(guest, "GET", "/v1/tokens/self").body["experiment"], "1");
  EXPECT_EQ(as(guest, "GET", other).status, 404) << "hidden, not forbidden";
  EXPECT_EQ(as(guest, "GET", "/v1/experiments/99").status, 404);
  const Reply refused = as(guest, "POST", mine + "/suggestions");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body["token_status"], "invalid_permissions");
  EXPECT_EQ(as(guest, "GET", "/v1/experiments").status, 403);
  EXPECT_EQ(as(guest, "GET", "/metrics").status, 403);
  EXPECT_EQ(as(guest, "POST", mine + "/tokens").status, 403);
  EXPECT_EQ(as(guest, "DELETE", mine).status, 403);
  restart();
  EXPECT_EQ(as(guest, "GET", mine).status, 200) << "kept in the store";
}

TEST_F(SecurityTest, MakesListsRevokesAndExpiresTokens) {
  const std::string experiment = create();
  const Reply reader = post("/v1/tokens", {{"permissions", "read"}, {"name", "eyes"}});
  EXPECT_EQ(as(reader.body["token"], "GET", "/v1/experiments").status, 200);
  EXPECT_EQ(as(reader.body["token"], "POST", experiment + "/suggestions").status, 403);
  const Reply writer =
      post("/v1/tokens", {{"expires", static_cast<std::int64_t>(clock_.now_seconds()) + 60}});
  EXPECT_EQ(as(writer.body["token"], "POST", experiment + "/suggestions").status, 200);
  const Reply list = get("/v1/tokens");
  EXPECT_EQ(list.body["count"], 2);
  EXPECT_THAT(list.body.dump(), Not(HasSubstr(writer.body["token"].get<std::string>())));
  EXPECT_EQ(remove("/v1/tokens/" + reader.body["id"].get<std::string>()).status, 200);
  EXPECT_EQ(as(reader.body["token"], "GET", "/v1/experiments").body["token_status"], "revoked");
  clock_.advance(61);
  EXPECT_EQ(as(writer.body["token"], "GET", "/v1/experiments").body["token_status"], "expired");
  EXPECT_EQ(remove("/v1/tokens/9999").status, 404);
  EXPECT_EQ(post("/v1/tokens", {{"experiment", "1"}}).status, 400) << "one experiment: read only";
  EXPECT_EQ(post("/v1/tokens", {{"permissions", "all"}}).status, 400);
}

TEST_F(SecurityTest, KeepsNoTokenInItsStoreAndItsLog) {
  options_.access_log = file("access.log");
  restart();
  const std::string experiment = create();
  const std::string guest = post(experiment + "/tokens", Json::object()).body["token"];
  as(guest, "GET", experiment);
  as("wrong-token", "GET", experiment + "?fields=id");
  restart();
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    const std::string content = read_file(entry.path());
    for (const std::string& token : {guest, std::string("wrong-token"), std::string("secret")})
      EXPECT_THAT(content, Not(HasSubstr(token))) << entry.path();
  }
  std::ifstream log(file("access.log"));
  int lines = 0;
  for (std::string line; std::getline(log, line); ++lines) {
    const Json json = Json::parse(line);
    for (const char* key : {"time", "peer", "method", "route", "path", "token", "status",
                            "milliseconds", "bytes_in", "bytes_out"})
      EXPECT_TRUE(json.contains(key)) << key;
    EXPECT_THAT(line, Not(HasSubstr("fields=id"))) << "no query";
  }
  EXPECT_EQ(lines, 4);
  struct stat status {};
  ASSERT_EQ(::stat(file("access.log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(SecurityTest, IsNotReachedByANameThatLeadsHere) {
  const auto status = [&](const httplib::Headers& headers) {
    return send("GET", "/v1/experiments", {}, headers).status;
  };
  EXPECT_EQ(status({{"Host", "localhost:80"}}), 200);
  EXPECT_EQ(status({{"Host", "[::1]:80"}}), 200);
  EXPECT_EQ(status({{"Host", "192.168.1.7"}}), 200);
  EXPECT_EQ(status({{"Host", "evil.example"}}), 421);
  EXPECT_EQ(status({{"Host", "127.0.0.1.evil.example:80"}}), 421);
  EXPECT_EQ(status({{"Host", ""}}), 400);
  options_.allowed_hosts = {"coordinator.lan"};
  restart();
  EXPECT_EQ(status({{"Host", "Coordinator.LAN:8265"}}), 200);
  EXPECT_THAT(raw("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n"), HasSubstr("400"));
}

TEST_F(SecurityTest, AnswersNoPageOfAnotherSite) {
  const auto status = [&](const httplib::Headers& headers) {
    return send("POST", "/v1/leases", {{"worker", "w"}}, headers).status;
  };
  EXPECT_EQ(status({{"Origin", "http://evil.example"}}), 403);
  EXPECT_EQ(status({{"Origin", "null"}}), 403);
  EXPECT_EQ(status({{"Sec-Fetch-Site", "cross-site"}}), 403);
  EXPECT_EQ(status({{"Origin", server_->address()}}), 204);
}

TEST_F(SecurityTest, SealsEveryAnswer) {
  for (const char* path : {"/healthz", "/v1/experiments", "/nothing"}) {
    const auto result = http_->Get(path);
    EXPECT_THAT(result->get_header_value("Content-Security-Policy"),
                HasSubstr("default-src 'none'"));
    EXPECT_EQ(result->get_header_value("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(result->get_header_value("Cache-Control"), "no-cache, no-store");
  }
  EXPECT_THAT(raw("nonsense\r\n\r\n"), HasSubstr("Content-Security-Policy"));
}

TEST_F(SecurityTest, LimitsTheRateOfATokenAndOfWrongOnes) {
  options_.requests_per_second = 1e-6;  // one, and the next in days
  options_.wrong_tokens_per_minute = 1e-6;
  restart();
  EXPECT_EQ(get("/v1/experiments").status, 200);
  EXPECT_EQ(get("/v1/experiments").status, 429);
  EXPECT_EQ(http_->Get("/healthz")->status, 200) << "needs no token";
  options_.requests_per_second = 0;
  restart();
  EXPECT_EQ(as("wrong", "GET", "/v1/experiments").status, 403);
  EXPECT_EQ(as("wrong", "GET", "/v1/experiments").status, 429);
}

TEST(RateLimit, FillsAtItsRateUpToItsBurst) {
  RateLimit limit(2, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.take("a", 100));
  EXPECT_FALSE(limit.take("a", 100));
  EXPECT_TRUE(limit.take("b", 100)) << "each by its own name";
  EXPECT_TRUE(limit.take("a", 100.5));
  EXPECT_FALSE(limit.take("a", 100.5));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.take("a", 1000));
  EXPECT_FALSE(limit.take("a", 1000));
}

// They cost no thread, and the longest idle of them make room.
TEST_F(SecurityTest, ServesBesideIdleConnectionsAndHalfRequests) {
  options_.max_connections = 200;
  restart();
  std::vector<int> open;
  for (int i = 0; i < 150; ++i) {
    open.push_back(connection());
    ASSERT_GE(open.back(), 0);
    const std::string half = "POST /v1/experiments HTTP/1.1\r\nHost: localhost\r\nContent-Le";
    if (i % 2 == 0) ::send(open.back(), half.data(), half.size(), MSG_NOSIGNAL);
  }
  EXPECT_EQ(client("secret")->Get("/v1/experiments")->status, 200);
  for (int i = 0; i < 300; ++i) open.push_back(connection());
  const auto result = client("secret")->Get("/v1/experiments");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200) << "beyond the limit too";
  for (const int fd : open) ::close(fd);
}

TEST_F(SecurityTest, ClosesWhoSendsNothing) {
  options_.http.idle_seconds = .2;
  options_.http.request_seconds = .2;
  restart();
  const int idle = connection(), half = connection();
  const std::string begun = "GET /healthz HTTP/1.1\r\nHo";
  ::send(half, begun.data(), begun.size(), MSG_NOSIGNAL);
  char byte = 0;
  EXPECT_EQ(::recv(idle, &byte, 1, 0), 0);
  EXPECT_LE(::recv(half, &byte, 1, 0), 0);
  ::close(idle);
  ::close(half);
}

TEST_F(SecurityTest, SpeaksTlsWithItsCertificate) {
  const std::string make =
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
      "subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout " +
      file("key.pem") + " -out " + file("certificate.pem") + " 2> /dev/null";
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "openssl makes no certificate here";
  options_.tls_certificate = file("certificate.pem");
  EXPECT_THROW(Server(*scheduler_, options_), InputError) << "a certificate without its key";
  options_.tls_key = file("key.pem");
  restart();
  EXPECT_THAT(server_->address(), HasSubstr("https://"));
  httplib::SSLClient secure("127.0.0.1", server_->port());
  secure.set_ca_cert_path(file("certificate.pem").c_str());
  secure.enable_server_certificate_verification(true);
  secure.set_basic_auth("secret", "");
  const auto result = secure.Get("/v1/experiments");
  ASSERT_TRUE(result) << httplib::to_string(result.error());
  EXPECT_EQ(result->status, 200);
  httplib::Client plain("127.0.0.1", server_->port());
  EXPECT_FALSE(plain.Get("/healthz")) << "nothing in the clear";
  raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(secure.Get("/healthz")->status, 200);
}

TEST_F(SecurityTest, ReachesNoFile) {
  write_file(file("treasure"), "gold");
  for (const std::string path :
       {"/../treasure", "/..%2ftreasure", "/v1/../../treasure", "/%2e%2e/%2e%2e/etc/passwd",
        "/v1/clients/1/projects/..", "/v1/clients/1/projects/%2e%2e%2f", "//etc/passwd"}) {
    const std::string answer =
        raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n" +
            "Connection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr(" 404 ")) << path;
    EXPECT_THAT(answer, Not(HasSubstr("gold")));
  }
}

TEST_F(SecurityTest, TellsPrometheusItsFigures) {
  create();
  get("/v1/experiments/1");
  get("/nothing");
  const auto result = http_->Get("/metrics");
  EXPECT_THAT(result->get_header_value("Content-Type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(
      result->body,
      HasSubstr("frugal_requests_total{route=\"GET /v1/experiments/{}\",status=\"200\"} 1\n"));
  EXPECT_THAT(result->body, HasSubstr("frugal_requests_total{route=\"\",status=\"404\"} 1\n"));
  EXPECT_THAT(result->body, HasSubstr("# TYPE frugal_request_seconds histogram\n"));
  EXPECT_THAT(result->body, HasSubstr("frugal_experiments_active 1\n"));
  EXPECT_EQ(as("", "GET", "/metrics").status, 401);
}

}  // namespace
}  // namespace frugal::serve
