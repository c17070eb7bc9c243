#include "worker/needs.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "experiment/test_experiment.h"
#include "worker/program_executor.h"
#include "worker/training_executor.h"

namespace frugal::worker {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class NeedsTest : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& content = "") {
    const auto path = folder_.path() / name;
    write_file(path, content, 0755);
    return path;
  }
  auto check() {
    return [this] { require_on_this_machine(experiment_); };
  }

  experiment::TemporaryFolder folder_;
  experiment::Experiment experiment_ = experiment::test_experiment();
};

TEST_F(NeedsTest, OfTrainingAreTheRunsFolderTheWeightsAndThePhotographs) {
  const std::string photograph = file("a.jpg"), weights = file("w.pth");
  TrainingSetup setup{.folder = folder_.path(), .weights = weights, .recipe = Json::object()};
  experiment_.metadata["training"] = to_json(setup);
  EXPECT_THAT(check(), ThrowsMessage<SystemError>(HasSubstr("no folder of this run")));
  const Json rows = Json::array({Json::array({photograph, 0, "hash"})});
  file("dataset.json", Json{{"photographs", rows}}.dump());
  EXPECT_NO_THROW(check()());
  std::filesystem::remove(photograph);
  EXPECT_THAT(check(), ThrowsMessage<SystemError>(
                           AllOf(HasSubstr("no photographs"), HasSubstr(photograph))));
  file("a.jpg");
  std::filesystem::remove(weights);
  EXPECT_THAT(check(), ThrowsMessage<SystemError>(HasSubstr("no weights: " + weights)));
}

TEST_F(NeedsTest, OfAProgramAreItAndItsFolder) {
  ProgramSetup setup;
  setup.command = {file("program"), "{x}"};
  setup.working_folder = folder_.path();
  experiment_.metadata["program"] = to_json(setup);
  EXPECT_NO_THROW(check()());
  std::filesystem::remove(setup.command[0]);
  EXPECT_THAT(check(), ThrowsMessage<SystemError>(HasSubstr("has no program " + setup.command[0])));
  setup.command[0] = "{c}";  // another one for each trial
  experiment_.metadata["program"] = to_json(setup);
  EXPECT_NO_THROW(check()());
  setup.working_folder = "/no/such/folder";
  experiment_.metadata["program"] = to_json(setup);
  EXPECT_THAT(check(), ThrowsMessage<SystemError>(HasSubstr("working folder")));
}

}  // namespace
}  // namespace frugal::worker
