// frugal serve and frugal token as programs.
#include <gmock/gmock.h>
#include <httplib.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "base/file.h"
#include "experiment/test_experiment.h"

namespace frugal::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class TokenTest : public testing::Test {
 protected:
  struct Ending {
    int status = -1;
    std::string output;
  };
  Ending token(const std::string& arguments) {
    const std::string command =
        std::string(FRUGAL_PROGRAM) + " token --store " + store() + " " + arguments + " 2>&1";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    Ending ending;
    char buffer[1024];
    for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
      ending.output.append(buffer, got);
    ending.status = WEXITSTATUS(::pclose(pipe));
    while (ending.output.ends_with('\n')) ending.output.pop_back();
    return ending;
  }

  // Its address, once it answers.
  std::string serve() {
    int pipe[2];
    EXPECT_EQ(::pipe(pipe), 0);
    server_ = ::fork();
    if (server_ == 0) {
      ::dup2(pipe[1], STDOUT_FILENO);
      ::execl(FRUGAL_PROGRAM, FRUGAL_PROGRAM, "serve", "--port", "0", "--quiet", "--store",
              store().c_str(), nullptr);
      ::_exit(1);
    }
    ::close(pipe[1]);
    std::string address;
    for (char byte = 0; ::read(pipe[0], &byte, 1) == 1 && byte != '\n';) address += byte;
    ::close(pipe[0]);
    return address;
  }
  int stop() {
    ::kill(server_, SIGTERM);
    int status = 0;
    ::waitpid(server_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string store() const { return (folder_.path() / "store.db").string(); }

  experiment::TemporaryFolder folder_;
  pid_t server_ = 0;
};

TEST_F(TokenTest, MakesTokensWhileTheServerRunsAndWhileItDoesNot) {
  std::string address = serve();
  struct stat status {};
  ASSERT_EQ(::stat((store() + ".token").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const Ending reader = token("--read-only --name eyes");
  ASSERT_EQ(reader.status, 0) << reader.output;
  const auto answer = [&](const std::string& with) {
    httplib::Client http(address);
    http.set_bearer_token_auth(with);
    return http.Get("/v1/experiments")->status;
  };
  EXPECT_EQ(answer(reader.output), 200);
  EXPECT_EQ(stop(), 143) << "a clean stop";
  EXPECT_NE(::access((store() + ".address").c_str(), F_OK), 0);

  const Ending writer = token("--expires-after 1h");
  ASSERT_EQ(writer.status, 0) << writer.output;
  const Ending list = token("--list");
  EXPECT_THAT(list.output, HasSubstr("eyes"));
  EXPECT_THAT(list.output, Not(HasSubstr(writer.output)));
  address = serve();
  EXPECT_EQ(answer(reader.output), 200);
  EXPECT_EQ(answer(writer.output), 200);
  const std::string id = list.output.substr(0, list.output.find(' '));
  EXPECT_EQ(token("--revoke " + id).status, 0);
  EXPECT_EQ(answer(reader.output), 403);
  EXPECT_EQ(token("--experiment 1").status, 2) << "one experiment: only to read";
  EXPECT_EQ(token("--read-only --experiment 99").status, 2);
  EXPECT_EQ(stop(), 143);
}

TEST_F(TokenTest, RefusesATokenFileThatOthersCanRead) {
  write_file(store() + ".token", "secret", 0644);
  EXPECT_EQ(serve(), "");
  int status = 0;
  ::waitpid(server_, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 2);
}

}  // namespace
}  // namespace frugal::cli
