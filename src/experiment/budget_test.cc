#include "experiment/budget.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace frugal::experiment {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Budget, UnderstandsTimeMoneyAndRuns) {
  EXPECT_EQ(parse_budget("90s"), (Budget{.wall_seconds = 90}));
  EXPECT_EQ(parse_budget("20m"), (Budget{.wall_seconds = 1200}));
  EXPECT_EQ(parse_budget("1.5h"), (Budget{.wall_seconds = 5400}));
  EXPECT_EQ(parse_budget("5usd"), (Budget{.dollars = 5}));
  EXPECT_EQ(parse_budget("$0.5"), (Budget{.dollars = 0.5}));
  EXPECT_EQ(parse_budget("40runs"), (Budget{.runs = 40}));
  EXPECT_EQ(parse_budget("2h, $5 ,40runs"),
            (Budget{.wall_seconds = 7200, .dollars = 5, .runs = 40}));
}

TEST(Budget, RefusesWhatIsNoAmountByQuotingIt) {
  for (const char* text : {"", ",", "20", "m", "-5m", "0h", "nan h", "infs", "1e999s", "5usdm",
                           "$5usd", "20m,,2h", "20m,30m", "5 apples"})
    EXPECT_THROW(parse_budget(text), InputError) << text;
  EXPECT_THAT([] { parse_budget("20m,5apples"); },
              ThrowsMessage<InputError>(HasSubstr("\"5apples\"")));
}

TEST(Budget, BoundsTimeByMoneyToo) {
  EXPECT_EQ(seconds_allowed({}, 0), std::nullopt);
  EXPECT_EQ(seconds_allowed({.runs = 3}, 0), std::nullopt);
  EXPECT_EQ(seconds_allowed({.dollars = 2}, 4), 1800);
  EXPECT_EQ(seconds_allowed({.wall_seconds = 60, .dollars = 2}, 4), 60);
  EXPECT_EQ(seconds_allowed({.wall_seconds = 6000, .dollars = 2}, 4), 1800);
  EXPECT_THROW(seconds_allowed({.dollars = 2}, 0), InputError);
}

}  // namespace
}  // namespace frugal::experiment
