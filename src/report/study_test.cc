#include "report/study.h"
#include "bundle/bundle.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "report/example_answer.h"
#include "report/study_html.h"
#include "report/study_summary.h"
#include "report/study_tables.h"

namespace frugal::report {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

// Three arms on two seeds: the first two alike, the third much better, where photographs are many.
Study example_study(std::size_t test = 400, double best = 0.8) {
  Study study{.title = "A <study>", .finished = true, .budget = "5m", .price_per_hour = 0.1};
  study.data.photographs = 6 * test;
  study.data.test = test;
  study.classes = {"a", "b", "c"};
  for (std::size_t j = 0; j < test; ++j) study.test_labels.push_back(j % 3);
  const double accuracies[] = {0.5, 0.52, best};
  const char* names[] = {"plain", "tuned", "wide, tuned"};
  for (std::size_t a = 0; a < 3; ++a) {
    StudyArm arm{.name = names[a], .strategy = "fine-tune", .network = "resnet18", .tuned = a > 0};
    arm.spends = "spends it";
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      StudyRun run{.seed = seed, .state = "done", .seconds = 300, .trials = 3};
      for (std::size_t j = 0; j < test; ++j) {
        const double hardness = RandomStream(j).uniform();
        const double luck = RandomStream(seed).derive(a).derive(j).uniform();
        const bool right = 0.7 * hardness + 0.3 * luck < accuracies[a];
        run.test_predictions.push_back((study.test_labels[j] + (right ? 0 : 1)) % 3);
      }
      arm.runs.push_back(run);
    }
    study.arms.push_back(arm);
  }
  return study;
}

TEST(Study, IsTheSameAfterJson) {
  const Study study = example_study(20);
  EXPECT_EQ(study_from_json(to_json(study), "x"), study);
  EXPECT_EQ(study_from_json(result_json(study), "x"), study);
}

TEST(Study, RefusesWhatDoesNotFitTogether) {
  Json json = to_json(example_study(20));
  json["arms"][1]["runs"][0]["test_predictions"].push_back(0);
  EXPECT_THAT([&] { study_from_json(json, "result.json"); },
              ThrowsMessage<InputError>(HasSubstr("arms[1].runs[0].test_predictions: 21")));
  json = to_json(example_study(20));
  json["baseline"] = 3;
  EXPECT_THAT([&] { study_from_json(json, "result.json"); },
              ThrowsMessage<InputError>(HasSubstr("there is no arm 3")));
}

TEST(StudySummary, SaysInOneSentenceWhoIsAheadAndWhoCannotBeTold) {
  const Study study = example_study();
  const StudySummary summary = summarize(study);
  EXPECT_EQ(summary.ahead, 2u);
  EXPECT_THAT(summary.sentence, HasSubstr("“wide, tuned” is right on "));
  EXPECT_THAT(summary.sentence, HasSubstr("is ahead of “tuned” and “plain”."));
  ASSERT_EQ(summary.gaps.size(), 3u);
  EXPECT_TRUE(summary.gaps[0].distinguishable);
  EXPECT_FALSE(summary.gaps[2].distinguishable);
}

TEST(StudySummary, TenTestPhotographsShowNothingAndItSaysSo) {
  const StudySummary summary = summarize(example_study(10, 0.6));
  EXPECT_THAT(summary.sentence, HasSubstr("no arm is shown to be ahead"));
  EXPECT_THAT(summary.cautions, testing::Contains(HasSubstr("only 10 photographs")));
  for (const StudyRow& row : summary.rows)
    EXPECT_GT(row.test->interval->high - row.test->interval->low, 0.3);
}

TEST(StudySummary, ErrorReductionIsTheShareOfTheBaselinesErrors) {
  Study study = example_study(100);
  for (StudyArm& arm : study.arms) arm.runs.resize(1);
  const auto set_right = [&](std::size_t arm, std::size_t right) {
    for (std::size_t j = 0; j < 100; ++j)
      study.arms[arm].runs[0].test_predictions[j] =
          (study.test_labels[j] + (j < right ? 0 : 1)) % 3;
  };
  set_right(0, 60);
  set_right(1, 70);
  set_right(2, 50);
  const StudySummary summary = summarize(study);
  EXPECT_FALSE(summary.rows[0].points);
  EXPECT_THAT(summary.rows[1].points->value, DoubleNear(0.1, 1e-9));
  EXPECT_THAT(summary.rows[1].error_reduction->value, DoubleNear(0.25, 1e-9));  // 40 -> 30
  EXPECT_TRUE(summary.rows[1].error_reduction->interval->contains(0.25));
  EXPECT_THAT(summary.rows[2].error_reduction->value, DoubleNear(-0.25, 1e-9));
}

