// Programs of the test's own, shell scripts, run as trials.
#include "worker/program_executor.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "experiment/test_experiment.h"

namespace frugal::worker {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::ThrowsMessage;

// --- words ---

TEST(ProgramWords, StandForValuesAlsoInsideOfWords) {
  const Substitutes substitutes = {{"lr", "0.1"}, {"n", "3"}};
  EXPECT_THAT(fill_in({"./p", "{lr}", "--n={n}", "{n}{lr}x"}, substitutes),
              ElementsAre("./p", "0.1", "--n=3", "30.1x"));
}

TEST(ProgramWords, LeaveOtherBracesAlone) {
  const Substitutes substitutes = {{"lr", "0.1"}};
  for (const char* word : {"{print $1}", "{\"a\": {\"b\": 1}}", "{}", "{", "}", "a{1,2}b", "{{}}"})
    EXPECT_THAT(fill_in({word}, substitutes), ElementsAre(word)) << word;
  EXPECT_THAT(fill_in({"{{lr}}", "x{{HOME}}"}, substitutes), ElementsAre("{lr}", "x{HOME}"));
}

TEST(ProgramWords, RefuseANameThatIsNone) {
  EXPECT_THAT(
      [] {
        fill_in({"--lr={rate}"}, {{"ratio", "1"}});
      },
      ThrowsMessage<InputError>(HasSubstr("did you mean {ratio}?")));
}

TEST(ProgramWords, LeaveOutWhatIsNotActiveWithItsOption) {
  const Substitutes substitutes = {{"momentum", std::nullopt}, {"lr", "1"}};
  EXPECT_THAT(fill_in({"p", "--momentum", "{momentum}", "--lr", "{lr}"}, substitutes),
              ElementsAre("p", "--lr", "1"));
  EXPECT_THAT(fill_in({"p", "-v", "--momentum={momentum}", "end"}, substitutes),
              ElementsAre("p", "-v", "end"));
  EXPECT_THAT(fill_in({"p", "--lr={lr}", "{momentum}"}, substitutes), ElementsAre("p", "--lr=1"));
}

TEST(ProgramWords, AreQuotedForAShellOnlyWhereNeeded) {
  EXPECT_EQ(shell_text({"python3", "--lr={lr}", "it's", "", "a b"}),
            "python3 --lr={lr} 'it'\\''s' '' 'a b'");
}

TEST(ProgramWords, NameVariablesOfTheEnvironment) {
  EXPECT_EQ(environment_name("weight-decay.2"), "FRUGAL_PARAM_WEIGHT_DECAY_2");
}

// --- metrics ---

TEST(ProgramMetric, IsTheLastNumberOrObjectWithItsKey) {
  const auto value = [](const std::string& text) {
    return read_metric(text, "loss", {}, "standard output").value;
  };
  EXPECT_EQ(value("3\n0.25\n"), 0.25);
  EXPECT_EQ(value("epoch 1\n  -1e-3  \r\nbye bye\n\n"), -1e-3);
  EXPECT_EQ(value("{\"loss\": 2}\n{\"loss\": 1}\n{\"other\": 5}\ndone"), 1);
  EXPECT_EQ(value("7\n{\"loss\": 1, \"time\": NaN}"), 1);
  EXPECT_EQ(value("1e-999"), 0);
  EXPECT_EQ(value("{\n \"loss\": 4,\n \"text\": \"}\"\n}\n"), 4);
  EXPECT_EQ(read_metric("{\"loss\": 2, \"value_stddev\": 0.5}", "loss", {}, "x").value_stddev, 0.5);
}

TEST(ProgramMetric, IsRefusedWhenItIsNoFiniteNumber) {
  for (const char* text : {"nan", "inf", "1e999", "{\"loss\": NaN}", "{\"loss\": -Infinity}",
                           "{\"loss\": null}", "{\"loss\": \"0.5\"}", "0.5\n{\"loss\": NaN}"})
    EXPECT_THAT([&] { read_metric(text, "loss", {}, "standard output"); },
                ThrowsMessage<InputError>(HasSubstr("loss is")))
        << text;
  for (const char* text : {"", "0.5 s", "{\"los\": 1}", "[1]", "{\"loss\": 1", "0x1f", "1,5"})
    EXPECT_THAT([&] { read_metric(text, "loss", {}, "standard output"); },
                ThrowsMessage<InputError>(HasSubstr("no line of its standard output")))
        << text;
}

TEST(ProgramMetric, OfBrokenJsonTheFaultIsNamed) {
  EXPECT_THAT(
      [] { read_metric("{\"loss\": 1, \"value_stddev\": .1}\nbye", "loss", {}, "x"); },
      ThrowsMessage<InputError>(AllOf(HasSubstr("no JSON: parse error at line 1, column 29"),
                                      HasSubstr("invalid literal"))));
  EXPECT_THAT([] { read_metric("{'loss': 1}", "loss", {}, "x"); },
              ThrowsMessage<InputError>(Not(HasSubstr("no JSON"))));
}

TEST(ProgramMetric, IsTheLastMatchOfARegularExpression) {
  const MetricRule rule{"", R"(loss=(\S+))"};
  EXPECT_EQ(read_metric("loss=3 loss=2\nloss=1.5 end\nno more", "loss", rule, "x").value, 1.5);
  EXPECT_EQ(read_metric("a 12 b", "loss", {"", R"(\d+)"}, "x").value, 12);
  EXPECT_THAT([&] { read_metric("loss=low", "loss", rule, "x"); },
              ThrowsMessage<InputError>(HasSubstr("\"low\"")));
  EXPECT_THAT([&] { read_metric("nothing", "loss", rule, "x"); },
              ThrowsMessage<InputError>(HasSubstr("no line of its x matches")));
  EXPECT_THROW(read_metric(std::string(1 << 20, 'x'), "loss", {"", "(x*)y"}, "x"), InputError)
      << "a long line needs no deep stack";
  EXPECT_THROW(require_regex("loss=("), InputError);
}

// --- the executor ---

class Silent final : public Context {
 public:
  bool should_stop() override { return stop; }
  void report_progress(Json the_progress) override { progress = std::move(the_progress); }
  void observe_intermediate(const std::string&, double, std::optional<double>) override {}
  std::atomic<bool> stop = false;
  Json progress;
};

class ProgramExecutorTest : public testing::Test {
 protected:
  ProgramExecutorTest() {
    setup_.working_folder = folder_.path();
    setup_.run_folder = folder_.path() / "run";
    lease_.experiment.id = 1;
    lease_.trial.id = 7;
    lease_.trial.suggestion = {{{"x", 0.5}, {"n", std::int64_t{3}}, {"c", std::string("a")}}, 1};
  }

