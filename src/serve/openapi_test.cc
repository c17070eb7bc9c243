// docs/openapi.yml against the server: the same routes, the same fields, answers of that shape.
#include <gmock/gmock.h>

#include <set>

#include "base/file.h"
#include "serve/routes.h"
#include "serve/test_server.h"

namespace frugal::serve {
namespace {

const Json& document() {
  static const Json json = read_config(FRUGAL_DOCS "/openapi.yml");
  return json;
}

// As in the table of routes: ids without their names.
std::string pattern_of(const std::string& path) {
  std::string pattern;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '{') {
      pattern += path[i];
      continue;
    }
    const auto end = path.find('}', i);
    const std::string name = path.substr(i, end - i + 1);
    const bool is_text =
        name == "{project}" || name == "{client}" || name == "{sha256}" || name == "{name}";
    pattern += is_text ? name : "{}";
    i = end;
  }
  return pattern;
}

std::string method_of(const std::string& key) {
  std::string method = key.starts_with("x-") ? key.substr(2) : key;
  for (char& c : method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return method;
}

template <typename Visit>
void each_operation(Visit visit) {
  for (const auto& [path, item] : document().at("paths").items())
    for (const auto& [key, operation] : item.items())
      if (key != "parameters") visit(method_of(key), path, operation);
}

const Json& resolved(const Json& schema) {
  if (!schema.contains("$ref")) return schema;
  const std::string name = schema["$ref"];
  return document().at(Json::json_pointer(name.substr(1)));
}

bool has_type(const Json& value, const Json& type) {
  if (type.is_array()) {
    for (const Json& one : type)
      if (has_type(value, one)) return true;
    return false;
  }
  if (type == "null") return value.is_null();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  return value.is_object();
}

// What is wrong with a value, "" for nothing. As much of JSON Schema as the file uses.
std::string mismatch(const Json& value, const Json& reference) {
  const Json& schema = resolved(reference);
  const Json parts = schema.value("allOf", Json::array());
  for (const Json& part : parts)
    if (const auto wrong = mismatch(value, part); !wrong.empty()) return wrong;
  if (schema.contains("type") && !has_type(value, schema["type"]))
    return value.dump() + " is no " + schema["type"].dump();
  const Json required = schema.value("required", Json::array());
  for (const Json& key : required)
    if (!value.contains(key.get<std::string>())) return key.get<std::string>() + " is missing";
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [key, part] : properties.items())
    if (value.contains(key))
      if (const auto wrong = mismatch(value[key], part); !wrong.empty()) return key + ": " + wrong;
  if (schema.contains("items"))
    for (const Json& item : value)
      if (const auto wrong = mismatch(item, schema["items"]); !wrong.empty()) return wrong;
  return "";
}

class OpenApiTest : public ServerTest {
 protected:
  // One of each thing, so that every path leads somewhere. ids by the name in the path.
  void furnish() {
    ids_["client"] = "1";
    ids_["project"] = "cars";
    post("/v1/clients/1/projects", {{"id", "cars"}, {"name", "Cars"}});
    core_ = create();
    Json point = {{"assignments", {{"x", 0.5}, {"n", 1}}}, {"task", "full"}};
    ids_["suggestion"] = id(post(core_ + "/suggestions", Json::object()));
    queued_ = id(post(core_ + "/queued_suggestions", point));
    point["value"] = 1;
    ids_["observation"] = id(post(core_ + "/observations", point));
    runs_ =
        "/v1/aiexperiments/" +
        id(post("/v1/clients/1/projects/cars/aiexperiments",
                {{"name", "runs"},
                 {"type", "random"},
                 {"budget", 5},
                 {"parameters",
                  {{{"name", "x"}, {"type", "double"}, {"bounds", {{"min", 0}, {"max", 1}}}}}}}));
    ids_["training_run"] = id(post(runs_ + "/training_runs", {{"name", "a"}}));
    ids_["checkpoint"] = id(post("/v1/training_runs/" + ids_["training_run"] + "/checkpoints",
                                 {{"values", {{{"name", "a"}, {"value", 1}}}}}));
    const std::string files = "/v1/training_runs/" + ids_["training_run"] + "/files";
    ids_["file"] = id(post(
        files, {{"content_length", 1}, {"content_md5", "DMF1ucDxtqgxw5niaXcmYQ=="}}));  // of "a"
    EXPECT_EQ(http_->Put(files + "/" + ids_["file"] + "/content", "a", "text/plain")->status, 200);
    ids_["token"] = id(post("/v1/tokens", Json::object()));
    const Reply lease = post(core_ + "/leases", {{"worker", "w"}});
    ids_["trial"] = lease.body["trial"]["id"];
    write_file(folder_.path() / "w.pth", "weights");
    depot_.offer("weights", folder_.path() / "w.pth");
    ids_["sha256"] = sha256("weights");
    ids_["name"] = "trial.json";
  }

