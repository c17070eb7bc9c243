// A study by the program itself, as a user runs it, on photographs that the test draws.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/progress.h"
#include "cli/program_under_test.h"
#include "vision/draw/dataset.h"

namespace frugal::cli {
namespace {

using testing::HasSubstr;

class Compare : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    make_folder("frugal-compare");
    SilentProgress silence;
    draw::draw_dataset({.task = draw::Task::kTarget, .classes = 3, .per_class = 12, .size = 48},
                       folder_ / "photographs", silence);
    const Ran trained =
        run(fmt::format("train --data {0}/photographs --resolution 32 --epochs 1 --threads 1 --set "
                        "head_start=zero --json --output {0}/trained",
                        at()));
    ASSERT_EQ(trained.exit_code, 0) << trained.err << trained.out;
  }

  static constexpr const char* kPlain =
      "  - {name: \"frozen, untuned\", strategy: features, network: resnet18, tuned: false}\n"
      "  - {name: fine-tuned, strategy: fine-tune, network: resnet18, tuned: false}\n";
  static constexpr const char* kTuned =
      "  - {name: \"frozen, tuned\", strategy: features, network: resnet50}\n";

  // On one seed, in runs so that no machine is too slow for it.
  static std::string study(const std::string& arms, const std::string& budget = "2runs") {
    return fmt::format(
        "data: {0}/photographs\n"
        "weights: {{resnet18: {0}/trained/model/model.pth}}\n"
        "budget: {2}\n"
        "resolution: 32\n"
        "epochs: 1\n"
        "seeds: 1\n"
        "price-per-hour: 0.1\n"
        "arms:\n{1}",
        at(), arms, budget);
  }

  static std::string compare(const std::string& name, const std::string& text,
                             const std::string& more = "") {
    write_file(folder_ / (name + ".yml"), text);
    return fmt::format("compare {0}/{1}.yml --workers 1 --threads 1 --output {0}/{1} {2}", at(),
                       name, more);
  }

  static Json result(const std::string& name) {
    return parse_json(read_file(folder_ / name / "result.json"), "result.json");
  }
};

TEST_F(Compare, GoesOnAfterKillsAndEndsWithAnAnswer) {
  const std::string arguments = compare("killed", study(std::string(kPlain) + kTuned), "--json");
  const std::string log = at() + "/killed.log";
  for (const char* words : {"“frozen, untuned”, seed 1 begins", "“fine-tuned”, seed 1 begins",
                            "“frozen, tuned”, seed 1 begins"}) {
    const pid_t child = start(arguments.substr(0, arguments.find(" --json")), log);
    wait_for(words, log, child);
    ::kill(child, std::string(words).find("fine") != std::string::npos ? SIGTERM : SIGKILL);
    const int status = wait_for_end(child);
    if (WIFEXITED(status)) {
      EXPECT_THAT(WEXITSTATUS(status), testing::AnyOf(143, 0)) << read_file(log);
    }
  }
  EXPECT_FALSE(result("killed").at("finished").get<bool>());

  const Ran finished = run(arguments);
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const Json answer = finished.last();
  EXPECT_TRUE(answer.at("finished").get<bool>());
  ASSERT_EQ(answer.at("arms").size(), 3u);
  for (const Json& arm : answer.at("arms")) {
    ASSERT_EQ(arm.at("runs").size(), 1u);
    EXPECT_EQ(arm.at("runs")[0].at("state"), "done") << arm.dump(1);
    EXPECT_GT(arm.at("runs")[0].at("seconds"), 0);
    EXPECT_EQ(arm.at("runs")[0].at("test_predictions").size(), answer.at("test_labels").size());
  }
  EXPECT_EQ(answer.at("summary").at("comparisons").size(), 3u);
  EXPECT_THAT(answer.at("summary").at("cautions").dump(), HasSubstr("intervals are wide"));
  EXPECT_THAT(answer.at("arms")[2].at("note").get<std::string>(),
              HasSubstr("no weights of resnet50 were given; resnet18 takes its place"));

  std::set<std::string> splits;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "killed"))
    if (entry.path().filename() == "split.json") splits.insert(read_file(entry.path()));
  EXPECT_EQ(splits.size(), 1u);  // the same photographs judge every arm

  const Ran again = run(arguments);
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.last(), answer);

  for (const char* format : {"json", "md", "csv", "html"}) {
    const Ran told = run(fmt::format("report {}/killed --format {}", at(), format));
    EXPECT_EQ(told.exit_code, 0) << format << told.err;
  }
  EXPECT_THAT(run(fmt::format("report {}/killed --format csv", at())).out,
              HasSubstr("# comparisons"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "killed" / "report.html"));
  EXPECT_THAT(run(fmt::format("explain {}/killed", at())).err,
              HasSubstr("the folder of a study, not of a run"));

  const Ran changed =
      run(compare("killed", study(std::string(kPlain) + kTuned, "3runs"), "--json"));
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_THAT(changed.err,
              HasSubstr("belongs to another study: budget was 2runs and is now 3runs"));
}

