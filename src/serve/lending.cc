// A run's files over HTTP, for workers that do not see its folder (docs/http_api.md).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "serve/depot.h"
#include "serve/fields.h"
#include "serve/handlers.h"

namespace frugal::serve {
namespace {

constexpr std::size_t kPieceBytes = 4 << 20;  // at most, in one answer
constexpr std::size_t kMostAtOnce = 1024;     // files

Depot& depot_of(const Call& call) {
  Depot* depot = call.services.options.depot;
  if (depot == nullptr)
    throw experiment::NotFound(
        "this coordinator lends no files: workers of its experiments need a folder that all "
        "machines see (frugal tune lends those of its run)");
  return *depot;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::uint64_t number_of(const Query& query, const std::string& key) {
  const auto found = query.find(key);
  const auto number = found == query.end() ? std::nullopt : number_in(found->second);
  if (!number) throw InputError(fmt::format("query: {} must be a whole number", key));
  return *number;
}

struct Range {
  std::uint64_t offset = 0;
  std::size_t most = kPieceBytes;
};

// "bytes=0-1048575", "bytes=1048576-"; of several ranges, or from the end, there are none here.
Range range_of(const std::string& header) {
  constexpr std::string_view kUnit = "bytes=";
  const auto dash = header.find('-');
  if (header.starts_with(kUnit) && dash != std::string::npos) {
    const std::string_view text = header;
    const auto first = number_in(text.substr(kUnit.size(), dash - kUnit.size()));
    const auto rest = text.substr(dash + 1);
    const auto last = number_in(rest);
    if (first && rest.empty()) return {*first, kPieceBytes};
    if (first && last && *last >= *first)
      return {*first,
              static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, *last - *first + 1))};
  }
  throw InputError("Range must be bytes=FIRST- or bytes=FIRST-LAST");
}

void require_lease(const Call& call, std::int64_t fence) {
  const experiment::Trial trial = call.scheduler.trial(call.ids[0]);
  if (trial.state != experiment::TrialState::kRunning || trial.fence != fence)
    throw experiment::StaleLease(
        fmt::format("trial {} is not leased under the fence {}", trial.id, fence));
}

Json to_json(const std::optional<Content>& content) {
  if (!content) return nullptr;
  return {{"sha256", content->sha256}, {"bytes", content->bytes}};
}

Json to_json(const std::string& name, const Depot::State& state) {
  return {{"object", "run_file"},
          {"name", name},
          {"kept", to_json(state.kept)},
          {"coming", to_json(state.coming)},
          {"received", state.received}};
}

std::vector<std::string> sha256s_of(const Json& asked) {
  if (!asked.is_array() || asked.empty() || asked.size() > kMostAtOnce)
    throw InputError(fmt::format("body: sha256 must be a list of 1 to {} of them", kMostAtOnce));
  std::vector<std::string> sha256s;
  for (const Json& one : asked) {
    if (!one.is_string() || !is_sha256(one.get_ref<const std::string&>()))
      throw InputError("body: sha256: each must be 64 hexadecimal digits in lower case");
    sha256s.push_back(one);
  }
  return sha256s;
}

// A line "SHA256 BYTES" and the bytes, when it is lent and has no more than that.
std::string whole_file(const Depot& depot, const std::string& sha256, std::size_t most) {
  try {
    const Depot::Piece piece = depot.read(sha256, 0, most);
    if (piece.of > most) return "";
    return fmt::format("{} {}\n", sha256, piece.of) + piece.bytes;
  } catch (const experiment::NotFound&) {  // whoever asks for it alone is told
  } catch (const SystemError&) {           // so
  }
  return "";
}

}  // namespace

Answer list_inputs(Call& call) {
  require_known_query(call.query, {});
  Json data = Json::array();
  for (const auto& [name, content] : depot_of(call).inputs())
    data.push_back({{"name", name}, {"sha256", content.sha256}, {"bytes", content.bytes}});
  return {200, {{"object", "inputs"}, {"data", data}}};
}

// Larger ones in pieces alone, so that no answer takes much memory.
Answer get_blob(Call& call) {
  require_known_query(call.query, {});
  const std::string header = call.request.header("range");
  const Range range = header.empty() ? Range{} : range_of(header);
  Depot::Piece piece = depot_of(call).read(call.name, range.offset, range.most);
  if (header.empty()) {
    if (piece.of > kPieceBytes)
      throw InputError(
          fmt::format("it has {} bytes: ask for at most {} of them at a time, by "
                      "Range: bytes=FIRST-LAST",
                      piece.of, kPieceBytes));
    return {.bytes = std::move(piece.bytes)};
  }
  if (range.offset >= piece.of)
    throw Refusal(416, fmt::format("it has {} bytes, and none from {} on", piece.of, range.offset));
  const std::uint64_t last = range.offset + piece.bytes.size() - 1;
  return {.status = 206,
          .bytes = std::move(piece.bytes),
          .content_range = fmt::format("bytes {}-{}/{}", range.offset, last, piece.of)};
}

// Small ones, whole.
Answer get_blobs(Call& call) {
  const Fields fields(call.body, {"sha256", "most_bytes"});
  const std::vector<std::string> sha256s = sha256s_of(fields.at("sha256"));
  const std::int64_t most = fields.whole("most_bytes");
  if (most < 1 || most > static_cast<std::int64_t>(kPieceBytes))
    throw InputError(fmt::format("body: most_bytes must be 1 to {}", kPieceBytes));
  const auto wanted = static_cast<std::size_t>(most);
  std::string all;
  for (const std::string& sha256 : sha256s) {
    // The first one comes in any case: who asks for little would never get it.
    const std::size_t room = all.empty() ? kPieceBytes : wanted - std::min(all.size(), wanted);
    const std::string file = whole_file(depot_of(call), sha256, room);
    if (file.empty() && all.size() >= wanted / 2) break;
    all += file;
  }
  return {.bytes = std::move(all)};
}

Answer get_run_file(Call& call) {
  require_known_query(call.query, {});
  call.scheduler.trial(call.ids[0]);  // it must be there
  return {200, to_json(call.name, depot_of(call).state(call.ids[0], call.name))};
}

Answer keep_run_file(Call& call) {
  require_known_query(call.query, {"fence", "sha256", "bytes", "offset"});
  const Content content{call.query["sha256"], number_of(call.query, "bytes")};
  const std::uint64_t offset = number_of(call.query, "offset");
  require_lease(call, static_cast<std::int64_t>(number_of(call.query, "fence")));
  try {
    return {200, to_json(call.name, depot_of(call).receive(call.ids[0], call.name, content, offset,
                                                           call.request.body))};
  } catch (const OutOfPlace& error) {
    throw Refusal(416, error.what());
  } catch (const NoRoom& error) {
    throw Refusal(507, error.what());
  }
}

}  // namespace frugal::serve
