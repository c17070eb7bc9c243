#include "cli/study_arms.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "cli/first_difference.h"
#include "cli/prices.h"
#include "cli/run_folder.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

// "resnet50" -> 50
int depth_of(const std::string& network) {
  const auto digit = network.find_last_not_of("0123456789");
  const std::string number = network.substr(digit == std::string::npos ? 0 : digit + 1);
  return number.empty() ? 0 : std::stoi(number);
}

std::map<std::string, std::string> weights_at_hand(const DeclaredStudy& study) {
  std::map<std::string, std::string> at_hand;
  for (const auto& [network, file] : study.weights) {
    if (!std::filesystem::exists(file)) continue;
    if (const std::string held = train::network_of(file); held != network)
      throw InputError(fmt::format("weights: {} holds a {}, not a {}", file, held, network));
    at_hand[network] = file;
  }
  return at_hand;
}

std::string missing_words(const DeclaredStudy& study, const DeclaredArm& arm) {
  if (!arm.weights.empty()) return arm.weights + " is not there";
  const auto named = study.weights.find(arm.network);
  return named == study.weights.end()
             ? fmt::format("no weights of {} were given", arm.network)
             : fmt::format("the weights of {} are missing ({} is not there)", arm.network,
                           named->second);
}

ResolvedArm resolve_arm(const DeclaredStudy& study, const DeclaredArm& arm,
                        const std::map<std::string, std::string>& at_hand) {
  if (!arm.weights.empty() && std::filesystem::exists(arm.weights))
    return {arm, train::network_of(arm.weights), arm.weights, "", false};
  std::string network = arm.network;
  if (network.empty() && arm.weights.empty() && at_hand.size() == 1)
    network = at_hand.begin()->first;
  if (network.empty() && arm.weights.empty() && at_hand.size() > 1)
    throw InputError(
        fmt::format("arm \"{}\" names no network, and there are weights of several", arm.name));
  if (const auto own = at_hand.find(network); own != at_hand.end() && arm.weights.empty())
    return {arm, own->first, own->second, "", false};
  if (at_hand.empty())
    throw InputError(
        fmt::format("arm \"{}\": {}, and no other network's are at hand; give --weights", arm.name,
                    missing_words(study, arm)));
  const auto deepest = std::max_element(
      at_hand.begin(), at_hand.end(),
      [](const auto& a, const auto& b) { return depth_of(a.first) < depth_of(b.first); });
  return {arm, deepest->first, deepest->second,
          fmt::format("{}; {} takes its place", missing_words(study, arm), deepest->first), false};
}

bool are_the_same(const ResolvedArm& a, const ResolvedArm& b) {
  DeclaredArm first = a.declared, second = b.declared;
  for (DeclaredArm* arm : {&first, &second}) arm->name = arm->network = arm->weights = "";
  return first == second && a.weights == b.weights;
}

}  // namespace

std::vector<ResolvedArm> resolve(const DeclaredStudy& study) {
  const auto at_hand = weights_at_hand(study);
  std::vector<ResolvedArm> arms;
  for (const DeclaredArm& declared : study.arms)
    arms.push_back(resolve_arm(study, declared, at_hand));
  for (ResolvedArm& arm : arms) {
    if (arm.note.empty()) continue;
    for (const ResolvedArm& other : arms)
      if (&other != &arm && !other.left_out && are_the_same(arm, other)) {
        arm.left_out = true;
        arm.note =
            fmt::format("left out: {}, and with {} it would be “{}” again",
                        missing_words(study, arm.declared), arm.network, other.declared.name);
        break;
      }
  }
  const auto left =
      std::count_if(arms.begin(), arms.end(), [](const ResolvedArm& arm) { return !arm.left_out; });
  if (left < 2)
    throw InputError(fmt::format("only {} arm is left, there is nothing to compare: {}", left,
                                 arms.back().note));
  return arms;
}

Json identity(const DeclaredStudy& study, const std::vector<ResolvedArm>& arms) {
  Json list = Json::array();
  for (const ResolvedArm& arm : arms)
    list.push_back({{"name", arm.declared.name},
                    {"strategy", to_string(arm.declared.strategy)},
                    {"tuned", arm.declared.tuned},
                    {"recipe", arm.declared.recipe},
                    {"augment", arm.declared.augment},
                    {"suggester", arm.declared.suggester},
                    {"resolution", arm.declared.resolution},
                    {"weights", arm.left_out ? "" : arm.weights}});
  return {{"data", study.data.data},
          {"reader", study.data.reader},
          {"budget", study.budget},
          {"seeds", study.seeds},
          {"resolution", study.resolution},
          {"epochs", study.epochs},
          {"task-by", study.task_by},
          {"split-seed", study.split_seed},
          {"validation-share", share_json(study.shares.validation)},
          {"test-share", share_json(study.shares.test)},
          {"price-per-hour", price_of(study.price).per_hour},
          {"arms", list}};
}

std::string study_difference(const Json& before, const Json& now) {
  Json wanted = now;
  std::set<std::string> names;
  for (const Json& arm : before.at("arms")) names.insert(arm.at("name").get<std::string>());
  std::erase_if(wanted.at("arms").get_ref<Json::array_t&>(), [&](const Json& arm) {
    return !names.contains(arm.at("name").get<std::string>());
  });
  const Json& seeds = before.at("seeds");
  std::erase_if(wanted.at("seeds").get_ref<Json::array_t&>(), [&](const Json& seed) {
    return std::find(seeds.begin(), seeds.end(), seed) == seeds.end();
  });
  return first_difference("", before, wanted);
}

}  // namespace frugal::cli
