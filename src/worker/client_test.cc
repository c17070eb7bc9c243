// What the client takes from a coordinator that lies.
#include "worker/client.h"

#include <gmock/gmock.h>
#include <httplib.h>

#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace frugal::worker {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    liar_.Post("/v1/blobs/batch", [this](const httplib::Request& request, auto& response) {
      asked_ = Json::parse(request.body);
      response.set_content(answer_, "application/octet-stream");
    });
    port_ = liar_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { liar_.listen_after_bind(); });
    while (!liar_.is_running()) std::this_thread::yield();
    client_ = std::make_unique<Client>(
        ClientOptions{.address = "http://127.0.0.1:" + std::to_string(port_),
                      .token = "secret",
                      .patience_seconds = 0});
  }
  ~ClientTest() override {
    client_.reset();
    liar_.stop();
    thread_.join();
  }

  std::vector<Blob> many(const std::string& answer) {
    answer_ = answer;
    return client_->read_many(std::vector<std::string>{hash_});
  }

  const std::string hash_ = sha256("photograph");
  std::string answer_;
  Json asked_;
  httplib::Server liar_;
  int port_ = 0;
  std::thread thread_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, ReadsManyFilesOfOneAnswer) {
  EXPECT_TRUE(many("").empty());
  const auto blobs = many(hash_ + " 10\nphotograph" + hash_ + " 0\n");
  ASSERT_EQ(blobs.size(), 2u);
  EXPECT_EQ(blobs[0].sha256, hash_);
  EXPECT_EQ(blobs[0].bytes, "photograph");
  EXPECT_EQ(blobs[1].bytes, "");
  EXPECT_EQ(asked_["sha256"], Json::array({hash_}));
}

TEST_F(ClientTest, AsksForMoreWhileAnswersComeFast) {
  std::vector<std::size_t> most;
  while (most.size() < 2 || most.back() > most[most.size() - 2]) {
    many("");
    most.push_back(asked_["most_bytes"]);
  }
  EXPECT_LE(most.back(), 4u << 20);
}

TEST_F(ClientTest, TakesNoLengthThatLies) {
  for (const char* length : {" 11", " 18446744073709551615", " 99999999999999999999999", " -1",
                             " 1e1", " ", "", " 0x0", " 10 ", "10"})
    EXPECT_THAT([&] { many(hash_ + length + "\nphotograph"); },
                ThrowsMessage<SystemError>(HasSubstr("damaged")))
        << length;
  for (const std::string& torn : {hash_, hash_ + " 0", std::string("\n"), std::string(1000, 'a')})
    EXPECT_THROW(many(torn), SystemError) << torn;
}

TEST_F(ClientTest, TakesNoMoreThanItAskedFor) {
  EXPECT_THROW(many(std::string(6 << 20, 'a')), SystemError);
}

}  // namespace
}  // namespace frugal::worker
