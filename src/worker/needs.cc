#include "worker/needs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "worker/program_executor.h"
#include "worker/training_executor.h"

namespace frugal::worker {
namespace {

std::string this_machine() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

void require_file(const std::string& what, const std::filesystem::path& path) {
  if (::access(path.c_str(), R_OK) == 0) return;
  throw SystemError(
      fmt::format("the machine {} has no {}: {} cannot be read there; every machine "
                  "that works for a run must see its files under the same names",
                  this_machine(), what, path.string()));
}

void require_training(const Json& json) {
  const TrainingSetup setup = training_setup_from_json(json);
  const std::filesystem::path dataset = std::filesystem::path(setup.folder) / "dataset.json";
  require_file("folder of this run", dataset);
  if (!setup.weights.empty()) require_file("weights", setup.weights);
  const Json photographs =
      parse_json(read_file(dataset), dataset.string()).value("photographs", Json::array());
  if (!photographs.empty())  // rows of path, label, hash
    require_file("photographs", photographs[0].at(0).get<std::string>());
}

void require_program(const Json& json, const optimizer::Space& space) {
  const ProgramSetup setup = program_setup_from_json(json);
  require_file("working folder of the program", setup.working_folder);
  const std::string& program = setup.command.at(0);
  if (!names_in({program}, names_of(space)).empty()) return;  // another one for each trial
  if (find_program(program, setup.working_folder).empty())
    throw SystemError(
        fmt::format("the machine {} has no program {} that can be run", this_machine(), program));
}

}  // namespace

void require_on_this_machine(const experiment::Experiment& experiment) {
  const Json& metadata = experiment.metadata;
  if (metadata.contains("training")) require_training(metadata.at("training"));
  if (metadata.contains("program")) require_program(metadata.at("program"), experiment.space);
}

}  // namespace frugal::worker
