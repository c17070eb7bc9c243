#include <fmt/format.h>

#include <functional>

#include "report/estimates.h"
#include "report/finding_cells.h"
#include "report/numbers.h"

namespace frugal::report {
namespace {

struct Group {
  std::string name;
  std::vector<double> masses, areas, excesses;
};

Group group_of(const std::string& name, const Region& region,
               const std::function<bool(const RegionMass&)>& belongs) {
  Group group{name, {}, {}, {}};
  for (const RegionMass& each : region.masses) {
    if (!each.mass || !belongs(each)) continue;
    group.masses.push_back(*each.mass);
    group.areas.push_back(each.area);
    group.excesses.push_back(*each.mass - each.area);
  }
  return group;
}

}  // namespace

Finding attention_finding(const Region& region, const std::string& map_size) {
  const Group groups[] = {
      group_of("all", region, [](const RegionMass&) { return true; }),
      group_of("recognized", region, [](const RegionMass& each) { return each.correct; }),
      group_of("mistaken", region, [](const RegionMass& each) { return !each.correct; })};
  if (groups[0].masses.empty())
    return unanswered("attention",
                      "no photograph has any evidence for the class that is predicted");
  Finding finding = begin_finding("attention");
  Table table{
      .name = "attention",
      .caption = fmt::format("Share of the Grad-CAM of the predicted class inside {}", region.name),
      .columns = {{"Photographs", "photographs", false}, {"Number", "count"}},
      .rows = {},
      .emphasized = {}};
  add_columns(table, "Mass inside %", "mass");
  table.columns.push_back({"Area inside %", "area"});
  add_columns(table, "More than its area", "excess");
  Measured all{};
  double area_of_all = 0;
  for (const Group& group : groups) {
    if (group.masses.empty()) continue;
    const Measured mass = mean_estimate(group.masses, resampling("mass " + group.name));
    const Measured excess = mean_estimate(group.excesses, resampling("excess " + group.name));
    const double area = mean_estimate(group.areas, resampling("area")).value;
    if (&group == groups) all = mass, area_of_all = area;
    std::vector<Cell> row = {text_cell(group.name), count_cell(group.masses.size())};
    add_percent(row, mass.value, mass.interval);
    row.push_back(percent_cell(area));
    add_points(row, excess.value, excess.interval);
    table.rows.push_back(std::move(row));
  }
  const char* verdict = all.interval.low > area_of_all    ? "more than chance"
                        : all.interval.high < area_of_all ? "less than chance"
                                                          : "no more than chance";
  finding.answer =
      fmt::format("{} of the evidence lies inside {}, which is {} % of the picture: {}.",
                  percent_with_interval(all.value, all.interval), region.name,
                  percent_text(area_of_all), verdict);
  finding.tables.push_back(std::move(table));
  finding.notes.push_back(fmt::format(
      "Grad-CAM (Selvaraju et al. 2017) of the last convolution, {} positions, enlarged to the "
      "picture; in closed form, since a linear head on means over positions makes its gradient "
      "the head’s weights.",
      map_size));
  const std::size_t without = region.masses.size() - groups[0].masses.size();
  if (without > 0)
    finding.notes.push_back(fmt::format("{} without evidence for the predicted class left out.",
                                        plural(without, "photograph")));
  return finding;
}

}  // namespace frugal::report
