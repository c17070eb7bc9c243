#include "cli/prices.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/builtin_prices.h"
#include "experiment/price_list.h"

namespace frugal::cli {
namespace {

struct List {
  std::vector<experiment::MachinePrice> machines;
  std::string where;
};

List read_list(const std::string& path) {
  return {experiment::price_list_from_json(read_config(path), path), path};
}

List list_of(const PriceOptions& options) {
  if (!options.prices.empty()) return read_list(options.prices);
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  const auto beside = program.parent_path() / "prices.yml";
  if (std::filesystem::exists(beside)) return read_list(beside);
  const std::string where = "the built-in list of prices";
  return {experiment::price_list_from_json(parse_yaml(kBuiltinPrices, where), where), where};
}

}  // namespace

Price price_of(const PriceOptions& options) {
  if (options.machine.empty()) {
    if (options.spot)
      throw InputError("--spot is a price of what machine? Give --machine NAME too");
    if (!options.prices.empty()) {
      read_list(options.prices);  // what is wrong with it is said all the same
      if (options.per_hour == 0)
        throw InputError("--prices: of which machine? Give --machine NAME too");
    }
    return {options.per_hour, options.per_hour > 0 ? "--price-per-hour" : ""};
  }
  const List list = list_of(options);
  const auto& machine = experiment::machine_named(list.machines, options.machine, list.where);
  if (options.per_hour > 0) return {options.per_hour, machine.name + ", by --price-per-hour"};
  return {
      experiment::price_per_hour(list.machines, machine.name, options.spot, list.where),
      fmt::format("{} {}, {}{}{}, {} of {} ({})", machine.name, options.spot ? "spot" : "on demand",
                  machine.provider, machine.region.empty() ? "" : " ", machine.region,
                  options.spot ? "a typical price" : "list price", machine.date, machine.source)};
}

}  // namespace frugal::cli
