// frugal explain as a user runs it, on drawn photographs.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "cli/program_under_test.h"
#include "vision/draw/dataset.h"

namespace frugal::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Explain : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    make_folder("frugal-explain");
    SilentProgress silence;
    draw::draw_dataset({.task = draw::Task::kTarget, .classes = 3, .per_class = 48, .size = 40},
                       folder_ / "photographs", silence);
    const Ran trained =
        run(fmt::format("train --data {0}/photographs --resolution 32 --epochs 1 --threads 1 "
                        "--test-share 0.3 --set head_start=zero --output {0}/run",
                        at()));
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
  }
  // The budget is no budget: nothing depends on how fast the machine is.
  static Ran explain(const std::string& more) {
    return run(fmt::format("explain {}/run --threads 1 --budget 100h {}", at(), more));
  }
  static Json result() {
    return parse_json(read_file(folder_ / "run/explain/result.json"), "result.json");
  }
};

TEST_F(Explain, AnswersByMeasurementAndKeepsItsAnswers) {
  const std::string questions =
      "robustness,attention,test-photographs,layers,parameters,looks,transfer";
  const Ran asked = explain("--json --only " + questions);
  ASSERT_EQ(asked.exit_code, 0) << asked.err;
  const Json answers = asked.last().at("questions");
  EXPECT_EQ(answers.size(), 7u);
  for (const char* question : {"robustness", "attention", "test-photographs", "layers"})
    EXPECT_TRUE(answers.at(question).at("answered").get<bool>()) << answers.dump(1);
  EXPECT_EQ(answers.at("robustness").at("tables").at("robustness").size(), 8u);
  for (const Json& row : answers.at("robustness").at("tables").at("robustness")) {
    EXPECT_LE(row.at("accuracy_low"), row.at("accuracy"));
    EXPECT_GE(row.at("accuracy_high"), row.at("accuracy"));
  }
  EXPECT_THAT(answers.at("attention").at("tables").dump(), HasSubstr("mass"));
  EXPECT_EQ(answers.at("layers").at("tables").at("layers").size(), 4u);
  for (const char* question : {"parameters", "looks"})
    EXPECT_THAT(answers.at(question).at("why_not"), HasSubstr("there was no search"));
  EXPECT_THAT(answers.at("transfer").at("why_not"), HasSubstr("--onto"));
  EXPECT_EQ(result().at("questions"), answers);

  const std::string page = read_file(folder_ / "run/explain/explain.html");
  EXPECT_THAT(page, AllOf(HasSubstr("data:image/jpeg;base64,"), HasSubstr("alt=\""),
                          Not(HasSubstr("https://"))));

  const Ran again = explain("--json --only " + questions);
  const Json kept = again.last().at("questions");
  for (const char* question : {"robustness", "attention", "test-photographs", "layers"})
    EXPECT_EQ(kept.at(question), answers.at(question)) << "with the seconds that it took";
}

TEST_F(Explain, TrainsAgainWithPartsOfThePolicyAndOnAnotherNetwork) {
  const std::string questions =
      fmt::format("--only policy,transfer --onto {}/run/model/model.pth", at());
  const Ran asked = explain("--json " + questions);
  ASSERT_EQ(asked.exit_code, 0) << asked.err;
  const Json answers = asked.last().at("questions");
  const Json policy = answers.at("policy").at("tables").at("policy");
  ASSERT_EQ(policy.size(), 4u) << answers.dump(1);
  EXPECT_EQ(policy[0].at("variant"), "the policy");
  EXPECT_EQ(policy[1].at("variant"), "no policy");
  EXPECT_EQ(policy[2].at("variant"), "without random_crop");
  EXPECT_EQ(policy[2].at("runs"), 3);
  EXPECT_EQ(policy[2].at("against"), "the policy");
  EXPECT_EQ(answers.at("policy").at("tables").at("policy-copies").size(), 8u);
  for (const char* done : {"models", "plans/policy.json", "plans/transfer.json"})
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run/explain" / done)) << done;
  EXPECT_TRUE(answers.at("transfer").at("answered").get<bool>()) << answers.dump(1);
  const Json transfer = answers.at("transfer").at("tables").at("transfer");
  EXPECT_EQ(transfer.back().at("variant"), "a policy tuned anew");
  EXPECT_EQ(transfer.back().at("runs"), 3);

  const Ran read = explain("--format csv " + questions);
  ASSERT_EQ(read.exit_code, 0) << read.err;
  EXPECT_THAT(read.out, HasSubstr("# policy\r\nvariant,runs,accuracy,accuracy_low"));
  EXPECT_THAT(read.err, Not(HasSubstr("asking")));
}

TEST_F(Explain, SaysWhatCannotBeAsked) {
  const Ran unknown = explain("--only robustnes");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean robustness?"));
  const Ran no_time = run(fmt::format("explain {}/run --budget 3runs", at()));
  EXPECT_EQ(no_time.exit_code, 2);
  EXPECT_THAT(no_time.err, HasSubstr("takes a time"));
  const Ran no_run = run(fmt::format("explain {}/photographs", at()));
  EXPECT_EQ(no_run.exit_code, 2);
  EXPECT_THAT(no_run.err, HasSubstr("not the folder of a run"));
  const Ran hurried =
      run(fmt::format("explain {}/run --threads 1 --budget 0.001s --only policy --json", at()));
  EXPECT_EQ(hurried.exit_code, 0) << hurried.err;
  EXPECT_THAT(hurried.last().at("questions").at("policy").at("why_not").get<std::string>(),
              testing::ContainsRegex("has 0 s of the budget; give --budget [1-9][0-9]*[sm]"));
}

}  // namespace
}  // namespace frugal::cli
