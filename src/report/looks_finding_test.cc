#include <gmock/gmock.h>

#include "report/findings.h"

namespace frugal::report {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kMeasures = {"colourfulness", "contrast"};

// Colourfulness rises with accuracy, contrast does what it likes.
std::vector<LookedAt> twelve_runs() {
  std::vector<LookedAt> runs;
  for (int i = 0; i < 12; ++i) runs.push_back({{40.0 + i, (i * 7 % 12) / 24.0}, 0.1 + 0.02 * i});
  return runs;
}

TEST(LooksFinding, SaysWhatGoesWithAccuracyAndWhatDoesNot) {
  const Finding finding = looks_finding(kMeasures, {45, 0.2}, twelve_runs(), "full", 48);
  EXPECT_THAT(finding.answer, HasSubstr("colourfulness, 1.00 ("));
  EXPECT_THAT(finding.answer, Not(HasSubstr("contrast")));
  const Table& table = finding.tables.at(0);
  EXPECT_EQ(table.emphasized, std::vector<std::size_t>{0});
  EXPECT_EQ(table.rows[0][1].text, "45") << "as they are";
  EXPECT_EQ(table.rows[0][2].text, "51") << "the best run's";
  EXPECT_EQ(table.rows[0][3].text, "40");
  EXPECT_EQ(table.rows[0][4].text, "51");
  EXPECT_EQ(table.columns.size(), table.rows[0].size());
}

TEST(LooksFinding, SaysThatNothingDoes) {
  std::vector<LookedAt> runs = twelve_runs();
  for (LookedAt& run : runs) run.measures[0] = 45;  // the same pictures in every run
  const Finding finding = looks_finding(kMeasures, {45, 0.2}, runs, "full", 48);
  EXPECT_THAT(finding.answer, HasSubstr("None of these measures"));
  EXPECT_TRUE(finding.tables.at(0).emphasized.empty());
}

TEST(LooksFinding, NeedsFourRuns) {
  std::vector<LookedAt> runs = twelve_runs();
  runs.resize(3);
  EXPECT_THAT(looks_finding(kMeasures, {45, 0.2}, runs, "full", 48).why_not,
              HasSubstr("only 3 runs"));
}

}  // namespace
}  // namespace frugal::report
