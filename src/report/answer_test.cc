#include "report/answer.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "report/example_answer.h"
#include "report/summary.h"

namespace frugal::report {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::IsEmpty;
using testing::ThrowsMessage;

auto reading(const Json& json) {
  return [json] { answer_from_json(json, "result.json"); };
}

TEST(Answer, ComesBackFromJsonAsItWas) {
  Answer answer = example_answer();
  for (Trial& trial : answer.trials)
    for (Evaluation& evaluation : trial.history)
      if (std::isnan(evaluation.training_loss)) evaluation.training_loss = 0;  // NaN ≠ NaN
  EXPECT_EQ(answer_from_json(parse_json(to_json(answer).dump(), "text"), "result.json"), answer);
  EXPECT_EQ(answer_from_json(result_json(answer), "result.json"), answer);
  EXPECT_EQ(answer_from_json(to_json(Answer{}), "result.json"), Answer{});
}

TEST(Answer, LossesThatAreNotNumbersComeBackAsSuch) {
  Answer answer;
  answer.trials.push_back({.history = {{.training_loss = NAN}}});
  const Json json = parse_json(to_json(answer).dump(), "text");
  EXPECT_TRUE(json["trials"][0]["history"][0]["training_loss"].is_null());
  EXPECT_TRUE(std::isnan(answer_from_json(json, "x").trials[0].history[0].training_loss));
}

TEST(Answer, NamesThePlaceOfWhatIsWrongInAFile) {
  const Json good = to_json(example_answer());
  Json json = good;
  json["trials"][3]["task"] = 7;
  EXPECT_THAT(reading(json), ThrowsMessage<InputError>(AllOf(
                                 HasSubstr("result.json.trials[3].task"), HasSubstr("found 7"))));
  json = good;
  json["arms"][1]["tund"] = true;
  EXPECT_THAT(reading(json),
              ThrowsMessage<InputError>(AllOf(HasSubstr("arms[1]"), HasSubstr("tuned"))));
  json = good;
  json["workers"] = -1;
  EXPECT_THAT(reading(json), ThrowsMessage<InputError>(HasSubstr("result.json.workers")));
  EXPECT_THAT(reading(Json::array()), ThrowsMessage<InputError>(HasSubstr("an object")));
}

TEST(Answer, RefusesPredictionsThatDoNotFit) {
  const Json good = to_json(example_answer());
  Json json = good;
  json["arms"][0]["seeds"][0]["test_predictions"].push_back(0);
  EXPECT_THAT(reading(json),
              ThrowsMessage<InputError>(HasSubstr("601 predictions for 600 test labels")));
  json = good;
  json["arms"][0]["seeds"][0]["test_predictions"][0] = 12;
  EXPECT_THAT(reading(json), ThrowsMessage<InputError>(HasSubstr("no class 12")));
  json = good;
  json["winner"] = 4;
  EXPECT_THAT(reading(json), ThrowsMessage<InputError>(HasSubstr("no arm 4")));
}

TEST(Summary, CountsWhatTheWinnerGotRight) {
  const Answer answer = example_answer({.trials = 2, .test = 100, .seeds = 2});
  const Summary summary = summarize(answer);
  double right = 0;
  for (const SeedResult& seed : answer.arms[3].seeds)
    for (std::size_t j = 0; j < 100; ++j)
      right += seed.test_predictions[j] == answer.test_labels[j];
  EXPECT_NEAR(summary.rows[3].test->value, right / 200, 1e-12);
  std::size_t wrong = 0;
  for (const Confusion& confusion : summary.confusions) wrong += confusion.count;
  EXPECT_EQ(wrong, 200 - static_cast<std::size_t>(right));
  EXPECT_TRUE(summary.rows[3].winner);
}

TEST(Summary, PutsTheWinnersStrategyFirst) {
  const Summary summary = summarize(example_answer());
  ASSERT_EQ(summary.gaps.size(), 3u);
  EXPECT_EQ(summary.gaps[0].first, 3u);
  EXPECT_EQ(summary.gaps[0].second, 2u);
  EXPECT_EQ(summary.gaps[1].first, 1u);
  EXPECT_EQ(summary.gaps[2].second, 1u);
}

TEST(Summary, SaysBetterOnlyWhenTheTestSetCanShowIt) {
  const Summary shown = summarize(example_answer({.trials = 2, .gain = 0.1}));
  EXPECT_TRUE(shown.gaps[0].distinguishable);
  EXPECT_GT(shown.gaps[0].interval.low, 0);
  EXPECT_THAT(shown.sentence, HasSubstr("points above the untuned recipe"));
  const Summary equal = summarize(example_answer({.trials = 2, .gain = 0}));
  EXPECT_FALSE(equal.gaps[0].distinguishable);
  EXPECT_THAT(equal.sentence, HasSubstr("no difference that this test set can show"));
  EXPECT_THAT(equal.gaps[0].sentence, HasSubstr("no difference that this test set can show"));
}

TEST(Summary, SaysThatNoneWasFoundOfWhatWasTuned) {
  Answer answer = example_answer({.trials = 2, .gain = 0});
  for (Arm& arm : answer.arms) arm.recipe = {{"learning_rate", 0.05}};
  answer.searches = {{.strategy = answer.arms[3].strategy,
                      .space = {{"parameters", {{{"name", "learning_rate"}}}}}}};
  EXPECT_THAT(summarize(answer).gaps[0].sentence, HasSubstr("a better recipe: none found"));
  answer.searches[0].space["parameters"].push_back({{"name", "brightness"}});
  EXPECT_THAT(summarize(answer).gaps[0].sentence,
              HasSubstr("a better recipe or augmentation: none found"));
  EXPECT_THAT(summarize(example_answer({.trials = 2, .gain = 0.1})).gaps[0].sentence,
              Not(HasSubstr("none found")));
}

TEST(Summary, OfAnUnfinishedExperimentTellsTheBestSoFar) {
  Answer answer = example_answer({.finished = false});
  answer.trials = {
      {.id = 1, .strategy = "features", .task = "full", .cost = 1, .state = "done", .value = 0.612},
      {.id = 2,
       .strategy = "features",
       .task = "small",
       .cost = 0.1,
       .state = "done",
       .value = 0.9},
      {.id = 3, .state = "running"}};
  const Summary summary = summarize(answer);
  EXPECT_THAT(summary.rows, IsEmpty());
  EXPECT_THAT(summary.sentence,
              AllOf(HasSubstr("Not finished"), HasSubstr("of 2 trials that are done"),
                    HasSubstr("full task"), HasSubstr("61.2 %"), HasSubstr("trial 1"),
                    HasSubstr("The test set has not been opened.")));
}

TEST(Summary, OfFailedTrialsAloneTellsWhy) {
  const Summary summary = summarize(example_answer({.trials = 9, .all_failed = true}));
  EXPECT_THAT(summary.sentence, AllOf(HasSubstr("There is no answer"), HasSubstr("9 of 9 trials"),
                                      HasSubstr("the loss is not a number")));
}

TEST(Summary, WarnsOfATestSetOfTenOneClassAndOneSeed) {
  const auto cautions = [](const ExampleOptions& options) {
    std::string all;
    for (const std::string& caution : summarize(example_answer(options)).cautions) all += caution;
    return all;
  };
  EXPECT_THAT(cautions({.trials = 2, .test = 10}), HasSubstr("only 10 photographs"));
  EXPECT_THAT(cautions({.trials = 2, .classes = 1}), HasSubstr("only one class"));
  EXPECT_THAT(cautions({.trials = 2, .seeds = 1}), HasSubstr("one seed only"));
  EXPECT_THAT(cautions({.trials = 2}), IsEmpty());
}

TEST(Summary, OfATestSetOfTenHasWideIntervals) {
  const Summary summary = summarize(example_answer({.trials = 2, .test = 10}));
  EXPECT_GT(summary.rows[3].test->interval->high - summary.rows[3].test->interval->low, 0.3);
}

TEST(Summary, OfArmsThatWereNotTestedYetHasValidationAlone) {
  Answer answer = example_answer({.trials = 2});
  for (Arm& arm : answer.arms)
    for (SeedResult& seed : arm.seeds) seed.test_predictions.clear();
  const Summary summary = summarize(answer);
  EXPECT_TRUE(summary.rows[3].validation.has_value());
  EXPECT_FALSE(summary.rows[3].test.has_value());
  EXPECT_THAT(summary.gaps, IsEmpty());
  EXPECT_THAT(summary.sentence, HasSubstr("test set has not been opened"));
}

}  // namespace
}  // namespace frugal::report
