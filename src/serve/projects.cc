#include <fmt/format.h>

#include "serve/experiment_json.h"
#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"
#include "serve/routes.h"

namespace frugal::serve {
namespace {

using experiment::Record;

std::size_t experiments_of(const std::string& project, const Call& call) {
  std::size_t count = 0;
  for (const auto& experiment : call.scheduler.experiments())
    count += experiment.project == project;
  return count;
}

Json project_json(const Record& project, const Call& call) {
  return {{"object", "project"},
          {"id", project.name},
          {"name", project.body.at("name")},
          {"client", "1"},
          {"user", nullptr},
          {"metadata", project.body.at("metadata")},
          {"deleted", project.body.at("deleted")},
          {"created", static_cast<std::int64_t>(project.created)},
          {"updated", static_cast<std::int64_t>(project.body.at("updated").get<double>())},
          {"experiment_count", experiments_of(project.name, call)},
          {"training_run_count", call.services.runs.count(project.name)}};
}

std::string read_name(const Fields& fields) {
  const std::string name = fields.text("name");
  if (name.empty() || name.size() > 100)
    throw InputError("body: name must have 1 to 100 characters");
  return name;
}

}  // namespace

Answer create_project(Call& call) {
  const Fields fields(call.body, {"id", "name", "metadata"});
  const std::string id = fields.text("id");
  if (!is_project_id(id))
    throw InputError("body: id must have 1 to 32 characters of a-z, 0-9, -, _ and .");
  const Record made =
      call.services.runs.create_project(id, fields.has("name") ? read_name(fields) : id,
                                        read_metadata(fields.object("metadata")), call.also());
  return {200, project_json(made, call)};
}

Answer list_projects(Call& call) {
  require_known_query(call.query, paging_parameters({"deleted"}));
  const bool deleted = query_flag(call.query, "deleted", false);
  const auto projects = call.services.runs.projects();
  std::vector<PageRow> rows;
  for (const Record& project : projects)
    if (project.body.at("deleted") == deleted)
      rows.push_back({project.id, [&] { return project_json(project, call); }});
  return {200, paginate(rows, call.query)};
}

Answer get_project(Call& call) {
  require_known_query(call.query, {"fields"});
  return {200,
          select_fields(project_json(call.services.runs.project(call.name), call), call.query)};
}

Answer update_project(Call& call) {
  const Fields fields(call.body, {"name", "metadata", "deleted"});
  Json changes = Json::object();
  if (fields.has("name")) changes["name"] = read_name(fields);
  if (call.body.contains("metadata")) changes["metadata"] = read_metadata(call.body["metadata"]);
  if (fields.has("deleted")) changes["deleted"] = fields.flag("deleted", false);
  return {200, project_json(call.services.runs.update_project(call.name, changes), call)};
}

}  // namespace frugal::serve
