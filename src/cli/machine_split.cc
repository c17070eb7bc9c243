#include "cli/machine_split.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::cli {
namespace {

std::string count_of(unsigned count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string name_of(const Split& split) {
  return fmt::format("{} of {}", count_of(split.workers, "worker"),
                     count_of(split.threads, "thread"));
}

}  // namespace

std::optional<Split> split_of(const MachineOptions& options, unsigned cores) {
  if (options.workers == 0 && options.threads == 0) return std::nullopt;
  const unsigned workers =
      options.workers > 0 ? options.workers : std::max(1U, cores / options.threads);
  const unsigned threads = options.threads > 0 ? options.threads : std::max(1U, cores / workers);
  if (std::uint64_t{workers} * threads > cores)
    throw InputError(fmt::format(
        "{} would take {} cores, and there {} {}: slower, all of them, than fewer; give "
        "--workers {}{}",
        name_of({workers, threads}), std::uint64_t{workers} * threads, cores == 1 ? "is" : "are",
        cores, std::max(1U, std::min(workers, cores)),
        threads > 1 ? fmt::format(" --threads {}", std::max(1U, cores / std::min(workers, cores)))
                    : ""));
  return Split{workers, threads};
}

std::vector<Split> split_candidates(unsigned cores) {
  FRUGAL_CHECK(cores > 0);
  std::vector<Split> candidates;
  const auto add = [&](unsigned threads) {
    const Split split{std::min(kMostWorkers, cores / threads), threads};
    if (4 * split.workers * threads >= 3 * cores) candidates.push_back(split);
  };
  for (unsigned threads = 1; threads < cores; threads *= 2) add(threads);
  candidates.push_back({1, cores});
  return candidates;
}

SplitChoice choose_split(const std::vector<Split>& candidates,
                         const std::function<bool(unsigned)>& another_round,
                         const std::function<double(const Split&)>& images_per_second) {
  FRUGAL_CHECK(!candidates.empty());
  SplitChoice choice{.split = candidates[0]};
  if (candidates.size() == 1) return choice;
  std::vector<std::vector<double>> rates(candidates.size());
  for (unsigned round = 0; round == 0 || another_round(round); ++round)
    for (std::size_t i = 0; i < candidates.size(); ++i)
      rates[i].push_back(images_per_second(candidates[i]) * candidates[i].workers);
  double best = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    auto& rate = rates[i];
    std::sort(rate.begin(), rate.end());
    choice.measured.push_back({candidates[i], rate.front(), rate[rate.size() / 2], rate.back()});
    if (choice.measured.back().images_per_second <= best) continue;
    best = choice.measured.back().images_per_second;
    choice.split = candidates[i];
  }
  return choice;
}

std::string to_text(const SplitChoice& choice) {
  std::string text = name_of(choice.split);
  if (choice.measured.empty()) return text;
  text += fmt::format(", measured {}:", choice.work);
  for (const SplitMeasurement& item : choice.measured)
    text += fmt::format("{} {} {:.1f} images/s ({:.1f} to {:.1f})",
                        item == choice.measured.front() ? "" : ",", name_of(item.split),
                        item.images_per_second, item.lowest, item.highest);
  return text;
}

Json to_json(const SplitChoice& choice) {
  Json json = {{"workers", choice.split.workers},
               {"threads", choice.split.threads},
               {"cores", choice.cores},
               {"machine", choice.machine},
               {"work", choice.work},
               {"measured", Json::array()}};
  for (const SplitMeasurement& item : choice.measured)
    json["measured"].push_back({{"workers", item.split.workers},
                                {"threads", item.split.threads},
                                {"images_per_second", item.images_per_second},
                                {"lowest", item.lowest},
                                {"highest", item.highest}});
  return json;
}

SplitChoice split_choice_from_json(const Json& json) {
  try {
    SplitChoice choice{.split = {json.at("workers"), json.at("threads")},
                       .cores = json.at("cores"),
                       .machine = json.at("machine"),
                       .work = json.at("work")};
    for (const Json& item : json.at("measured"))
      choice.measured.push_back({{item.at("workers"), item.at("threads")},
                                 item.at("lowest"),
                                 item.at("images_per_second"),
                                 item.at("highest")});
    return choice;
  } catch (const Json::exception& error) {
    throw InputError(fmt::format("the machine's measured split is damaged: {}", error.what()));
  }
}

}  // namespace frugal::cli
