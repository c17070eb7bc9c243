#include "experiment/price_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::experiment {
namespace {

const std::vector<std::string> kKeys = {"name",        "provider",  "region", "cores", "memory_gib",
                                        "accelerator", "on_demand", "spot",   "date",  "source"};

std::string text(const Json& json, const char* key, bool required, const std::string& where) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) {
    if (required) throw InputError(fmt::format("{}: {} is missing", where, key));
    return "";
  }
  if (!found->is_string() || (required && found->get<std::string>().empty()))
    throw InputError(fmt::format("{}: {} must be a text, not {}", where, key, found->dump()));
  return found->get<std::string>();
}

std::optional<double> amount(const Json& json, const char* key, const std::string& where) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return std::nullopt;
  if (!found->is_number() || !std::isfinite(found->get<double>()) || found->get<double>() <= 0)
    throw InputError(
        fmt::format("{}: {} must be a number above 0, not {}", where, key, found->dump()));
  return found->get<double>();
}

MachinePrice machine_from_json(const Json& json, const std::string& where) {
  require_known_keys(json, kKeys, where);
  MachinePrice machine;
  machine.name = text(json, "name", true, where);
  const std::string place = fmt::format("{}: {}", where, machine.name);
  machine.provider = text(json, "provider", true, place);
  machine.region = text(json, "region", false, place);
  machine.cores = static_cast<unsigned>(std::min(amount(json, "cores", place).value_or(0), 1e6));
  machine.memory_gib = amount(json, "memory_gib", place).value_or(0);
  machine.accelerator = text(json, "accelerator", false, place);
  machine.on_demand = amount(json, "on_demand", place);
  machine.spot = amount(json, "spot", place);
  machine.date = text(json, "date", true, place);
  machine.source = text(json, "source", true, place);
  if (!machine.on_demand && !machine.spot)
    throw InputError(fmt::format("{}: it has neither on_demand nor spot", place));
  return machine;
}

}  // namespace

std::vector<MachinePrice> price_list_from_json(const Json& json, std::string_view where) {
  require_known_keys(json, {"machines"}, where);
  const auto list = json.find("machines");
  if (list == json.end() || !list->is_array() || list->empty())
    throw InputError(fmt::format("{}: machines must be a list of one or more", where));
  std::vector<MachinePrice> machines;
  for (std::size_t i = 0; i < list->size(); ++i) {
    machines.push_back(machine_from_json((*list)[i], fmt::format("{}: machines[{}]", where, i)));
    for (std::size_t j = 0; j < i; ++j)
      if (machines[j].name == machines[i].name)
        throw InputError(fmt::format("{}: {} is there twice", where, machines[i].name));
  }
  return machines;
}

Json to_json(const std::vector<MachinePrice>& machines) {
  Json list = Json::array();
  for (const MachinePrice& machine : machines) {
    Json item = {{"name", machine.name},     {"provider", machine.provider},
                 {"region", machine.region}, {"accelerator", machine.accelerator},
                 {"date", machine.date},     {"source", machine.source}};
    if (machine.cores > 0) item["cores"] = machine.cores;
    if (machine.memory_gib > 0) item["memory_gib"] = machine.memory_gib;
    if (machine.on_demand) item["on_demand"] = *machine.on_demand;
    if (machine.spot) item["spot"] = *machine.spot;
    list.push_back(std::move(item));
  }
  return {{"machines", list}};
}

const MachinePrice& machine_named(const std::vector<MachinePrice>& machines,
                                  const std::string& name, std::string_view where) {
  std::vector<std::string> names;
  for (const MachinePrice& machine : machines) {
    if (machine.name == name) return machine;
    names.push_back(machine.name);
  }
  const std::string near = nearest(name, names);
  throw InputError(fmt::format(
      "--machine {}: {} has no such machine; {}it has {}; write yours into a file for --prices, or "
      "give --price-per-hour",
      name, where, near.empty() ? "" : fmt::format("did you mean {}? ", near),
      fmt::join(names, ", ")));
}

double price_per_hour(const std::vector<MachinePrice>& machines, const std::string& name, bool spot,
                      std::string_view where) {
  const MachinePrice& machine = machine_named(machines, name, where);
  const auto& price = spot ? machine.spot : machine.on_demand;
  if (!price)
    throw InputError(fmt::format("{} has no {} price for {}; {}, or give --price-per-hour", where,
                                 spot ? "spot" : "on-demand", name,
                                 spot ? "leave --spot out" : "add --spot"));
  return *price;
}

}  // namespace frugal::experiment
