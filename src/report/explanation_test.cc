#include "report/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "report/findings.h"
#include "report/page_template.h"

namespace frugal::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

// n answers of which the first `right` are right, from `from` on.
std::vector<bool> answers(std::size_t n, std::size_t right, std::size_t from = 0) {
  std::vector<bool> correct(n, false);
  for (std::size_t j = 0; j < right; ++j) correct[(from + j) % n] = true;
  return correct;
}

Finding robustness() {
  return robustness_finding({{"unaltered", "as they are", answers(200, 120)},
                             {"grey", "without colour", answers(200, 110)},
                             {"edges", "edges alone", answers(200, 10)},
                             {"blurred", "blurred", answers(200, 60)}});
}

Explanation example() {
  Finding finding = robustness();
  finding.pictures = {{"Pictures", {{"A <car>", "a \"car\"", base64("not a jpeg"), 10, 8}}}};
  return {.title = "cars & co",
          .network = "resnet18",
          .photographs = "200 photographs of the test part",
          .command_line = "frugal explain runs/cars",
          .findings = {finding, test_size_finding(answers(200, 120)),
                       unanswered("transfer", "no other network was given")}};
}

TEST(Findings, RobustnessNamesTheWorstAndWeighsEdgesAgainstColour) {
  const Finding finding = robustness();
  EXPECT_THAT(
      finding.answer,
      AllOf(HasSubstr("Accuracy is 60.0 %"), HasSubstr("most on edges copies, −55.0 points"),
            HasSubstr("least on grey ones, −5.0 points"), HasSubstr("edges are 85.7 %"),
            HasSubstr("relies on edges more than on colour")));
  EXPECT_EQ(finding.tables[0].rows.size(), 4u);
  const Finding even = robustness_finding({{"unaltered", "", answers(50, 30)},
                                           {"grey", "", answers(50, 30)},
                                           {"blurred", "", answers(50, 30)}});
  EXPECT_THAT(even.answer, HasSubstr("Neither blur nor the loss of colour"));
}

TEST(Findings, AttentionIsHeldAgainstTheRegionsArea) {
  Region region{"the object’s box", {}};
  for (int i = 0; i < 60; ++i) region.masses.push_back({0.5 + 0.005 * i, 0.3, i % 2 == 0});
  EXPECT_THAT(attention_finding(region, "7 × 7").answer, HasSubstr("more than chance"));
  for (RegionMass& each : region.masses) each.area = 0.65;
  EXPECT_THAT(attention_finding(region, "7 × 7").answer, HasSubstr("no more than chance"));
  for (RegionMass& each : region.masses) each.mass.reset();
  EXPECT_THAT(attention_finding(region, "7 × 7").why_not, HasSubstr("no photograph has"));
}

TEST(Findings, TestPhotographsNeededFollowFromTheVariance) {
  const Finding finding = test_size_finding(answers(500, 250));
  EXPECT_THAT(finding.answer,
              HasSubstr("±1 point takes 9,604 test photographs"));  // (1.96/0.01)²/4
  for (const auto& row : finding.tables[0].rows)
    if (row[0].data == "500") {
      EXPECT_NEAR(std::stod(row[1].data), 0.044, 0.004);
    }
}

TEST(Findings, PhotographsThatAreAllRightDoNotTellHowManyItTakes) {
  EXPECT_THAT(test_size_finding(answers(10, 10)).answer,
              AllOf(HasSubstr("All of them are right"), HasSubstr("cannot be told, up to 7,703")));
  EXPECT_THAT(test_size_finding(answers(10, 0)).answer, HasSubstr("None of them is right"));
}

PolicyRuns runs(const std::string& name, std::size_t right, double loss) {
  return {.name = name,
          .correct = {answers(200, right), answers(200, right + 2)},
          .training_losses = {loss, 1.1 * loss}};
}

