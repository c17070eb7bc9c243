#include "report/advice.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "report/example_answer.h"

namespace frugal::report {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;
using testing::ThrowsMessage;

Prospect example(const std::string& strategy, double low, double high, double seconds) {
  Prospect prospect{.strategy = strategy, .network = "resnet18", .weights = "r18.pth"};
  prospect.low = low;
  prospect.high = high;
  prospect.seconds_low = prospect.seconds_high = seconds;
  prospect.probe = {{100, 0.3, 0.2, 0.4}, {200, 0.4, 0.3, 0.5}};
  return prospect;
}

Advice example_advice() {
  Advice advice{.data = "cars", .budget = "20m", .price_per_hour = 0.1};
  advice.prospects = {example("features", 0.4, 0.6, 200), example("fine-tune", 0.5, 0.8, 1200)};
  advice.recommended = 1;
  return advice;
}

TEST(Extrapolation, FollowsThePowerLawThatMadeThePoints) {
  const auto accuracy_at = [](double n) { return 1 - 2 * std::pow(n, -0.3); };
  EXPECT_THAT(
      extrapolated({100, 200, 400}, {accuracy_at(100), accuracy_at(200), accuracy_at(400)}, 5000),
      DoubleNear(accuracy_at(5000), 1e-9));
}

TEST(Extrapolation, NeverGetsWorseWithMorePhotographs) {
  EXPECT_THAT(extrapolated({100, 400}, {0.5, 0.4}, 5000), DoubleNear(1 - std::sqrt(0.3), 1e-9));
  EXPECT_LE(extrapolated({100, 400}, {0.5, 1.0}, 5000), 1);
}

TEST(Extrapolation, ItsBandHoldsTheTruthForMostDraws) {
  const auto accuracy_at = [](double n) { return 1 - 2 * std::pow(n, -0.3); };
  const std::vector<std::size_t> sizes = {100, 200, 400};
  int held = 0;
  for (std::uint64_t draw = 0; draw < 100; ++draw) {
    RandomStream random = RandomStream(draw).derive("judges");
    Correctness correct(3, std::vector<bool>(200));
    for (std::size_t j = 0; j < 200; ++j) {
      const double hardness = random.uniform();
      for (std::size_t k = 0; k < 3; ++k)
        correct[k][j] = hardness < accuracy_at(static_cast<double>(sizes[k]));
    }
    held += extrapolation_interval(sizes, correct, 2000, RandomStream(draw))
                .contains(accuracy_at(2000));
  }
  EXPECT_GE(held, 88);
}

TEST(Advice, IsTheSameAfterJson) {
  const Advice advice = example_advice();
  EXPECT_EQ(advice_from_json(to_json(advice), "advice.json"), advice);
  Json json = to_json(advice);
  json["recommended"] = 2;
  EXPECT_THAT([&] { advice_from_json(json, "advice.json"); },
              ThrowsMessage<InputError>(HasSubstr("no prospect 2")));
}

TEST(Advice, TakesTheBestAndOfWhatIsAlikeTheCheapest) {
  std::vector<Prospect> prospects = example_advice().prospects;
  EXPECT_EQ(recommend(prospects), 1u);
  prospects[1] = example("fine-tune", 0.42, 0.6, 1200);  // a point better, six times as dear
  EXPECT_EQ(recommend(prospects), 0u);
  prospects[0].impossible = "too small a budget";
  EXPECT_EQ(recommend(prospects), 1u);
}

TEST(Advice, SaysWhetherItMayTurnOutOtherwise) {
  Advice advice = example_advice();
  EXPECT_THAT(sentence(advice), HasSubstr("Take fine-tuning resnet18: expect 50.0 to 80.0 %"));
  EXPECT_THAT(sentence(advice), HasSubstr("may turn out otherwise"));
  advice.prospects[0].high = 0.45;
  EXPECT_THAT(sentence(advice), HasSubstr("no other strategy's range reaches so far"));
  advice.prospects[0].impossible = "no";
  EXPECT_THAT(sentence(advice), HasSubstr("nothing else fits"));
  for (const Table& table : tables(advice)) {
    EXPECT_NO_THROW(to_csv(table)) << table.name;
    EXPECT_NO_THROW(to_markdown(table)) << table.name;
  }
}

TEST(Advice, LearnsFromPastRunsWhatShareOfErrorsGoes) {
  const PastGains gains = past_gains({example_answer(), example_answer({.gain = 0.2})});
  ASSERT_TRUE(gains.tuning && gains.fine_tuning);
  EXPECT_GT(gains.tuning->high, gains.tuning->low);
  EXPECT_GT(gains.tuning->low, 0);
  EXPECT_FALSE(past_gains({}).tuning);
  const Interval range = improved({0.4, 0.6}, {0, 0.5});
  EXPECT_THAT(range.low, DoubleNear(0.4, 1e-12));
  EXPECT_THAT(range.high, DoubleNear(0.8, 1e-12));
}

TEST(AdviceCheck, TellsGoodAdviceFromBad) {
  const Answer answer = example_answer();  // fine-tuning wins with about 70 %
  Advice advice = example_advice();
  advice.prospects[1].seconds_high = answer.spent_seconds;
  EXPECT_THAT(check_advice(advice, answer).sentence, HasSubstr("The advice was good"));
  advice.prospects[1].low = 0.9;
  advice.prospects[1].high = 1;
  EXPECT_THAT(check_advice(advice, answer).sentence, HasSubstr("partly good"));
  advice.recommended = 0;
  EXPECT_THAT(check_advice(advice, answer).sentence, HasSubstr("The advice was wrong"));
  EXPECT_THAT([&] { check_advice(advice, example_answer({.finished = false})); },
              ThrowsMessage<InputError>(HasSubstr("not opened its test part")));
}

}  // namespace
}  // namespace frugal::report
