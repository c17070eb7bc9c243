#include "cli/illustrations.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/contact_sheet.h"
#include "cli/inquiry.h"
#include "cli/signals.h"
#include "cli/some_photographs.h"
#include "report/searches.h"
#include "vision/train/recipe.h"

namespace frugal::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSheetPhotographs = 8;
constexpr SheetOptions kSheet{.seed = 0, .variants = 4, .resolution = 112};
constexpr int kSheetQuality = 80;

std::string names_of(const augment::Policy& policy) {
  std::vector<std::string> names;
  for (const augment::TransformUse& use : policy.uses) names.push_back(use.transform);
  return fmt::format("{}", fmt::join(names, ", "));
}

report::Picture sheet_of(const augment::Policy& policy, const RunData& run) {
  const std::vector<data::Image> images =
      some_photographs(run, kSheetPhotographs, kSheet.resolution);
  const data::Image sheet = show(policy, images, kSheet).sheet(kSheetPhotographs);
  const std::string names = names_of(policy);
  return {fmt::format("A sheet of {} training photographs, and {} augmented variants below each",
                      images.size(), kSheet.variants),
          fmt::format("Training photographs, in the first row as they are, below as the kept "
                      "model’s recipe shows them: {}. Validation and test photographs are never "
                      "augmented.",
                      names),
          base64(data::encode_jpeg(sheet, kSheetQuality)), sheet.width, sheet.height};
}

Json to_json(const report::Illustrations& pictures) {
  report::Finding all{.question = "pictures"};
  all.pictures = pictures.mistakes;
  if (pictures.augmented) all.pictures.push_back({"augmented", {*pictures.augmented}});
  return {{"policy", pictures.policy}, {"pictures", report::to_json(all)}};
}

void read_pictures(const Json& json, const std::string& where, report::Illustrations& pictures) {
  pictures.policy = json.at("policy");
  pictures.mistakes = report::finding_from_json(json.at("pictures"), where).pictures;
  if (pictures.mistakes.empty() || pictures.mistakes.back().heading != "augmented") return;
  pictures.augmented = pictures.mistakes.back().pictures.at(0);
  pictures.mistakes.pop_back();
}

void take_pictures(const ExplainOptions& options, const RunFolder& folder, Console& console,
                   report::Illustrations& pictures) {
  Inquiry inquiry(options, 0, console);
  const fs::path file = folder.explain() / "pictures.json";
  const std::string key = sha256(inquiry.identity("pictures"));
  if (fs::exists(file)) {
    const Json kept = parse_json(read_file(file), file.string());
    if (kept.value("key", "") == key) return read_pictures(kept, file.string(), pictures);
  }
  pictures.policy = without_policy(inquiry.recipe());
  if (pictures.policy.empty())
    pictures.augmented = sheet_of(policy_of(inquiry.recipe()), inquiry.run());
  throw_if_stopped();
  pictures.mistakes = inquiry.pictured_mistakes();
  Json json = to_json(pictures);
  json["key"] = key;
  fs::create_directories(folder.explain());
  write_file(file, json.dump());
}

std::vector<report::Finding> kept_findings(const RunFolder& folder) {
  std::vector<report::Finding> findings;
  for (const auto& [question, title] : report::question_titles()) {
    const fs::path file = folder.explain() / "answers" / (question + ".json");
    if (!fs::exists(file)) continue;
    const Json json = parse_json(read_file(file), file.string());
    findings.push_back(report::finding_from_json(json.at("finding"), file.string()));
  }
  return findings;
}

}  // namespace

report::Illustrations illustrate(const RunFolder& folder, const report::Answer& answer,
                                 Console& console) {
  report::Illustrations illustrations;
  try {
    illustrations.insights = report::insights_of(answer, report::searches_of(answer));
  } catch (const Error& error) {
    console.message(fmt::format("no importances: {}", error.what()));
  }
  illustrations.findings = kept_findings(folder);
  if (answer.test_labels.empty()) return illustrations;  // the test part is closed
  ExplainOptions options;
  options.run = folder.path().string();
  try {
    take_pictures(options, folder, console, illustrations);
  } catch (const InputError& error) {
    console.message(fmt::format("no pictures: {}", error.what()));
  }
  console.clear_status();
  return illustrations;
}

}  // namespace frugal::cli