TEST(StudySummary, TellsOfFailedAndMissingAndCheapArms) {
  Study study = example_study();
  study.finished = false;
  study.arms[0].runs[0].seconds = study.arms[0].runs[1].seconds = 3;
  study.arms[1].runs[1] = {.seed = 2, .state = "failed", .reason = "no memory"};
  study.arms[2].note = "the weights of resnet50 are missing";
  study.arms[2].runs = {{.seed = 1}, {.seed = 2}};
  const StudySummary summary = summarize(study);
  EXPECT_THAT(summary.sentence, HasSubstr("Not finished (3 of 6 runs are done)"));
  EXPECT_THAT(summary.cautions, testing::Contains("“tuned”, seed 2 failed: no memory"));
  EXPECT_THAT(summary.cautions, testing::Contains(HasSubstr("weights of resnet50 are missing")));
  EXPECT_THAT(summary.cautions, testing::Contains(HasSubstr("“plain” cost 3 s a run")));
  EXPECT_EQ(summary.gaps.size(), 1u);
}

TEST(StudySummary, SaysWhenASearchLeftItsWinnerLittleTime) {
  Study study = example_study(100);
  const auto set_epochs = [&](double untuned, double tuned) {
    for (StudyArm& arm : study.arms)
      for (StudyRun& run : arm.runs)
        if (run.state == "done") run.recipe["epochs"] = arm.tuned ? tuned : untuned;
    return summarize(study).cautions;
  };
  const auto words = HasSubstr("were trained for 1 epoch, those of “plain” for 9:");
  EXPECT_THAT(set_epochs(9, 1), testing::Contains(words));
  EXPECT_THAT(set_epochs(9, 6), testing::Not(testing::Contains(HasSubstr("were trained for"))));
}

TEST(StudySummary, HasNoAnswerWhenEveryRunFailed) {
  Study study = example_study(20);
  for (StudyArm& arm : study.arms)
    for (StudyRun& run : arm.runs) run = {.seed = run.seed, .state = "failed", .reason = "x"};
  EXPECT_THAT(summarize(study).sentence, HasSubstr("There is no answer"));
  EXPECT_THAT(html_report(study, summarize(study)), HasSubstr("There is no answer"));
}

TEST(StudyTables, EveryTableComesAsMarkdownAndCsv) {
  const Study study = example_study();
  const StudySummary summary = summarize(study);
  const std::string csv = csv_report(study, summary), markdown = markdown_report(study, summary);
  for (const Table& table : tables(study, summary)) {
    EXPECT_THAT(csv, HasSubstr("# " + table.name + "\r\n"));
    EXPECT_THAT(markdown, HasSubstr("## " + table.caption));
  }
  EXPECT_THAT(csv, HasSubstr("\"wide, tuned\",plain,"));
  EXPECT_THAT(markdown, HasSubstr("**wide, tuned**"));
}

TEST(StudyTables, TextFitsATerminalAndBeginsWithTheSentence) {
  const Study study = example_study();
  const std::string text = text_report(study, summarize(study));
  EXPECT_TRUE(text.starts_with("“wide, tuned” is right on ")) << text;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    EXPECT_LE(text_width(text.substr(at, end - at)), 100u) << text.substr(at, end - at);
    at = end + 1;
  }
}

TEST(StudyHtml, IsOneFileThatEscapesWhatUsersWrote) {
  const Study study = example_study();
  std::string html = html_report(study, summarize(study));
  EXPECT_THAT(html, HasSubstr("A &lt;study&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<study>")));
  const std::string front_end(bundle::kJs);
  EXPECT_THAT(html, HasSubstr(front_end));
  html.erase(html.find(front_end), front_end.size());
  EXPECT_THAT(html, Not(HasSubstr("{{")));
  EXPECT_THAT(html, Not(HasSubstr("http://")));
}

TEST(Delivery, IsTheModelThatTheRunKept) {
  Answer answer = example_answer({.test = 30});
  const auto of_winner = delivery(answer);
  ASSERT_TRUE(of_winner);
  const Arm& winner = answer.arms[*answer.winner];
  double best = 0;
  for (const SeedResult& seed : winner.seeds) best = std::max(best, seed.validation_accuracy);
  for (const SeedResult& seed : winner.seeds) {
    if (seed.validation_accuracy == best) {
      EXPECT_EQ(of_winner->test_predictions, seed.test_predictions);
    }
  }
  answer.refit = Refit{.photographs = 9, .test_predictions = answer.test_labels};
  EXPECT_EQ(delivery(answer)->test_predictions, answer.test_labels);
  answer.refit.reset();
  answer.winner.reset();
  EXPECT_FALSE(delivery(answer));
}

// Holm (1979), worked by hand: sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, then made monotone.
TEST(Holm, StepsDownAndNeverFalls) {
  const std::vector<double> adjusted = holm({0.04, 0.01, 0.03, 0.02});
  EXPECT_THAT(adjusted, ElementsAre(DoubleNear(0.06, 1e-12), DoubleNear(0.04, 1e-12),
                                    DoubleNear(0.06, 1e-12), DoubleNear(0.06, 1e-12)));
  EXPECT_THAT(holm({0.6, 0.9}), ElementsAre(1, 1));
  EXPECT_TRUE(holm({}).empty());
  EXPECT_THAT(holm({0.3}), ElementsAre(0.3));
}

}  // namespace
}  // namespace frugal::report
