#include "vision/train/checkpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace frugal::train {
namespace {

constexpr std::string_view kMagic = "frugal checkpoint 1\n";
constexpr std::size_t kHashLength = 64;

Json to_json(const EpochReport& report) {
  return {{"epochs", report.epochs},
          {"training_loss", report.training_loss},
          {"validation_loss", report.validation_loss},
          {"validation_accuracy", report.validation_accuracy},
          {"learning_rate", report.learning_rate},
          {"wall_seconds", report.wall_seconds}};
}

EpochReport report_from_json(const Json& json) {
  return {.epochs = json.at("epochs"),
          .training_loss = json.at("training_loss"),
          .validation_loss = json.at("validation_loss"),
          .validation_accuracy = json.at("validation_accuracy"),
          .learning_rate = json.at("learning_rate"),
          .wall_seconds = json.at("wall_seconds")};
}

Json to_json(const RunLength& length) {
  return {{"steps", length.steps},
          {"steps_per_epoch", length.steps_per_epoch},
          {"revised_at", length.revised_at},
          {"share_then", length.share_then}};
}

RunLength length_from_json(const Json& json) {
  return {json.at("steps"), json.at("steps_per_epoch"), json.at("revised_at"),
          json.at("share_then")};
}

Json to_json(const Position& position) {
  Json history = Json::array();
  for (const EpochReport& report : position.history) history.push_back(to_json(report));
  Json json = {{"step", position.step},
               {"evaluated_at_step", position.evaluated_at_step},
               {"plateau", to_json(position.plateau)},
               {"loss_sum", position.loss_sum},
               {"loss_count", position.loss_count},
               {"spent_seconds", position.spent_seconds},
               {"history", history}};
  if (position.length) json["length"] = to_json(*position.length);
  return json;
}

Position position_from_json(const Json& json) {
  Position position{.step = json.at("step"),
                    .evaluated_at_step = json.at("evaluated_at_step"),
                    .plateau = plateau_from_json(json.at("plateau")),
                    .loss_sum = json.at("loss_sum"),
                    .loss_count = json.at("loss_count"),
                    .spent_seconds = json.at("spent_seconds"),
                    .length = {},
                    .history = {}};
  if (json.contains("length")) position.length = length_from_json(json["length"]);
  for (const Json& report : json.at("history"))
    position.history.push_back(report_from_json(report));
  return position;
}

// Up to the next newline, which is taken away too.
std::string_view take_line(std::string_view& bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(std::min(end + 1, bytes.size()));
  return line;
}

}  // namespace

std::string serialize(const Checkpoint& checkpoint) {
  const std::string json =
      Json{{"identity", checkpoint.identity}, {"position", to_json(checkpoint.position)}}.dump();
  std::string bytes;
  bytes.reserve(kMagic.size() + kHashLength + 32 + json.size() + checkpoint.state.size());
  bytes += kMagic;
  bytes += std::string(kHashLength, '0') + "\n";
  const std::size_t hashed_from = bytes.size();
  bytes += fmt::format("{}\n", json.size());
  bytes += json;
  bytes += checkpoint.state;
  bytes.replace(kMagic.size(), kHashLength, sha256(std::string_view(bytes).substr(hashed_from)));
  return bytes;
}

Checkpoint parse_checkpoint(std::string_view bytes, const std::string& where) {
  if (!bytes.starts_with(kMagic)) throw InputError(where + ": not a checkpoint of this version");
  bytes.remove_prefix(kMagic.size());
  const std::string_view hash = take_line(bytes);
  if (hash != sha256(bytes)) throw InputError(where + ": a torn checkpoint");
  const std::string_view length_text = take_line(bytes);
  std::size_t length = 0;
  std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
  try {
    const Json json = parse_json(bytes.substr(0, length), where);
    return {json.at("identity"), position_from_json(json.at("position")),
            std::string(bytes.substr(std::min(length, bytes.size())))};
  } catch (const Json::exception& error) {
    throw InputError(fmt::format("{}: not a checkpoint of this version: {}", where, error.what()));
  }
}

std::string difference(const Json& stored, const Json& wanted) {
  const auto text = [](const Json& object, const std::string& key) {
    return object.contains(key) ? object[key].dump() : std::string("nothing");
  };
  Json keys = stored;
  keys.update(wanted);
  for (const auto& [key, value] : keys.items())
    if (text(stored, key) != text(wanted, key))
      return fmt::format("{} {}, not {}", key, text(stored, key), text(wanted, key));
  return "";
}

}  // namespace frugal::train
