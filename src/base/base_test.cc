#include <gmock/gmock.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/base64.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"

namespace frugal {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(RandomStream, IsAFunctionOfSeedAndDerivation) {
  EXPECT_EQ(RandomStream(1).derive("a").derive(2).bits(),
            RandomStream(1).derive("a").derive(2).bits());
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 10; ++seed)
    for (std::uint64_t number = 0; number < 10; ++number)
      firsts.insert(RandomStream(seed).derive(number).bits());
  EXPECT_EQ(firsts.size(), 100u);
}

TEST(RandomStream, NormalHasUnitMoments) {
  RandomStream random(7);
  double sum = 0, squares = 0;
  const int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0, 0.02);
  EXPECT_NEAR(squares / n, 1, 0.03);
}

TEST(RandomStream, PermutationHoldsEveryIndexOnce) {
  const auto order = RandomStream(3).permutation(1000);
  EXPECT_EQ(std::set<std::size_t>(order.begin(), order.end()).size(), 1000u);
}

TEST(Json, RefusesDuplicateKeysNanAndOverflow) {
  EXPECT_THAT([] { parse_json(R"({"a":1,"a":2})", "body"); },
              ThrowsMessage<InputError>(HasSubstr("body: the key \"a\" stands twice")));
  EXPECT_THROW(parse_json("{\"a\":NaN}", "body"), InputError);
  EXPECT_THROW(parse_json("{\"a\":1e999}", "body"), InputError);
  EXPECT_THROW(parse_json("{} {}", "body"), InputError);
  EXPECT_THROW(parse_json(std::string(100000, '['), "body"), InputError);
}

TEST(Json, ReadsYamlWithLinesInItsErrors) {
  const Json parsed = parse_yaml("lr: 0.1\nname: '0.1'\nflags: [true, 3, ~]\n", "r.yml");
  EXPECT_EQ(parsed["lr"], 0.1);
  EXPECT_EQ(parsed["name"], "0.1");
  EXPECT_EQ(parsed["flags"], Json::parse("[true,3,null]"));
  EXPECT_THAT([] { parse_yaml("a: 1\nb: 2\na: 3\n", "r.yml"); },
              ThrowsMessage<InputError>(HasSubstr("r.yml:3: the key \"a\" stands twice")));
}

TEST(Json, NamesTheNearestKnownKey) {
  EXPECT_THAT(
      [] {
        require_known_keys(Json::parse(R"({"learning_rat":1})"), {"momentum", "learning_rate"},
                           "recipe.yml");
      },
      ThrowsMessage<InputError>(
          HasSubstr("recipe.yml: unknown key \"learning_rat\"; did you mean \"learning_rate\"?")));
  EXPECT_EQ(line_of_key("a: 1\n  momentum : 3\n", "momentum"), 2);
  EXPECT_EQ(line_of_key("momentum_x: 1\n", "momentum"), 0);
}

TEST(File, WritesThroughLinksAndPipesInsteadOfReplacingThem) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("frugal-special-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const auto target = folder / "target", link = folder / "link";
  write_file(target, "old and longer");
  std::filesystem::create_symlink(target, link);
  write_file(link, "new");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(read_file(target), "new");

  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string heard;
  {
    const std::jthread reader([&] { heard = read_file(pipe); });
    write_file(pipe, "through");
  }
  EXPECT_EQ(heard, "through");
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  std::filesystem::remove_all(folder);
}

TEST(File, WritesWholeFilesOrNone) {
  const auto folder = std::filesystem::temp_directory_path() / "frugal_base_test";
  std::filesystem::create_directories(folder);
  write_file(folder / "a", "one");
  write_file(folder / "a", "two");
  EXPECT_EQ(read_file(folder / "a"), "two");
  EXPECT_THROW(write_file(folder / "missing" / "a", "x"), SystemError);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

TEST(Base64, IsThatOfTheStandard) {
  for (const auto& [bytes, text] : {std::pair<std::string, std::string>{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foobar", "Zm9vYmFy"},
                                    {std::string("\0\xff", 2), "AP8="}}) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(base64_decoded(text), bytes);
  }
  for (const char* text : {"Zg", "Zg=", "Z!==", "===="})
    EXPECT_EQ(base64_decoded(text), std::nullopt);
}

TEST(File, HashesAsTheStandardSays) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace frugal
