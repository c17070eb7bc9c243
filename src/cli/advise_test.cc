// Advice by the program itself, on photographs that the test draws.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/progress.h"
#include "cli/probe.h"
#include "cli/program_under_test.h"
#include "report/example_answer.h"
#include "report/summary.h"
#include "vision/draw/dataset.h"

namespace frugal::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Advise : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    make_folder("frugal-advise");
    SilentProgress silence;
    draw::draw_dataset({.task = draw::Task::kTarget, .classes = 3, .per_class = 14, .size = 48},
                       folder_ / "photographs", silence);
    const Ran trained =
        run(fmt::format("train --data {0}/photographs --resolution 32 --epochs 1 --threads 1 --set "
                        "head_start=zero --json --output {0}/trained",
                        at()));
    ASSERT_EQ(trained.exit_code, 0) << trained.err << trained.out;
  }

  static std::string advise(const std::string& more) {
    return fmt::format(
        "advise --data {0}/photographs --weights {0}/trained/model/model.pth --probe-share 0.001 "
        "{1}",
        at(), more);
  }
};

TEST_F(Advise, SaysWhatToTakeAndAfterwardsHowGoodThatWas) {
  std::filesystem::create_directories(folder_ / "past");
  write_file(folder_ / "past" / "result.json",
             report::result_json(report::example_answer()).dump());
  const std::string output = at() + "/advised";
  const Ran ran =
      run(advise(fmt::format("--budget 2h --price-per-hour 0.1 --past {}/past --json "
                             "--output {}",
                             at(), output)));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Json advice = ran.last();
  ASSERT_EQ(advice.at("prospects").size(), 2u);
  for (const Json& prospect : advice.at("prospects")) {
    EXPECT_EQ(prospect.at("impossible"), "");
    EXPECT_LT(prospect.at("low"), prospect.at("high"));
  }
  EXPECT_EQ(advice.at("prospects")[0].at("probe").size(), 3u);
  EXPECT_EQ(advice.at("past").size(), 1u);
  EXPECT_THAT(advice.at("sentence").get<std::string>(), HasSubstr("Take "));
  EXPECT_THAT(advice.at("command").get<std::string>(), HasSubstr("frugal tune --data"));

  // As if the run had been made and had ended like the example.
  write_file(output + "/options.json", "{}");
  write_file(output + "/result.json", report::result_json(report::example_answer()).dump());
  const Ran checked = run(fmt::format("advise --check {} --json", output));
  ASSERT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_THAT(checked.last().at("sentence").get<std::string>(), HasSubstr("The advice "));
  for (const char* format : {"text", "md", "csv"})
    EXPECT_EQ(run(fmt::format("advise --check {} --format {}", output, format)).exit_code, 0);
}

TEST_F(Advise, SaysWhatIsWrongAndExitsWithTwo) {
  const auto expect_refused = [](const std::string& arguments, const std::string& words) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.exit_code, 2) << arguments;
    EXPECT_THAT(ran.err, HasSubstr(words)) << arguments;
  };
  const std::string output = "--output " + at() + "/x ";
  expect_refused("advise --budget 5m", "needs --data, --weights and --budget");
  expect_refused(advise(output + "--budget 40runs"), "a budget of time or dollars");
  expect_refused(advise(output + "--budget 5usd"), "--price-per-hour");
  expect_refused(advise(output + "--budget 5m --past /nowhere"), "--past /nowhere: no such folder");
  expect_refused(advise(output + "--budget 5m --past " + at() + "/photographs"),
                 "no finished run of frugal tune is in it");
  expect_refused(fmt::format("advise --check {}/trained", at()), "holds no advice.json");
  expect_refused(fmt::format("advise --check {}/photographs", at()), "not the folder of a run");
  expect_refused(advise(output + "--budget 1s"), "no strategy fits into the budget");
}

TEST(InTurn, TakesClassAfterClass) {
  data::Dataset dataset;
  for (const std::size_t label : {0, 0, 0, 1, 2, 2}) dataset.photographs.push_back({"", label});
  EXPECT_THAT(in_turn(dataset, {0, 1, 2, 3, 4, 5}, 5), ElementsAre(0, 3, 4, 1, 5));
  EXPECT_THAT(in_turn(dataset, {2, 4}, 9), ElementsAre(2, 4));
}

}  // namespace
}  // namespace frugal::cli