TEST(Findings, APolicyIsComparedWithNoneAndItsPartsWithIt) {
  std::vector<PolicyRuns> all = {runs("the policy", 120, 2), runs("no policy", 80, 1),
                                 runs("without hue", 119, 2), runs("without blur", 100, 2),
                                 runs("hue alone", 82, 1)};
  all.back().against = PolicyRuns::Against::kNone;
  const Affinity affinity{{answers(200, 60)}, {answers(200, 80)}};
  const Finding finding = policy_finding(all, affinity);
  EXPECT_THAT(finding.answer, AllOf(HasSubstr("brings +20.0 points"),
                                    HasSubstr("dearest to lose: without blur, −10.0 points")));
  EXPECT_EQ(finding.tables[0].rows.size(), 5u);
  EXPECT_EQ(finding.tables[0].rows[4][6].text, "no policy");
  EXPECT_EQ(finding.tables[1].rows[0][1].text, "0.75");  // affinity
  EXPECT_EQ(finding.tables[1].rows[1][1].text, "2.00");  // diversity
}

TEST(Findings, APolicySolvesTheProblemOfTheCopiesItHelpsOn) {
  Finding finding = policy_finding({runs("the policy", 120, 2), runs("no policy", 80, 1)}, {});
  add_copies(finding,
             {{"unaltered", "", answers(200, 120)},
              {"grey", "", answers(200, 110)},
              {"darkened", "", answers(200, 60)}},
             {{"unaltered", "", answers(200, 80)},
              {"grey", "", answers(200, 40)},
              {"darkened", "", answers(200, 58)}});
  EXPECT_THAT(finding.answer, HasSubstr("helps most on grey ones, +35.0 points"));
  EXPECT_EQ(finding.tables.back().rows.size(), 3u);
}

TEST(Findings, TransferSaysWhoIsAhead) {
  const Finding finding = transfer_finding(
      "resnet34",
      {runs("the run's policy", 120, 1), runs("no policy", 80, 1), runs("crop-flip", 120, 1)});
  EXPECT_THAT(finding.answer, AllOf(HasSubstr("is ahead of no policy by +20.0 points"),
                                    HasSubstr("not told apart from crop-flip")));
}

TEST(Explanation, AFindingIsKeptWhole) {
  for (const Finding& finding : example().findings)
    EXPECT_EQ(finding_from_json(to_json(finding), "kept"), finding);
  EXPECT_THAT([] { finding_from_json(Json::object(), "x.json"); },
              ThrowsMessage<InputError>(HasSubstr("x.json: not an answer of frugal explain")));
}

TEST(Explanation, ProgramsReadNumbersAndWhyThereAreNone) {
  const Json json = result_json(example());
  const Json& question = json.at("questions").at("robustness");
  EXPECT_TRUE(question.at("answered").get<bool>());
  EXPECT_DOUBLE_EQ(question.at("tables").at("robustness")[1].at("accuracy"), 0.55);
  EXPECT_LT(question.at("tables").at("robustness")[1].at("change_high"), 0.01);
  EXPECT_TRUE(question.at("tables").at("robustness")[0].at("change").is_null());
  EXPECT_EQ(json.at("questions").at("transfer").at("why_not"), "no other network was given");
}

TEST(Explanation, ThePageNeedsNothingElseAndEscapesNames) {
  const std::string page = html_explanation(example());
  EXPECT_THAT(
      page, AllOf(HasSubstr("<h1>cars &amp; co</h1>"), HasSubstr("img-src data:"),
                  HasSubstr("alt=\"A &lt;car&gt;\""),
                  HasSubstr("src=\"data:image/jpeg;base64,bm90IGEganBlZw==\""),
                  HasSubstr("Not answered: no other network was given"), Not(HasSubstr("http://")),
                  Not(HasSubstr("https://")), Not(HasSubstr("{{"))));
}

TEST(Explanation, TextMarkdownAndCsvHoldTheSameAnswers) {
  const Explanation explanation = example();
  EXPECT_THAT(text_explanation(explanation),
              AllOf(HasSubstr("What does it rely on?\n  Accuracy is 60.0 %"),
                    HasSubstr("Not answered: no other network was given")));
  EXPECT_THAT(markdown_explanation(explanation),
              AllOf(HasSubstr("## What does it rely on?"), HasSubstr("| grey |")));
  EXPECT_THAT(csv_explanation(explanation),
              AllOf(HasSubstr("# robustness\r\ncopies,accuracy,accuracy_low,accuracy_high,change"),
                    HasSubstr("# test-photographs")));
}

TEST(Base64, IsRfc4648s) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace frugal::report
