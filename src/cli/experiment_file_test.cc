#include "cli/experiment_file.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "experiment/test_experiment.h"
#include "worker/program_executor.h"

namespace frugal::cli {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class ExperimentFileTest : public testing::Test {
 protected:
  ExperimentFile read(const std::string& text, const std::string& name = "tuned.yml") {
    write_file(folder_.path() / name, text);
    return read_experiment_file(folder_.path() / name);
  }

  void expect_refused(const std::string& text, const std::string& words,
                      const std::string& name = "tuned.yml") {
    EXPECT_THAT([&] { read(text, name); }, ThrowsMessage<InputError>(HasSubstr(words))) << text;
  }

  experiment::TemporaryFolder folder_;
};

constexpr const char* kParameter = "parameters:\n  - {name: x, type: double, bounds: [0, 1]}\n";

TEST_F(ExperimentFileTest, ReadsTheExample) {
  const auto file = read(example_experiment());
  EXPECT_EQ(file.experiment.metric, "loss");
  EXPECT_FALSE(file.experiment.maximize);
  EXPECT_EQ(file.experiment.tasks.size(), 2u);
  EXPECT_EQ(file.experiment.space.parameters().size(), 2u);
  EXPECT_EQ(file.experiment.budget, 40);
}

TEST_F(ExperimentFileTest, TakesWhatIsWrittenShorter) {
  const auto file = read(
      "metrics: loss\n"
      "conditionals:\n  - {name: method, values: [1, 2]}\n"
      "parameters:\n"
      "  - {name: x, type: double, bounds: [0, 1]}\n"
      "  - name: width\n    type: categorical\n    categorical_values: [16, 32, true]\n"
      "    default_value: 32\n    conditions: {method: 2}\n"
      "timeout: 2m\nmetric_regex: 'loss=(.*)'\n");
  EXPECT_EQ(file.experiment.name, "tuned");
  EXPECT_EQ(file.experiment.metric, "loss");
  const auto& parameters = file.experiment.space.parameters();
  EXPECT_EQ(parameters[0].max, 1);
  EXPECT_EQ(parameters[1].categories, (std::vector<std::string>{"16", "32", "true"}));
  EXPECT_EQ(parameters[1].default_value, optimizer::Value("32"));
  EXPECT_EQ(file.timeout_seconds, 120);
  EXPECT_EQ(file.metric.regex, "loss=(.*)");
}

TEST_F(ExperimentFileTest, TakesJson) {
  const auto file = read(
      "{\"name\": \"n\", \"type\": \"random\", \"parameters\":"
      " [{\"name\": \"x\", \"type\": \"int\", \"bounds\": {\"min\": 1, \"max\": 3}}]}",
      "e.json");
  EXPECT_EQ(file.experiment.suggester, "random");
}

TEST_F(ExperimentFileTest, SaysOnWhichLineWhatIsWrong) {
  const std::string good = kParameter;
  expect_refused(good + "metric: loss\n", "tuned.yml:3: unknown key \"metric\"; did you mean");
  expect_refused("parameters:\n  - name: x\n    type: double\n    bound: [0, 1]\n",
                 "tuned.yml:4: parameter x: unknown key \"bound\"; did you mean \"bounds\"?");
  expect_refused(good + "  - {name: y, type: double, bounds: [2, 1]}\n",
                 "tuned.yml:3: parameter y");
  expect_refused(good + "type: grid\n", "tuned.yml:3: type grid is not offered");
  expect_refused(good + "tasks:\n  - {name: a, cost: 0.1}\n  - {name: b, cost: 0.5}\n",
                 "tuned.yml:3: tasks: exactly one must cost 1");
  expect_refused(good + "metrics:\n  - name: a\n    objectiv: minimize\n", "tuned.yml:5: metrics");
  expect_refused(good +
                     "linear_constraints:\n  - {type: less_than, threshold: 1, terms: "
                     "[{name: z, weight: 1}]}\n",
                 "tuned.yml:4:");
  expect_refused(good + "suggester: mulitask\n", "tuned.yml:3: there is no suggester");
  expect_refused(good + "timeout: soon\n", "tuned.yml:3: timeout \"soon\"");
  expect_refused(good + "metric_regex: '('\n", "tuned.yml:3: ( is no regular expression");
  expect_refused(good + "observation_budget: 0\n", "tuned.yml:3: observation_budget");
  expect_refused(good + "\tx: y\n", "tuned.yml:3: ");
  expect_refused("{\"parameters\": [],\n \"nam\": 1}", "e.json:2: unknown key \"nam\"", "e.json");
}

TEST_F(ExperimentFileTest, SaysWhatIsMissing) {
  expect_refused("", "expected an experiment");
  expect_refused("- 1\n", "expected an experiment");
  expect_refused("name: n\n", "an experiment has parameters");
  EXPECT_THROW(read_experiment_file(folder_.path() / "nowhere.yml"), SystemError);
}

TEST_F(ExperimentFileTest, TellsOneExperimentFromAnother) {
  const auto experiment = [&](const std::string& text) {
    auto read_in = read(text).experiment;
    read_in.metadata["program"] = to_json(worker::ProgramSetup{{"p", "{x}"}, "/", "/run", {}, 0});
    return read_in;
  };
  const std::string good = kParameter;
  const auto before = experiment(good);
  EXPECT_EQ(difference(before, experiment(good + "observation_budget: 9\nname: other\n")), "");
  EXPECT_EQ(difference(before, experiment("parameters:\n  - {name: x, type: double, bounds: "
                                          "[0, 2]}\n")),
            "parameters.x.bounds.max was 1.0 and is now 2.0");
  EXPECT_EQ(difference(before, experiment(good + "  - {name: y, type: int, bounds: [0, 2]}\n")),
            "parameters.y is new");
  EXPECT_EQ(difference(before, experiment(good + "seed: 3\n")), "seed was 0 and is now 3");
  auto other_command = before;
  other_command.metadata["program"]["command"] = {"p", "--x={x}"};
  EXPECT_EQ(difference(before, other_command), "command was p {x} and is now p --x={x}");
}

TEST(SecondsNamed, AreTimesAboveZero) {
  EXPECT_EQ(seconds_named("90"), 90);
  EXPECT_EQ(seconds_named("1.5m"), 90);
  EXPECT_EQ(seconds_named("2h"), 7200);
  for (const char* text : {"", "m", "-3s", "0", "3 parsecs", "inf", "nan"})
    EXPECT_THROW(seconds_named(text), InputError) << text;
}

}  // namespace
}  // namespace frugal::cli