TEST_F(Compare, AnArmThatFailedIsToldOfAndTriedAgain) {
  const std::string text =
      study(std::string(kPlain) +
            "  - {name: doomed, strategy: features, tuned: false, recipe: study}\n");
  const std::filesystem::path doomed = folder_ / "failed" / "runs" / "doomed" / "seed-1";
  std::filesystem::create_directories(doomed);
  write_file(doomed / "options.json", R"({"command": "train", "data": "/elsewhere"})");
  const Ran first = run(compare("failed", text, "--json"));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const Json failed = first.last().at("arms")[2].at("runs")[0];
  EXPECT_EQ(failed.at("state"), "failed");
  EXPECT_THAT(failed.at("reason").get<std::string>(), HasSubstr("belongs to a run with"));
  EXPECT_THAT(first.last().at("summary").at("cautions").dump(),
              HasSubstr("“doomed”, seed 1 failed"));

  std::filesystem::remove(doomed / "options.json");
  const Ran second = run(compare("failed", text, "--json"));
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(second.last().at("arms")[2].at("runs")[0].at("state"), "done");
}

TEST_F(Compare, SaysWhatIsWrongAndExitsWithTwo) {
  const auto expect_refused = [](const std::string& arguments, const std::string& words) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.exit_code, 2) << arguments;
    EXPECT_THAT(ran.err, HasSubstr(words)) << arguments;
  };
  expect_refused("compare /nowhere.yml", "/nowhere.yml");
  expect_refused(fmt::format("report {}/photographs", at()), "not the folder of a run or a study");
  expect_refused(fmt::format("report {}/trained", at()), "is a single training run");
  expect_refused(compare("wrong", study(std::string(kPlain) + "  - {nmae: x}\n")),
                 "wrong.yml:11: unknown key \"nmae\"");
  write_file(folder_ / "run.yml", study(kPlain));
  expect_refused(fmt::format("compare {0}/run.yml --output {0}/trained", at()),
                 "the folder of a run, not of a study");
  std::filesystem::create_directories(folder_ / "one-class");
  std::filesystem::copy(
      folder_ / "photographs" /
          std::filesystem::directory_iterator(folder_ / "photographs")->path().filename(),
      folder_ / "one-class" / "a");
  expect_refused(compare("alone", study(kPlain), fmt::format("--data {}/one-class", at())),
                 "class");
  EXPECT_EQ(run(compare("dry", study(kPlain), "--dry-run")).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "dry"));
}

TEST_F(Compare, TrainSpendsABudgetOnOneRun) {
  const std::string train = fmt::format(
      "train --data {0}/photographs --weights {0}/trained/model/model.pth --threads 1 --json ",
      at());
  const Ran planned =
      run(train + "--output " + at() +
          "/budget --budget 10h --with-validation --strategy features --resolution 32 --dry-run");
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_EQ(planned.last().at("height"), 32);
  int refused = 0;
  const auto expect_refused = [&](const std::string& more, const std::string& words) {
    const Ran ran = run(fmt::format("{} --output {}/refused-{} {}", train, at(), refused++, more));
    EXPECT_EQ(ran.exit_code, 2) << more;
    EXPECT_THAT(ran.err, HasSubstr(words)) << more;
  };
  expect_refused("--budget 5m --epochs 3", "give one of them");
  expect_refused("--budget 5runs", "this is one run");
  expect_refused("--with-validation --recipe study", "watches the validation loss");
}

}  // namespace
}  // namespace frugal::cli
