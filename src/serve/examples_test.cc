// Programs of other languages against a running server: the examples of the documentation, and
// what sigopt-python sends.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdlib>

#include "serve/test_server.h"

namespace frugal::serve {
namespace {

using testing::HasSubstr;

class ProgramTest : public ServerTest {
 protected:
  static bool is_there(const std::string& program) {
    return std::system(("command -v " + program + " > /dev/null").c_str()) == 0;
  }

  struct Ending {
    int status = -1;
    std::string output;
  };
  Ending run(const std::string& command) {
    const std::string line = "cd / && FRUGAL_URL=" + server_->address() +
                             " FRUGAL_TOKEN=secret timeout 500 " + command + " 2>&1";
    std::FILE* pipe = ::popen(line.c_str(), "r");
    Ending ending;
    char buffer[4096];
    for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
      ending.output.append(buffer, got);
    const int status = ::pclose(pipe);
    ending.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ending;
  }

  // The best that the one experiment has, and that the program printed it.
  void expect_tuned(const Ending& ending, std::size_t observations) {
    ASSERT_EQ(ending.status, 0) << ending.output;
    const auto summary = scheduler_->progress(1);
    EXPECT_EQ(summary.observation_count, observations);
    ASSERT_TRUE(summary.best.has_value());
    EXPECT_GT(*summary.best->value, .7) << "a random point of the spaces gives less on average";
    EXPECT_THAT(ending.output, HasSubstr("\"assignments\""));
  }
};

TEST_F(ProgramTest, TunesFromPython) {
  if (!is_there("python3")) GTEST_SKIP() << "python3 is not installed";
  expect_tuned(run("python3 " FRUGAL_DOCS "/examples/tune.py"), 15);
}

TEST_F(ProgramTest, TunesFromJavaScript) {
  if (!is_there("node")) GTEST_SKIP() << "node is not installed";
  if (std::system("node -e 'process.exit(typeof fetch === \"function\" ? 0 : 1)'") != 0)
    GTEST_SKIP() << "this node has no fetch: 18 or later is needed";
  expect_tuned(run("node " FRUGAL_DOCS "/examples/tune.mjs"), 15);
}

TEST_F(ProgramTest, TunesByCurl) {
  if (!is_there("curl")) GTEST_SKIP() << "curl is not installed";
  expect_tuned(run("sh " FRUGAL_DOCS "/examples/tune.sh"), 10);
}

TEST_F(ProgramTest, AnswersWhatTheSigOptClientSends) {
  if (!is_there("python3")) GTEST_SKIP() << "python3 is not installed";
  const Ending ending = run("python3 " FRUGAL_SERVE_FOLDER "/sigopt_client.py");
  EXPECT_EQ(ending.status, 0) << ending.output;
  EXPECT_THAT(ending.output, HasSubstr("ok"));
}

}  // namespace
}  // namespace frugal::serve
