#include "optimizer/space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "optimizer/encode.h"

namespace frugal::optimizer {
namespace {

using testing::HasSubstr;

Parameter number(const std::string& name, double min, double max) {
  Parameter p;
  p.name = name, p.min = min, p.max = max;
  return p;
}
Parameter log_number(const std::string& name, double min, double max) {
  Parameter p = number(name, min, max);
  p.log = true;
  return p;
}
Parameter whole(const std::string& name, double min, double max) {
  Parameter p = number(name, min, max);
  p.type = ParameterType::kInt;
  return p;
}
Parameter choice(const std::string& name, std::vector<std::string> categories) {
  Parameter p;
  p.name = name, p.type = ParameterType::kCategorical, p.categories = std::move(categories);
  return p;
}
Parameter grid(const std::string& name, std::vector<double> values) {
  Parameter p;
  p.name = name, p.grid = std::move(values);
  return p;
}
Parameter when(Parameter p, const std::string& conditional, std::vector<std::string> values) {
  p.conditions[conditional] = std::move(values);
  return p;
}

// One of everything.
Space rich_space() {
  Parameter normal = number("normal", 0, 1), beta = number("beta", -2, 2);
  normal.prior = NormalPrior{.3, .1};
  beta.prior = BetaPrior{2, 5};
  return Space({log_number("rate", 1e-5, 1), whole("layers", 1, 5), grid("width", {64, 16, 32}),
                choice("optimizer", {"sgd", "adam"}), normal, beta,
                when(number("momentum", 0, .99), "method", {"a", "b"}),
                when(choice("flavour", {"x", "y"}), "method", {"c"}), number("p", 0, 1),
                number("q", 0, 2), whole("one", 3, 3)},
               {{"method", {"a", "b", "c"}}},
               {{true, 1.5, {{"p", 1}, {"q", 1}}}, {false, .2, {{"p", 1}, {"q", .5}}}});
}

template <typename F>
std::string message_of(F f) {
  try {
    f();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(SpaceTest, MakesClearErrorsOfNonsense) {
  const auto refused = [](std::vector<Parameter> p, std::vector<Conditional> c = {},
                          std::vector<LinearConstraint> l = {}) {
    return message_of([&] { Space(p, c, l); });
  };
  EXPECT_THAT(refused({}), HasSubstr("at least one parameter"));
  EXPECT_THAT(refused({number("x", 2, 1)}), HasSubstr("exchange the bounds"));
  EXPECT_THAT(refused({number("x", 0, NAN)}), HasSubstr("x: the bounds must be finite"));
  EXPECT_THAT(refused({number("x", 0, 1), whole("x", 0, 1)}), HasSubstr("x: stands twice"));
  EXPECT_THAT(refused({log_number("x", 0, 1)}), HasSubstr("above 0"));
  EXPECT_THAT(refused({whole("x", .5, 2)}), HasSubstr("whole numbers"));
  EXPECT_THAT(refused({grid("x", {1, 1})}), HasSubstr("twice"));
  EXPECT_THAT(refused({choice("x", {})}), HasSubstr("at least one category"));
  EXPECT_THAT(refused({choice("x", {"a", "a"})}), HasSubstr("twice"));
  EXPECT_THAT(refused({number("x", 0, 1)}, {{"x", {"a", "b"}}}), HasSubstr("stands twice"));
  EXPECT_THAT(refused({when(number("x", 0, 1), "c", {"a"})}), HasSubstr("no conditional"));
  EXPECT_THAT(refused({when(number("x", 0, 1), "c", {"z"})}, {{"c", {"a", "b"}}}),
              HasSubstr("\"z\" is no value"));
  EXPECT_THAT(refused({number("x", 0, 1)}, {}, {{true, -1, {{"x", 1}}}}), HasSubstr("x <= -1"));
  EXPECT_THAT(refused({number("x", 0, 1)}, {}, {{true, 1, {{"y", 1}}}}), HasSubstr("unknown"));
  EXPECT_THAT(refused({number("x", 0, 1), whole("n", 0, 9)}, {}, {{true, 1, {{"x", 1}, {"n", 1}}}}),
              HasSubstr("mixes"));
  EXPECT_THAT(refused({whole("n", 0, 9)}, {}, {{false, 2.2, {{"n", 1}}}, {true, 2.8, {{"n", 1}}}}),
              HasSubstr("no whole-number point"));
  Parameter prior = number("x", 0, 1);
  prior.prior = NormalPrior{2, 1};
  EXPECT_THAT(refused({prior}), HasSubstr("inside the bounds"));
  Parameter fallback = choice("x", {"a", "b"});
  fallback.default_value = std::string("c");
  EXPECT_THAT(refused({fallback}), HasSubstr("none of its categories"));
}

TEST(SpaceTest, ValidatesAssignmentsByName) {
  const Space space = rich_space();
  RandomStream random(1);
  Assignments good = space.sample(random);
  space.validate(good);
  const auto refused = [&](auto change) {
    Assignments bad = good;
    change(bad);
    return message_of([&] { space.validate(bad); });
  };
  EXPECT_THAT(refused([](auto& a) { a.erase("rate"); }), HasSubstr("rate: is missing"));
  EXPECT_THAT(refused([](auto& a) { a["ratte"] = 1.0; }), HasSubstr("did you mean \"rate\""));
  EXPECT_THAT(refused([](auto& a) { a["rate"] = std::int64_t{1}; }), HasSubstr("rate"));
  EXPECT_THAT(refused([](auto& a) { a["rate"] = -1.0; }), HasSubstr("not above 0"));
  EXPECT_THAT(refused([](auto& a) { a["width"] = 33.0; }), HasSubstr("not in its grid"));
  EXPECT_THAT(refused([](auto& a) { a["layers"] = 1.5; }), HasSubstr("whole number"));
  EXPECT_THAT(refused([](auto& a) { a["p"] = 1.0, a["q"] = 1.0; }), HasSubstr("break"));
  EXPECT_THAT(refused([](auto& a) { a.erase("method"); }), HasSubstr("method is missing"));
  EXPECT_THAT(refused([](auto& a) {
                if (std::get<std::string>(a["method"]) == "c")
                  a["momentum"] = .5;
                else
                  a["flavour"] = std::string("x");
              }),
              HasSubstr("inactive"));
  EXPECT_EQ(refused([](auto& a) { a["rate"] = 7.0; }), "");  // outside its bounds
}

TEST(SpaceTest, SamplesAreValidAndReachEverything) {
  const Space space = rich_space();
  RandomStream random(2);
  std::set<std::int64_t> layers;
  std::set<double> widths;
  std::set<std::string> methods;
  double rate_below = 0, normal_mean = 0;
  constexpr int kSamples = 2000;
  for (int i = 0; i < kSamples; ++i) {
    const Assignments a = space.sample(random);
    ASSERT_NO_THROW(space.validate(a));
    layers.insert(std::get<std::int64_t>(a.at("layers")));
    widths.insert(std::get<double>(a.at("width")));
    methods.insert(std::get<std::string>(a.at("method")));
    rate_below += std::get<double>(a.at("rate")) < std::sqrt(1e-5);
    normal_mean += std::get<double>(a.at("normal")) / kSamples;
    EXPECT_EQ(a.contains("momentum"), !a.contains("flavour"));
  }
  EXPECT_EQ(layers.size(), 5u);
  EXPECT_EQ(widths, (std::set<double>{16, 32, 64}));
  EXPECT_EQ(methods.size(), 3u);
  EXPECT_NEAR(rate_below / kSamples, .5, .05);  // half of them in the lower half of the log range
  EXPECT_NEAR(normal_mean, .3, .01);
}

TEST(SpaceTest, SamplesNarrowConstraintsWithoutRejection) {
  // A slice of width .002, and whole numbers that sum to 7.
  const Space slice({number("x", 0, 1), number("y", 0, 1), number("z", -5, 5)}, {},
                    {{true, 1.001, {{"x", 1}, {"y", 1}}}, {false, .999, {{"x", 1}, {"y", 1}}}});
  const Space sum(
      {whole("a", 0, 50), whole("b", 0, 50), whole("c", 0, 50)}, {},
      {{true, 7, {{"a", 1}, {"b", 1}, {"c", 1}}}, {false, 7, {{"a", 1}, {"b", 1}, {"c", 1}}}});
  RandomStream random(3);
  std::set<std::string> seen;
  double mean = 0;
  for (int i = 0; i < 300; ++i) {
    const Assignments a = slice.sample(random), b = sum.sample(random);
    ASSERT_NO_THROW(slice.validate(a));
    ASSERT_NO_THROW(sum.validate(b));
    mean += std::get<double>(a.at("x")) / 300;
    seen.insert(sum.canonical_key(b));
  }
  EXPECT_NEAR(mean, .5, .08);
  EXPECT_GT(seen.size(), 25u);  // of 36
}

TEST(SpaceTest, DefaultsAreValid) {
  rich_space().validate(rich_space().default_assignments());
  Parameter rate = log_number("rate", 1e-4, 1);
  Parameter layers = whole("layers", 0, 9);
  layers.default_value = std::int64_t{7};
  const Assignments a = Space({rate, layers}).default_assignments();
  EXPECT_NEAR(std::get<double>(a.at("rate")), 1e-2, 1e-12);
  EXPECT_EQ(std::get<std::int64_t>(a.at("layers")), 7);
}

TEST(SpaceTest, TheKeyForgetsTheLastBitsAndNothingElse) {
  const Space space({number("x", 0, 1), choice("c", {"1", "2"})});
  const auto key = [&](double x, const std::string& c) {
    return space.canonical_key({{"x", x}, {"c", c}});
  };
  EXPECT_EQ(key(.1, "1"), key(.1 + 1e-17, "1"));
  EXPECT_EQ(key(.3, "1"), key(.1 + .2, "1"));
  EXPECT_EQ(key(0., "1"), key(-0., "1"));
  EXPECT_NE(key(.1, "1"), key(.1 + 1e-6, "1"));
  EXPECT_NE(key(.1, "1"), key(.1, "2"));
}

TEST(SpaceTest, JsonRoundTripsEverything) {
  const Space space = rich_space();
  EXPECT_EQ(space_from_json(to_json(space), "test"), space);
  RandomStream random(4);
  for (int i = 0; i < 50; ++i) {
    const Assignments a = space.sample(random);
    EXPECT_EQ(assignments_from_json(parse_json(to_json(a).dump(), "test"), space, "test"), a);
  }
}

TEST(SpaceTest, ReadsSigOptsWireForm) {
  const Space space = space_from_json(parse_json(R"({
    "name": "ignored here", "parameters": [
      {"name": "lr", "type": "double", "bounds": {"min": 1e-4, "max": 1}, "transformation": "log"},
      {"name": "n", "type": "int", "grid": [2, 8, 4], "default_value": 8},
      {"name": "act", "type": "categorical", "categorical_values": ["relu", {"name": "tanh", "enum_index": 2}]},
      {"name": "m", "type": "double", "bounds": {"min": 0, "max": 1}, "conditions": {"opt": "sgd"},
       "prior": {"name": "beta", "shape_a": 2, "shape_b": 3}}],
    "conditionals": [{"name": "opt", "values": ["sgd", "adam"]}]})",
                                                 "body"),
                                      "body");
  ASSERT_EQ(space.parameters().size(), 4u);
  EXPECT_TRUE(space.parameters()[0].log);
  EXPECT_EQ(space.parameters()[1].grid, (std::vector<double>{2, 4, 8}));
  EXPECT_EQ(space.parameters()[2].categories, (std::vector<std::string>{"relu", "tanh"}));
  EXPECT_EQ(space.parameters()[3].conditions.at("opt"), std::vector<std::string>{"sgd"});
  const Assignments a = assignments_from_json(
      parse_json(R"({"lr": 1, "n": 4.0, "act": "relu", "opt": "adam"})", "body"), space, "body");
  EXPECT_EQ(std::get<double>(a.at("lr")), 1.0);
  EXPECT_EQ(std::get<std::int64_t>(a.at("n")), 4);
}

TEST(SpaceTest, JsonErrorsNameThePlaceAndTheParameter) {
  const auto refused = [](const std::string& parameter) {
    return message_of([&] {
      space_from_json(parse_json("{\"parameters\": [" + parameter + "]}", "body"), "body");
    });
  };
  EXPECT_THAT(refused(R"({"name": "x", "type": "double"})"),
              HasSubstr("body: parameter x: \"bounds\" is missing"));
  EXPECT_THAT(refused(R"({"name": "x", "type": "float", "bounds": {"min": 0, "max": 1}})"),
              HasSubstr("\"float\""));
  EXPECT_THAT(refused(R"({"name": "x", "type": "double", "bound": 1})"), HasSubstr("bounds"));
  EXPECT_THAT(refused(R"({"name": "x", "type": "double", "bounds": {"min": "0", "max": 1}})"),
              HasSubstr("bounds.min must be a number"));
  EXPECT_THAT(refused(R"({"name": "x", "type": "categorical", "categorical_values": "a"})"),
              HasSubstr("list"));
  EXPECT_THAT(refused("3"), HasSubstr("object"));
}

TEST(EncodeTest, DecodeThenEncodeGivesThePointBack) {
  const Space space = rich_space();
  const Encoder encoder(space);
  RandomStream random(5);
  for (int i = 0; i < 500; ++i) {
    const Point point = encoder.sample(random);
    const Assignments a = encoder.decode(point);
    const Point again = encoder.encode(a);
    for (std::size_t j = 0; j < point.size(); ++j) EXPECT_NEAR(point[j], again[j], 1e-9);
    EXPECT_EQ(space.canonical_key(encoder.decode(again)), space.canonical_key(a));
  }
}

TEST(EncodeTest, PerturbedPointsAreValidAndDifferent) {
  const Space space = rich_space();
  const Encoder encoder(space);
  RandomStream random(6);
  Point point = encoder.sample(random);
  int moved = 0;
  for (int i = 0; i < 1000; ++i) {
    const Point next = encoder.perturb(point, std::vector<double>(point.size(), .2), .5, random);
    ASSERT_NO_THROW(space.validate(encoder.decode(next)));
    moved += next != point;
    point = next;
  }
  EXPECT_GT(moved, 950);
}

TEST(EncodeTest, ObservationsOutsideTheDomainKeepAPlace) {
  const Encoder encoder(
      Space({number("x", 0, 1), log_number("y", .1, 1), choice("c", {"a", "b"})}));
  const Point point = encoder.encode({{"x", 1.5}, {"y", -3.0}, {"c", std::string("z")}});
  EXPECT_EQ(point, (Point{1.5, -1, kInactiveCategory}));
  EXPECT_EQ(encoder.encode({{"x", 1e300}})[0], 2);
  EXPECT_EQ(encoder.encode({})[0], .5);
}

TEST(EncodeTest, FeaturesGiveTheDistancesOfTheKernel) {
  const Encoder encoder(Space({choice("c", {"a", "b", "d"}), when(number("x", 0, 1), "k", {"on"})},
                              {{"k", {"on", "off"}}}));
  ASSERT_EQ(encoder.features(), 6u);
  const auto squared_distance = [&](const Assignments& a, const Assignments& b) {
    std::vector<double> u(6), v(6);
    encoder.embed(encoder.encode(a), u.data());
    encoder.embed(encoder.encode(b), v.data());
    double sum = 0;
    for (std::size_t f = 0; f < 6; ++f) sum += (u[f] - v[f]) * (u[f] - v[f]);
    return sum;
  };
  const Assignments off = {{"k", std::string("off")}, {"c", std::string("a")}};
  const Assignments other = {{"k", std::string("off")}, {"c", std::string("d")}};
  const Assignments on = {{"k", std::string("on")}, {"c", std::string("a")}, {"x", .5}};
  EXPECT_NEAR(squared_distance(off, other), 1, 1e-12);
  EXPECT_NEAR(squared_distance(off, off), 0, 1e-12);
  EXPECT_NEAR(squared_distance(off, on), 1, 1e-12);  // the conditional alone
}

TEST(EncodeTest, EnumeratesFiniteSpacesOnce) {
  const Space space(
      {whole("n", 1, 3), choice("c", {"a", "b"}), when(whole("m", 0, 1), "k", {"on"})},
      {{"k", {"on", "off"}}}, {{true, 2, {{"n", 1}}}});
  const Encoder encoder(space);
  std::set<std::string> keys;
  const std::vector<Point> points = encoder.enumerate(1000);
  for (const Point& point : points) keys.insert(space.canonical_key(encoder.decode(point)));
  EXPECT_EQ(points.size(), 2u * 2 * (2 + 1));
  EXPECT_EQ(keys.size(), points.size());
}

}  // namespace
}  // namespace frugal::optimizer
