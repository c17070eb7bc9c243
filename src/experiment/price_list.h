// What machines cost: a dated list of their prices. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace frugal::experiment {

// Dollars an hour, of the whole machine.
struct MachinePrice {
  std::string name;      // "c7a.large", as its provider calls it
  std::string provider;  // "AWS"
  std::string region;    // may be ""
  unsigned cores = 0;    // as the provider counts them; 0: not said
  double memory_gib = 0;
  std::string accelerator;  // "": none
  std::optional<double> on_demand;
  std::optional<double> spot;
  std::string date;    // on which that was the price: 2025-01-15
  std::string source;  // where it was read
  bool operator==(const MachinePrice&) const = default;
};

// {"machines": [...]}. Throws InputError that names the entry: an unknown key, a wrong type, a name
// that is missing or there twice, a price that is missing or not above 0, no date, no source.
std::vector<MachinePrice> price_list_from_json(const Json& json, std::string_view where);
Json to_json(const std::vector<MachinePrice>& machines);

// Throws InputError: no such machine (names the nearest, or all), no price of that kind for it.
double price_per_hour(const std::vector<MachinePrice>& machines, const std::string& name, bool spot,
                      std::string_view where);
const MachinePrice& machine_named(const std::vector<MachinePrice>& machines,
                                  const std::string& name, std::string_view where);

}  // namespace frugal::experiment
