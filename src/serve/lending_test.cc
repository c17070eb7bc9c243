// A run's files over HTTP: lent to workers elsewhere, and taken from them.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "base/file.h"
#include "base/test_packet_loss.h"
#include "serve/depot.h"
#include "serve/test_server.h"

namespace frugal::serve {
namespace {

using testing::HasSubstr;

constexpr const char* kCheckpoint = "0123456789abcdef.pt";

class LendingTest : public ServerTest {
 protected:
  void SetUp() override {
    const std::string experiment = create();
    const Reply lease = post(experiment + "/leases", {{"worker", "w"}});
    ASSERT_EQ(lease.status, 200);
    trial_ = "/v1/trials/" + lease.body["trial"]["id"].get<std::string>();
    content_.resize(250'000);
    for (std::size_t i = 0; i < content_.size(); ++i) content_[i] = static_cast<char>(i * i >> 5);
  }

  std::string path(const std::string& name, const std::string& content, std::size_t offset,
                   int fence = 1) const {
    return trial_ + "/files/" + name + "?fence=" + std::to_string(fence) +
           "&sha256=" + sha256(content) + "&bytes=" + std::to_string(content.size()) +
           "&offset=" + std::to_string(offset);
  }
  Reply send(std::size_t offset, std::size_t bytes, int fence = 1) {
    return reply_of(http_->Put(path(kCheckpoint, content_, offset, fence),
                               content_.substr(offset, bytes), "application/octet-stream"));
  }
  Json told() { return get(trial_ + "/files/" + kCheckpoint).body; }
  std::filesystem::path kept() const { return folder_.path() / "checkpoints" / kCheckpoint; }
  httplib::Result blob(const std::string& sha256, const std::string& range = "") {
    httplib::Headers headers;
    if (!range.empty()) headers.emplace("Range", range);
    return http_->Get("/v1/blobs/" + sha256, headers);
  }

  std::string trial_, content_;
};

TEST_F(LendingTest, LendsWhatItWasOfferedAndNothingElse) {
  write_file(folder_.path() / "w.pth", content_);
  write_file(folder_.path() / "a.jpg", "photograph");
  depot_.offer("weights", folder_.path() / "w.pth");
  depot_.offer_content(sha256("photograph"), folder_.path() / "a.jpg");
  EXPECT_EQ(get("/v1/inputs").body["data"],
            Json::parse(R"([{"name": "weights", "bytes": 250000, "sha256": ")" + sha256(content_) +
                        "\"}]"));
  EXPECT_EQ(blob(sha256(content_))->body, content_);
  EXPECT_EQ(blob(sha256("photograph"))->body, "photograph");
  EXPECT_EQ(blob(sha256("secret"))->status, 404);
  for (const char* elsewhere : {"..", "%2e%2e%2fstore.db", "store.db", "a.jpg"})
    EXPECT_EQ(blob(elsewhere)->status, 404) << elsewhere;
  EXPECT_EQ(client("")->Get("/v1/blobs/" + sha256(content_))->status, 401);
  EXPECT_THROW(depot_.offer("weights", folder_.path() / "none"), SystemError);
  EXPECT_THROW(depot_.offer_content("../../etc/passwd", "a"), InputError);
}

TEST_F(LendingTest, LendsPartsSoThatATornFetchGoesOn) {
  write_file(folder_.path() / "w.pth", content_);
  depot_.offer("weights", folder_.path() / "w.pth");
  const std::string hash = sha256(content_);
  const auto part = blob(hash, "bytes=100000-100099");
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(part->body, content_.substr(100'000, 100));
  EXPECT_EQ(part->get_header_value("Content-Range"), "bytes 100000-100099/250000");
  EXPECT_EQ(blob(hash, "bytes=249990-")->body, content_.substr(249'990));
  EXPECT_EQ(blob(hash, "bytes=250000-")->status, 416);
  for (const char* wrong : {"bytes=-5", "bytes=5-1", "bytes=0-1,5-6", "lines=0-1", "bytes=x-"})
    EXPECT_EQ(blob(hash, wrong)->status, 400) << wrong;
}

TEST_F(LendingTest, LendsManySmallFilesWithOneAnswer) {
  const auto offer = [&](const std::string& name, const std::string& content) {
    write_file(folder_.path() / name, content);
    depot_.offer_content(sha256(content), folder_.path() / name);
    return sha256(content);
  };
  const std::string a = offer("a", "first"), b = offer("b", content_), c = offer("c", "");
  const std::string gone = offer("gone", "replaced"), none = sha256("nobody offers it");
  std::filesystem::remove(folder_.path() / "gone");
  const auto many = [&](const std::vector<std::string>& asked, int most) {
    return http_
        ->Post("/v1/blobs/batch", Json({{"sha256", asked}, {"most_bytes", most}}).dump(),
               "application/json")
        ->body;
  };
  const std::string first = a + " 5\nfirst", whole = b + " 250000\n" + content_;
  EXPECT_EQ(many({none, a, gone, b, c}, 300'000), first + whole + c + " 0\n");
  EXPECT_EQ(many({a, b, c}, 1000), first + c + " 0\n") << "no room for the second";
  EXPECT_EQ(many({a, b, c}, 80), first) << "enough";
  EXPECT_EQ(many({b, a}, 10), whole) << "one in any case";
  EXPECT_EQ(many({none, gone}, 10), "");
}

TEST_F(LendingTest, RefusesToLendTooManyAtOnce) {
  const auto status = [&](const Json& asked, const Json& most) {
    return post("/v1/blobs/batch", {{"sha256", asked}, {"most_bytes", most}}).status;
  };
  const std::string hash = sha256("");
  EXPECT_EQ(status(Json::array({hash}), 1), 200);
  EXPECT_EQ(status(std::vector<std::string>(1024, hash), 1), 200);
  EXPECT_EQ(status(std::vector<std::string>(1025, hash), 1), 400);
  for (const Json& asked : {Json(), Json::array(), Json(hash), Json::array({1}),
                            Json::array({"../../etc/passwd"}), Json::array({hash + "0"})})
    EXPECT_EQ(status(asked, 1), 400) << asked;
  for (const Json& most : {Json(), Json(0), Json(-1), Json((4 << 20) + 1), Json(1e300), Json("1")})
    EXPECT_EQ(status(Json::array({hash}), most), 400) << most;
}

TEST_F(LendingTest, DoesNotLendAnotherFileThanItSaid) {
  write_file(folder_.path() / "w.pth", content_);
  depot_.offer("weights", folder_.path() / "w.pth");
  write_file(folder_.path() / "w.pth", "another");
  EXPECT_EQ(blob(sha256(content_))->status, 404);
}

TEST_F(LendingTest, TakesAFileInPiecesAndGoesOnWhereItWasTorn) {
  EXPECT_EQ(told()["kept"], Json());
  EXPECT_EQ(send(0, 90'000).body["received"], 90'000);
  EXPECT_FALSE(std::filesystem::exists(kept()));
  http_ = client("secret");  // the connection is gone
  EXPECT_EQ(told()["received"], 90'000);
  EXPECT_EQ(told()["coming"]["sha256"], sha256(content_));
  const Reply gap = send(180'000, 70'000);
  EXPECT_EQ(gap.status, 416);
  EXPECT_THAT(gap.message(), HasSubstr("90000 bytes have come"));
  EXPECT_EQ(send(0, 90'000).body["received"], 90'000) << "its answer was lost";
  EXPECT_EQ(send(90'000, 90'000).status, 200);
  const Reply last = send(180'000, 70'000);
  EXPECT_EQ(last.body["kept"]["sha256"], sha256(content_)) << last.body;
  EXPECT_EQ(last.body["coming"], Json());
  EXPECT_EQ(read_file(kept()), content_);
  EXPECT_EQ(send(180'000, 70'000).status, 200) << "its answer was lost";
  EXPECT_EQ(blob(sha256(content_))->body, content_) << "for another machine";
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "uploads"));
}

TEST_F(LendingTest, KeepsNothingThatIsNotWhatWasSaid) {
  send(0, 90'000);
  send(90'000, 90'000);
  content_[249'999] ^= 1;
  const std::string torn = content_.substr(180'000);
  content_[249'999] ^= 1;
  const Reply wrong =
      reply_of(http_->Put(path(kCheckpoint, content_, 180'000), torn, "application/octet-stream"));
  EXPECT_EQ(wrong.status, 416);
  EXPECT_THAT(wrong.message(), HasSubstr("another SHA-256"));
  EXPECT_FALSE(std::filesystem::exists(kept()));
  EXPECT_EQ(told()["received"], 0) << "from the beginning";
  const Reply more = reply_of(http_->Put(path(kCheckpoint, "ab", 0), "abc", "text/plain"));
  EXPECT_EQ(more.status, 400);
  EXPECT_EQ(reply_of(http_->Put(path(kCheckpoint, "", 0), "", "text/plain")).status, 400);
  EXPECT_EQ(http_
                ->Put(trial_ + "/files/" + kCheckpoint +
                          "?fence=1&offset=0&sha256=0&bytes=99999999999999",
                      "a", "text/plain")
                ->status,
            400);
}

TEST_F(LendingTest, TakesOnlyFromTheHolderOfTheLease) {
  EXPECT_EQ(send(0, 10, 2).status, 409);
  post(trial_ + "/release", {{"fence", 1}});
  EXPECT_EQ(send(0, 10).status, 409);
  const std::string reader =
      post("/v1/tokens", {{"permissions", "read"}}).body.value("token", std::string());
  EXPECT_EQ(client(reader)->Put(path(kCheckpoint, content_, 0), "a", "text/plain")->status, 403);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "uploads"));
}

TEST_F(LendingTest, HasNamesThatLeadNowhereElse) {
  const auto status = [&](const std::string& name) {
    return http_->Put(path(name, "a", 0), "a", "text/plain")->status;
  };
  for (const char* name :
       {"store.db", "token", "0123.pt", "0123456789abcdef.pt.more", "options.json",
        "0123456789abcdeg.pt", "..", "%2e%2e", "..%2ftoken", "a%00.pt"})
    EXPECT_THAT(status(name), testing::AnyOf(400, 404)) << name;
  for (const char* name : {"trial.json", "model.pth", "model.json", "0123456789abcdef.pt.trunk"})
    EXPECT_EQ(status(name), 200) << name;
  EXPECT_EQ(read_file(folder_.path() / "trials" / "1" / "model" / "model.pth"), "a");
  EXPECT_EQ(read_file(folder_.path() / "trials" / "1" / "trial.json"), "a");
}

TEST_F(LendingTest, SaysWhenTheDiskIsFullAndGoesOnWhenThereIsRoom) {
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 120'000;
  ::setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_EQ(send(0, 90'000).status, 200);
  const Reply full = send(90'000, 90'000);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(full.status, 507);
  EXPECT_THAT(full.message(), HasSubstr("disk is full"));
  EXPECT_EQ(told()["received"], 90'000);
  EXPECT_EQ(send(90'000, 90'000).status, 200);
  EXPECT_EQ(send(180'000, 70'000).status, 200);
  EXPECT_EQ(read_file(kept()), content_);
}

TEST_F(LendingTest, ComesThroughWhenEveryTenthPacketIsLost) {
  if (!lose_packets(listening_socket(server_->port()), 0.1))
    GTEST_SKIP() << "this kernel does not let a process filter its own sockets";
  http_ = client("secret");
  http_->set_socket_options([](int socket) { lose_packets(socket, 0.1); });
  for (const std::size_t offset : {0, 90'000, 180'000})
    EXPECT_EQ(send(offset, std::min<std::size_t>(90'000, content_.size() - offset)).status, 200);
  EXPECT_EQ(read_file(kept()), content_);
  EXPECT_EQ(blob(sha256(content_))->body, content_);
}

TEST_F(LendingTest, WithoutARunThereIsNothingToLend) {
  options_.depot = nullptr;
  start();
  EXPECT_EQ(get("/v1/inputs").status, 404);
  EXPECT_EQ(send(0, 10).status, 404);
}

}  // namespace
}  // namespace frugal::serve