  // $1, $2 ... are the words behind the script.
  Outcome run(const std::string& script, const std::vector<std::string>& words = {}) {
    setup_.command = {"/bin/sh", "-c", script, "script"};
    setup_.command.insert(setup_.command.end(), words.begin(), words.end());
    return run_command();
  }

  Outcome run_command() {
    lease_.experiment.metadata["program"] = to_json(setup_);
    lease_.experiment.metric = "loss";
    return ProgramExecutor().run(lease_, context_);
  }

  std::filesystem::path trial() const { return folder_.path() / "run/trials/7"; }
  std::string left(const std::string& name) const { return read_file(trial() / name); }
  Json log() const { return parse_json(left("trial.json"), "trial.json"); }

  // Whether a process with that number, which it wrote to a file, is gone but for a zombie.
  // A process that was killed still has to be given a moment of a core, to die in.
  bool is_gone(const std::string& file) const {
    const std::string path =
        fmt::format("/proc/{}/stat", std::stoi(read_file(folder_.path() / file)));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    do {
      std::ifstream stat(path);
      std::string id, name, state;
      if (!(stat >> id >> name >> state) || state == "Z" || state == "X") return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    } while (std::chrono::steady_clock::now() < deadline);
    return false;
  }

  experiment::TemporaryFolder folder_;
  ProgramSetup setup_;
  Lease lease_{.experiment = experiment::test_experiment()};
  Silent context_;
};

TEST_F(ProgramExecutorTest, HandsOverAssignmentsByWordEnvironmentAndFile) {
  const auto outcome =
      run("echo $1 $FRUGAL_PARAM_N $FRUGAL_TASK $FRUGAL_TASK_COST $FRUGAL_TRIAL; cat $2; "
          "test $FRUGAL_SEED = $3 && test -d $4 && pwd && echo 0.25",
          {"--x={x}/{c}", "{assignments_file}", "{seed}", "{checkpoint_folder}"});
  ASSERT_EQ(outcome.kind, Outcome::Kind::kObserved) << outcome.reason;
  EXPECT_EQ(outcome.value, 0.25);
  EXPECT_THAT(left("stdout.txt"), StartsWith("--x=0.5/a 3 medium 0.5 7\n"));
  EXPECT_THAT(left("stdout.txt"), HasSubstr(folder_.path().string()));
  EXPECT_EQ(parse_json(left("assignments.json"), ""), Json({{"x", 0.5}, {"n", 3}, {"c", "a"}}));
  EXPECT_EQ(log().at("outcome"), "done");
  EXPECT_EQ(log().at("value"), 0.25);
}

TEST_F(ProgramExecutorTest, LetsNoShellSeeAValue) {
  lease_.trial.suggestion.assignments["c"] = std::string("a; touch hit $(touch hit) `touch hit`");
  const auto outcome = run("printf '%s\\n1\\n' \"$1\"", {"{c}"});
  EXPECT_EQ(outcome.kind, Outcome::Kind::kObserved) << outcome.reason;
  EXPECT_THAT(left("stdout.txt"), StartsWith("a; touch hit $(touch hit) `touch hit`\n"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "hit"));
}

TEST_F(ProgramExecutorTest, GivesEachTrialItsSeedAndEachAttemptTheSame) {
  const auto seed = [&](experiment::Id id) {
    lease_.trial.id = id;
    return *substitutes_of(setup_, lease_.experiment, lease_.trial).at("seed");
  };
  EXPECT_EQ(seed(7), seed(7));
  EXPECT_NE(seed(7), seed(8));
  EXPECT_LT(std::stoull(seed(7)), 1ull << 31);
}

TEST_F(ProgramExecutorTest, KeepsCheckpointsWithTheAssignmentsWhateverTheTask) {
  const auto folder = [&] {
    return *substitutes_of(setup_, lease_.experiment, lease_.trial).at("checkpoint_folder");
  };
  const auto before = folder();
  lease_.trial.suggestion.task = 2;
  lease_.trial.id = 8;
  EXPECT_EQ(folder(), before);
  lease_.trial.suggestion.assignments["x"] = 0.6;
  EXPECT_NE(folder(), before);
}

TEST_F(ProgramExecutorTest, ReadsTheMetricFromAFileOfThisAttempt) {
  setup_.metric.file = "metric-{trial}.json";
  write_file(folder_.path() / "metric-7.json", "{\"loss\": 9}");
  EXPECT_THAT(run("true").reason, HasSubstr("it left no file"));
  EXPECT_EQ(run("echo '{\"loss\": 2}' > metric-7.json").value, 2);
}

TEST_F(ProgramExecutorTest, SaysWhyATrialFailedWithTheLastWordsOfTheProgram) {
  const auto reason = [&](const std::string& script) {
    const auto outcome = run(script);
    EXPECT_EQ(outcome.kind, Outcome::Kind::kFailed) << script;
    EXPECT_EQ(log().at("outcome"), "failed");
    return outcome.reason;
  };
  EXPECT_EQ(reason("echo 1; echo oh >&2; echo no >&2; exit 3"), "exited with 3\noh\nno");
  EXPECT_EQ(log().at("last_words"), "oh\nno");
  EXPECT_EQ(log().at("exit_code"), 3);
  EXPECT_EQ(reason("echo only this; exit 1"), "exited with 1\nonly this");
  EXPECT_THAT(reason("kill -SEGV $$"), StartsWith("was killed by signal 11"));
  EXPECT_THAT(reason("echo nothing"), HasSubstr("a JSON object with the key \"loss\""));
  EXPECT_THAT(reason("echo nan"), StartsWith("loss is nan"));
  EXPECT_EQ(reason("printf 'a\\033[31m\\377b' >&2; exit 1"),
            "exited with 1\na[31m\xEF\xBF\xBD"
            "b");
}

TEST_F(ProgramExecutorTest, SaysWhenAProgramCannotBeStarted) {
  setup_.command = {"/nowhere/program"};
  EXPECT_THAT(run_command().reason, HasSubstr("no program /nowhere/program"));
  write_file(folder_.path() / "text", "no script", 0755);
  setup_.command = {"./text"};
  EXPECT_THAT(run_command().reason, HasSubstr("cannot be started"));
}

TEST_F(ProgramExecutorTest, KillsAProgramThatHangsWithItsGrandchildren) {
  setup_.timeout_seconds = 1.5;
  const auto outcome = run("sh -c 'echo $$ > grandchild; exec sleep 1000' & sleep 1000");
  EXPECT_EQ(outcome.kind, Outcome::Kind::kFailed);
  EXPECT_EQ(outcome.reason, "ran into the timeout of 1.5 s");
  EXPECT_TRUE(is_gone("grandchild"));
}

TEST_F(ProgramExecutorTest, LeavesNothingOfAProgramThatEndedBehind) {
  const auto outcome =
      run("sh -c 'echo $$ > child.new; mv child.new child; exec sleep 1000' & "
          "until test -e child; do :; done; echo 1");
  EXPECT_EQ(outcome.kind, Outcome::Kind::kObserved) << outcome.reason;
  EXPECT_TRUE(is_gone("child"));
}

TEST_F(ProgramExecutorTest, AsksAProgramToEndWhenItShouldStop) {
  std::thread stopper([&] {
    while (!std::filesystem::exists(folder_.path() / "ready")) std::this_thread::yield();
    context_.stop = true;
  });
  const auto outcome =
      run("trap 'echo saved > saved; exit 0' TERM; touch ready; while :; do sleep 0.01; done");
  stopper.join();
  EXPECT_EQ(outcome.kind, Outcome::Kind::kStopped);
  EXPECT_EQ(read_file(folder_.path() / "saved"), "saved\n");
  EXPECT_EQ(log().at("outcome"), "stopped");
}

TEST(RunProgram, KillsWhatDoesNotHear) {
  const experiment::TemporaryFolder folder;
  ProgramCall call{{"/bin/sh", "-c", "trap '' TERM; while :; do :; done"},
                   {},
                   folder.path(),
                   folder.path() / "out",
                   folder.path() / "err"};
  ProgramLimits limits{.timeout_seconds = 0.1, .grace_seconds = 0.1};
  const auto end = run_program(call, limits);
  EXPECT_EQ(end.cause, ProgramEnd::Cause::kTimeout);
  EXPECT_EQ(end.signal, SIGKILL);
}

TEST(FindProgram, LooksWhereAShellDoes) {
  const experiment::TemporaryFolder folder;
  write_file(folder.path() / "here", "#!/bin/sh\n", 0755);
  write_file(folder.path() / "text", "text");
  EXPECT_EQ(find_program("./here", folder.path()), folder.path() / "here");
  EXPECT_FALSE(find_program("sh", folder.path()).empty());
  for (const char* name : {"here", "./text", "./nowhere", "", ".", "/"})
    EXPECT_TRUE(find_program(name, folder.path()).empty()) << name;
}

TEST(ProgramSetup, SurvivesJson) {
  const ProgramSetup setup{{"p", "{x}"}, "/folder", "/run", {"f", "r"}, 3.5};
  const Json json = to_json(setup);
  EXPECT_EQ(to_json(program_setup_from_json(json)), json);
}

}  // namespace
}  // namespace frugal::worker
