#include "experiment/price_list.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::experiment {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* kList = R"(
machines:
  - {name: small, provider: P, cores: 2, on_demand: 0.10, spot: 0.04, date: 2025-01-15, source: here}
  - {name: large, provider: P, region: R, accelerator: G, memory_gib: 16, on_demand: 1, date: 2025-02-01, source: there}
)";

std::vector<MachinePrice> list(const std::string& text = kList) {
  return price_list_from_json(parse_yaml(text, "prices.yml"), "prices.yml");
}

TEST(PriceList, HasAPriceOnDemandAndASpotPrice) {
  EXPECT_EQ(price_per_hour(list(), "small", false, "prices.yml"), 0.10);
  EXPECT_EQ(price_per_hour(list(), "small", true, "prices.yml"), 0.04);
  EXPECT_EQ(machine_named(list(), "large", "prices.yml").date, "2025-02-01");
}

TEST(PriceList, ComesBackFromJsonAsItWas) {
  EXPECT_EQ(price_list_from_json(to_json(list()), "json"), list());
}

TEST(PriceList, SaysWhatIsWrongWithIt) {
  const auto refused = [](const std::string& text, const std::string& words) {
    EXPECT_THAT([&] { list(text); }, ThrowsMessage<InputError>(HasSubstr(words))) << text;
  };
  const auto entry = [](const std::string& fields) { return "machines: [{" + fields + "}]"; };
  const std::string good = "name: a, provider: P, on_demand: 1, date: 2025-01-01, source: s";
  list(entry(good));
  refused("machines: []", "machines must be a list");
  refused("machine: []", "machines");
  refused(entry("provider: P"), "machines[0]: name is missing");
  refused(entry(good + ", spott: 1"), "spot");
  refused(entry("name: a, provider: P, date: d, source: s"), "neither on_demand nor spot");
  refused(entry("name: a, provider: P, on_demand: -1, date: d, source: s"), "above 0, not -1");
  refused(entry("name: a, provider: P, on_demand: cheap, date: d, source: s"), "cheap");
  refused(entry("name: a, provider: P, on_demand: 1, source: s"), "a: date is missing");
  refused(entry("name: a, provider: P, on_demand: 1, date: d"), "a: source is missing");
  refused("machines: [{" + good + "}, {" + good + "}]", "a is there twice");
}

TEST(PriceList, NamesTheMachinesWhenThereIsNoneOfThatName) {
  EXPECT_THAT(
      [] { machine_named(list(), "smal", "prices.yml"); },
      ThrowsMessage<InputError>(testing::AllOf(
          HasSubstr("did you mean small?"), HasSubstr("small, large"), HasSubstr("prices.yml"))));
  EXPECT_THAT([] { price_per_hour(list(), "large", true, "prices.yml"); },
              ThrowsMessage<InputError>(HasSubstr("no spot price for large")));
}

}  // namespace
}  // namespace frugal::experiment
