// frugal augment and frugal train --reproduce-leak, as a user runs them.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/progress.h"
#include "cli/program_under_test.h"
#include "vision/data/image.h"
#include "vision/draw/dataset.h"

namespace frugal::cli {
namespace {

using ::testing::HasSubstr;

class AugmentCommand : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    make_folder("frugal-augment-test");
    SilentProgress silence;
    draw::draw_dataset({.classes = 4, .per_class = 8, .size = 48}, folder_ / "photographs",
                       silence);
  }

  static Ran augment(const std::string& more) {
    return run(fmt::format("augment --data {}/photographs --resolution 32 {}", at(), more));
  }
};

TEST_F(AugmentCommand, PreviewsAndMeasures) {
  const Ran ran = augment(fmt::format(
      "--augment random_crop,saturation:factor=0 --count 3 --variants 2 --json --output {}/grey",
      at()));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Json measures = ran.last().at("measures");
  EXPECT_GT(measures.at("colourfulness").at("before").get<double>(), 1);
  EXPECT_EQ(measures.at("colourfulness").at("after").get<double>(), 0);
  EXPECT_EQ(ran.last().at("photographs_measured").get<int>(), 32);
  const data::Image sheet = data::read_image(at() + "/grey/contact-sheet.png");
  EXPECT_GT(sheet.height, 3u * 32);
  EXPECT_LT(sheet.height, 4u * 32 + 40);
  EXPECT_GT(sheet.width, 3u * 32);
}

TEST_F(AugmentCommand, ExportsCopiesThatTheCheckKnows) {
  const Ran ran =
      augment(fmt::format("--augment trivial --multiplier 2 --json --output {}/copies", at()));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.last().at("export").at("copies").get<int>(), 64);
  const Ran checked = run(fmt::format("check {}/copies/photographs --json", at()));
  ASSERT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_EQ(checked.last().at("altered_copies").get<int>(), 64);
  EXPECT_EQ(checked.last().at("photographs").get<int>(), 96);

  const Ran again = augment(fmt::format("--multiplier 2 --output {}/copies", at()));
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("exists; give another --output"));
}

TEST_F(AugmentCommand, MistakesAreToldInWords) {
  const auto refused = [](const std::string& policy) {
    const Ran ran = augment(fmt::format("--augment {} --output {}/none", policy, at()));
    EXPECT_EQ(ran.exit_code, 2) << policy;
    return ran.err;
  };
  EXPECT_THAT(refused("contrast:factor=101"), HasSubstr("contrast: factor: 101 is not from 0 to"));
  EXPECT_THAT(refused("saturaton:factor=2"), HasSubstr("did you mean \"saturation\""));
  EXPECT_THAT(refused("trival"), HasSubstr("trivial"));
  write_file(folder_ / "future.yml", "version: 2\ntransforms: []\n");
  EXPECT_THAT(refused(at() + "/future.yml"), HasSubstr("a policy of version 2"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "none"));
}

TEST_F(AugmentCommand, ListsEveryTransformWithItsRanges) {
  const Ran ran = run("augment --list --json");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_GE(ran.last().at("transforms").size(), 27u);
  EXPECT_EQ(ran.last().at("policies")[0].at("name"), "none");
}

TEST_F(AugmentCommand, TheLeakIsPricedBesideTheSoundRun) {
  const Ran ran = run(
      fmt::format("train --data {0}/photographs --resolution 32 --epochs 1 --set head_start=zero "
                  "--augment study --set brightness=1.5 --reproduce-leak --json --output {0}/leak",
                  at()));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Json leak = ran.last().at("leak");
  for (const char* protocol : {"leaky", "sound"}) {
    const Json& price = leak.at(protocol);
    EXPECT_NEAR(price.at("excess").get<double>(),
                price.at("reported").at("accuracy").get<double>() -
                    price.at("worth").at("accuracy").get<double>(),
                1e-12);
    EXPECT_LE(price.at("excess_interval")[0].get<double>(), price.at("excess").get<double>());
    EXPECT_GE(price.at("excess_interval")[1].get<double>(), price.at("excess").get<double>());
  }
  // Both are worth something on the same untouched photographs.
  EXPECT_EQ(leak.at("leaky").at("worth").at("photographs"),
            leak.at("sound").at("worth").at("photographs"));
}

}  // namespace
}  // namespace frugal::cli