  static std::string id(const Reply& reply) {
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.body.value("id", "");
  }

  std::string filled(const std::string& path) {
    std::string full;
    for (std::size_t i = 0; i < path.size(); ++i) {
      if (path[i] != '{') {
        full += path[i];
        continue;
      }
      const auto end = path.find('}', i);
      const std::string name = path.substr(i + 1, end - i - 1);
      const std::string& owner = path.find("aiexperiments") == std::string::npos ? core_ : runs_;
      const bool is_queue = full.ends_with("/queued_suggestions/");
      full += name == "experiment" ? owner.substr(owner.rfind('/') + 1)
              : is_queue           ? queued_
                                   : ids_.at(name);
      i = end;
    }
    return full;
  }

  std::map<std::string, std::string> ids_;
  std::string core_, runs_, queued_;
};

TEST_F(OpenApiTest, HasTheServersRoutesAndNoOthers) {
  std::set<std::string> documented, served;
  each_operation([&](const std::string& method, const std::string& path, const Json&) {
    documented.insert(method + " " + pattern_of(path));
  });
  for (const Route& route : all_routes())
    served.insert(std::string(route.method) + " " + route.path);
  EXPECT_EQ(documented, served);
}

// An unknown field is refused as such, and no documented one is.
TEST_F(OpenApiTest, HasTheFieldsThatTheServerKnows) {
  furnish();
  int operations = 0;
  each_operation([&](const std::string& method, const std::string& path, const Json& operation) {
    if (!operation.contains("requestBody")) return;
    const Json& content = operation["requestBody"]["content"];
    if (!content.contains("application/json")) return;
    ++operations;
    const Json& schema = content["application/json"]["schema"];
    EXPECT_EQ(schema["additionalProperties"], false) << path;
    const Reply unknown = send(method, filled(path), {{"zzzz", 1}});
    EXPECT_EQ(unknown.status, 400) << method << " " << path << unknown.body;
    EXPECT_THAT(unknown.message(), testing::HasSubstr("unknown key \"zzzz\""))
        << method << " " << path;
    for (const auto& [field, ignored] : schema["properties"].items()) {
      const Reply known = send(method, filled(path), {{field, nullptr}, {"zzzz", 1}});
      EXPECT_THAT(known.message(), testing::HasSubstr("zzzz"))
          << method << " " << path << " " << field;
    }
  });
  EXPECT_GT(operations, 20);
}

TEST_F(OpenApiTest, HasTheParametersThatTheServerKnows) {
  furnish();
  each_operation([&](const std::string& method, const std::string& path, const Json& operation) {
    if (method != "GET" || path == "/metrics" || path == "/healthz" || path == "/v1/events") return;
    std::set<std::string> known;
    for (const Json& parameter : operation.value("parameters", Json::array()))
      known.insert(resolved(parameter)["name"].get<std::string>());
    for (const auto& name : known)
      EXPECT_THAT(send(method, filled(path) + "?" + name + "=%01").message(),
                  testing::Not(testing::HasSubstr("unknown parameter")))
          << path << " " << name;
    if (!known.empty()) {
      EXPECT_EQ(send(method, filled(path) + "?zzzz=1").status, 400) << path;
    }
  });
}

TEST_F(OpenApiTest, ShowsThingsInTheShapesThatItDocuments) {
  furnish();
  int shown = 0;
  each_operation([&](const std::string& method, const std::string& path, const Json& operation) {
    if (method != "GET" || path == "/metrics" || path == "/v1/events") return;
    ++shown;
    const Reply reply = get(filled(path));
    EXPECT_EQ(reply.status, 200) << path << reply.body;
    const Json& content = operation["responses"]["200"]["content"];
    if (!content.contains("application/json")) return;
    const Json& schema = content["application/json"]["schema"];
    EXPECT_EQ(mismatch(reply.body, schema), "") << path << reply.body;
  });
  EXPECT_GT(shown, 25);
  const Json error = get("/v1/experiments/9999").body;
  EXPECT_EQ(mismatch(error, {{"$ref", "#/components/schemas/Error"}}), "");
}

TEST(Mismatch, FindsWhatIsWrong) {
  const Json schema = {
      {"type", "object"}, {"required", {"a"}}, {"properties", {{"a", {{"type", "integer"}}}}}};
  EXPECT_EQ(mismatch({{"a", 1}}, schema), "");
  EXPECT_NE(mismatch({{"a", "1"}}, schema), "");
  EXPECT_NE(mismatch({{"b", 1}}, schema), "");
  EXPECT_NE(mismatch(3, schema), "");
}

}  // namespace
}  // namespace frugal::serve
