// SigOpt's runs half: projects, experiments of runs, training runs, checkpoints.
#include <gmock/gmock.h>

#include "serve/test_server.h"

namespace frugal::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RunsTest : public ServerTest {
 protected:
  RunsTest() {
    EXPECT_EQ(post("/v1/clients/1/projects", {{"id", "cars"}, {"name", "Cars"}}).status, 200);
  }

  std::string make(int budget = 3) {
    const Reply reply =
        post(kProject + "/aiexperiments",
             {{"name", "runs"},
              {"type", "random"},
              {"budget", budget},
              {"metrics", {{{"name", "accuracy"}, {"objective", "maximize"}}}},
              {"parameters",
               {{{"name", "x"}, {"type", "double"}, {"bounds", {{"min", 0}, {"max", 1}}}}}}});
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.body["object"], "aiexperiment");
    return "/v1/aiexperiments/" + reply.body["id"].get<std::string>();
  }
  std::string begin(const std::string& experiment) {
    const Reply reply =
        post(experiment + "/training_runs", {{"name", "run"}, {"metadata", nullptr}});
    EXPECT_EQ(reply.status, 200) << reply.body;
    return "/v1/training_runs/" + reply.body["id"].get<std::string>();
  }
  Reply merge(const std::string& run, const Json& body) { return send("MERGE", run, body); }
  Json progress(const std::string& experiment) { return get(experiment).body["progress"]; }

  const std::string kProject = "/v1/clients/1/projects/cars";
};

TEST_F(RunsTest, KeepsProjects) {
  EXPECT_EQ(get(kProject).body["name"], "Cars");
  EXPECT_EQ(get("/v1/clients/1/projects/boats").status, 404);
  EXPECT_EQ(get("/v1/clients/1/projects/No%20Way").status, 404);
  EXPECT_EQ(post("/v1/clients/1/projects", {{"id", "cars"}, {"name", "x"}}).status, 409);
  EXPECT_EQ(post("/v1/clients/1/projects", {{"id", "No Way"}, {"name", "x"}}).status, 400);
  EXPECT_EQ(put(kProject, {{"name", "Old cars"}, {"metadata", {{"k", 1}}}}).body["name"],
            "Old cars");
  begin(make());
  const Json project = get(kProject).body;
  EXPECT_EQ(project["experiment_count"], 1);
  EXPECT_EQ(project["training_run_count"], 1);
  EXPECT_EQ(get("/v1/clients/1/projects").body["count"], 1);
}

TEST_F(RunsTest, CountsABudgetOfRunsFromTheirStart) {
  const std::string experiment = make(3);
  EXPECT_EQ(progress(experiment)["remaining_budget"], 3);
  const std::string first = begin(experiment), second = begin(experiment);
  EXPECT_EQ(progress(experiment)["remaining_budget"], 1);
  EXPECT_EQ(progress(experiment)["active_run_count"], 2);
  EXPECT_TRUE(get(first).body["assignments"]["x"].is_number());

  EXPECT_EQ(
      merge(first, {{"values", {{"accuracy", {{"value", .5}, {"value_stddev", nullptr}}}}}}).status,
      200);
  const Json done = merge(first, {{"state", "completed"}}).body;
  EXPECT_EQ(done["state"], "completed");
  EXPECT_EQ(done["finished"], true);
  EXPECT_EQ(done["values"]["accuracy"]["value"], .5);
  EXPECT_FALSE(done["observation"].is_null());
  EXPECT_EQ(merge(second, {{"state", "failed"}}).body["state"], "failed");
  EXPECT_EQ(progress(experiment)["finished_run_count"], 2);
  EXPECT_EQ(progress(experiment)["remaining_budget"], 1);

  const auto rows = scheduler_->observations(1);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].value, .5);
  EXPECT_EQ(rows[1].value, std::nullopt);
  EXPECT_EQ(get(experiment + "/best_training_runs").body["data"][0]["id"], done["id"]);
  merge(first, {{"state", "completed"}});
  EXPECT_EQ(scheduler_->observations(1).size(), 2u) << "observed once";
}

TEST_F(RunsTest, MergesKeyByKeyAndPutReplaces) {
  const std::string run = begin(make());
  const double x = get(run).body["assignments"]["x"];
  merge(run, {{"assignments", {{"batch", 32}}}});
  merge(run, {{"assignments_meta", {{"batch", {{"source", "user"}}}}}});
  merge(run, {{"metadata", {{"a", 1}, {"b", "two"}}}});
  merge(run, {{"metadata", {{"a", nullptr}, {"c", 3}}}});
  merge(run, {{"model", {{"type", "resnet"}}}});
  merge(run, {{"datasets", {{"cars", Json::object()}}}});
  merge(run, {{"logs", {{"stdout", {{"content", "hello"}}}}}});
  merge(run, {{"source_code", {{"hash", "abc"}, {"content", "x = 1"}}}});
  merge(run, {{"values", {{"accuracy", {{"value", .1}}}, {"loss", {{"value", 2}}}}}});
  merge(run, {{"values", {{"accuracy", {{"value", .2}, {"value_stddev", .01}}}}}});
  const Json body = get(run).body;
  EXPECT_EQ(body["assignments"], Json({{"batch", 32}, {"x", x}}));
  EXPECT_EQ(body["metadata"], Json({{"b", "two"}, {"c", 3}}));
  EXPECT_EQ(body["values"]["accuracy"]["value"], .2);
  EXPECT_EQ(body["values"]["loss"]["value"], 2);
  EXPECT_EQ(body["model"]["type"], "resnet");
  EXPECT_EQ(put(run, {{"metadata", {{"z", 1}}}}).body["metadata"], Json({{"z", 1}}));
  EXPECT_EQ(send("MERGE", run, {{"name", "new"}}, {{"X-Response-Content", "skip"}}).status, 204);
  EXPECT_EQ(get(run).body["name"], "new");
}

TEST_F(RunsTest, RefusesBadChangesAndNamesTheField) {
  const std::string run = begin(make());
  const auto refused = [&](const Json& body, const std::string& words) {
    const Reply reply = merge(run, body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_THAT(reply.message(), HasSubstr(words)) << body;
  };
  refused({{"stat", "failed"}}, "did you mean \"state\"");
  refused({{"state", "asleep"}}, "state");
  refused({{"values", {{"accuracy", .5}}}}, "accuracy");
  refused({{"values", {{"accuracy", {{"value", "high"}}}}}}, "accuracy");
  refused({{"values", 3}}, "values");
  refused({{"assignments", {{"x", {1, 2}}}}}, "assignments");
  refused({{"deleted", 1}}, "deleted");
  EXPECT_EQ(merge("/v1/training_runs/999", {{"name", "x"}}).status, 404);
  EXPECT_EQ(post(run, Json::object()).status, 405);
  merge(run, {{"state", "completed"}});
  refused({{"state", "active"}}, "stays ended");
}

TEST_F(RunsTest, GivesUpRunsThatAreNotHeardOfAndTheirBudget) {
  const std::string experiment = make(2);
  const std::string silent = begin(experiment), alive = begin(experiment);
  EXPECT_EQ(progress(experiment)["remaining_budget"], 0);
  clock_.advance(80'000);
  merge(alive, {{"metadata", {{"epoch", 1}}}});
  clock_.advance(80'000);
  server_->tend();
  EXPECT_EQ(get(silent).body["state"], "failed");
  EXPECT_EQ(get(silent).body["expired"], true);
  EXPECT_EQ(get(alive).body["state"], "active");
  EXPECT_EQ(progress(experiment)["remaining_budget"], 1);
  EXPECT_EQ(scheduler_->open_trials(1), 1u);

  // It was alive after all.
  merge(silent, {{"values", {{"accuracy", {{"value", .7}}}}}});
  EXPECT_EQ(get(silent).body["state"], "active");
  EXPECT_EQ(progress(experiment)["remaining_budget"], 0);
  merge(silent, {{"state", "completed"}});
  ASSERT_EQ(scheduler_->observations(1).size(), 1u);
  EXPECT_EQ(scheduler_->observations(1)[0].value, .7);
}

TEST_F(RunsTest, KeepsCheckpoints) {
  const std::string run = begin(make()), path = run + "/checkpoints";
  const Json body = {{"values", {{{"name", "accuracy"}, {"value", .5}}}},
                     {"metadata", {{"epoch", 1}}}};
  const Reply first = post(path, body);
  EXPECT_EQ(first.body["object"], "checkpoint");
  EXPECT_EQ(send("POST", path, body, {{"X-Response-Content", "skip"}}).status, 204);
  EXPECT_EQ(get(run).body["checkpoint_count"], 2);
  EXPECT_EQ(get(path).body["count"], 2);
  EXPECT_EQ(get(path + "/" + first.body["id"].get<std::string>()).body["values"][0]["value"], .5);
  EXPECT_EQ(post(path, {{"values", {{{"name", "accuracy"}}}}}).status, 400);
  merge(run, {{"state", "completed"}});
  EXPECT_EQ(post(path, body).status, 403);
  const std::string long_run = begin(make());
  for (int i = 0; i < 200; ++i) ASSERT_EQ(post(long_run + "/checkpoints", body).status, 200);
  EXPECT_EQ(post(long_run + "/checkpoints", body).status, 403);
}

// As sigopt-python does it: describe, then send the bytes as the answer says.
TEST_F(RunsTest, KeepsFiles) {
  const std::string run = begin(make()), path = run + "/files";
  const std::string bytes("\x89PNG\0\xff", 6), md5 = "ziJgWTUuwN/dbMMjk8agPw==";
  const Json described = {{"content_length", bytes.size()},
                          {"content_md5", md5},
                          {"content_type", "text/html"},
                          {"name", "plot"},
                          {"filename", "../plot.png"}};
  const Reply file = post(path, described);
  ASSERT_EQ(file.status, 200) << file.body;
  EXPECT_EQ(file.body["uploaded"], false);
  const Json upload = file.body["upload"];
  EXPECT_EQ(upload["method"], "PUT");
  const std::string place = path + "/" + file.body["id"].get<std::string>() + "/content";
  EXPECT_EQ(upload["url"], server_->address() + place);
  EXPECT_EQ(get(place).status, 404) << "before it came";

  httplib::Client other(server_->address());  // has no token of its own
  EXPECT_EQ(other.Put(place, bytes, "image/png")->status, 401);
  httplib::Headers headers;
  for (const auto& [name, value] : upload["headers"].items()) headers.emplace(name, value);
  const auto put_bytes = [&](const std::string& content) {
    return reply_of(other.Put(place, headers, content, "application/octet-stream"));
  };
  EXPECT_THAT(put_bytes("short").message(), HasSubstr("6 bytes, not 5"));
  EXPECT_THAT(put_bytes("sixsix").message(), HasSubstr("another MD5"));
  EXPECT_EQ(put_bytes(bytes).body["uploaded"], true);
  EXPECT_EQ(put_bytes(bytes).status, 200) << "once more";

  restart();
  const auto kept = http_->Get(place);
  EXPECT_EQ(kept->body, bytes);
  EXPECT_EQ(kept->get_header_value("Content-Type"), "application/octet-stream");
  EXPECT_EQ(kept->get_header_value("Content-Disposition"), "attachment");
  EXPECT_EQ(get(path).body["data"][0]["filename"], "../plot.png");
  EXPECT_EQ(get(run).body["files"], Json::array({file.body["id"]}));
}

TEST_F(RunsTest, RefusesFilesThatMakeNoSense) {
  const std::string run = begin(make()), path = run + "/files";
  const auto message = [&](const Json& changes) {
    Json body = {{"content_length", 6}, {"content_md5", "ziJgWTUuwN/dbMMjk8agPw=="}};
    body.update(changes);
    const Reply reply = post(path, body);
    EXPECT_EQ(reply.status, 400) << reply.body;
    return reply.message();
  };
  EXPECT_THAT(message({{"content_length", 0}}), HasSubstr("content_length must be above 0"));
  EXPECT_THAT(message({{"content_length", -1}}), HasSubstr("content_length must be above 0"));
  EXPECT_THAT(message({{"content_length", 100'001}}), HasSubstr("can have 100000 bytes"));
  EXPECT_THAT(message({{"content_md5", "abc"}}), HasSubstr("content_md5"));
  EXPECT_THAT(message({{"content_md5", "YWJj"}}), HasSubstr("content_md5")) << "three bytes";
  EXPECT_THAT(message({{"name", std::string(256, 'n')}}), HasSubstr("name can have"));
  EXPECT_EQ(post("/v1/training_runs/999/files",
                 {{"content_length", 6}, {"content_md5", "ziJgWTUuwN/dbMMjk8agPw=="}})
                .status,
            404);
  EXPECT_EQ(get(path + "/999").status, 404);
  EXPECT_EQ(get(path + "/999/content").status, 404);
}

TEST_F(RunsTest, DeletesAnExperimentWithItsRunsWhenAsked) {
  const std::string kept = make(), deleted = make();
  const std::string run_kept = begin(kept), run_deleted = begin(deleted);
  EXPECT_EQ(remove(kept + "?include_runs=False").status, 200);
  EXPECT_EQ(remove(deleted + "?include_runs=True").status, 200);
  EXPECT_EQ(get(run_kept).body["deleted"], false);
  EXPECT_EQ(get(run_deleted).body["deleted"], true);
}

TEST_F(RunsTest, TakesUpNoRunThatIsOnlyArchived) {
  const std::string experiment = make(), run = begin(experiment);
  clock_.advance(2 * 86400);
  server_->tend();
  ASSERT_EQ(get(run).body["expired"], true);
  EXPECT_EQ(remove(run).status, 200);
  EXPECT_EQ(get(run).body["deleted"], true);
  EXPECT_EQ(get(run).body["expired"], true);
  EXPECT_EQ(progress(experiment)["active_run_count"], 0);
}

TEST_F(RunsTest, MakesABatchOnceForItsKey) {
  const httplib::Headers key = {{"Idempotency-Key", "batch"}};
  const Json body = {{"runs", {{{"name", "a"}}, {{"name", "b"}}}}};
  const Reply first = send("POST", kProject + "/training_runs/batch", body, key);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(send("POST", kProject + "/training_runs/batch", body, key).body, first.body);
  EXPECT_EQ(get(kProject).body["training_run_count"], 2);
}

TEST_F(RunsTest, KeepsRunsWithoutAnExperiment) {
  const std::string runs = kProject + "/training_runs";
  const Reply one = post(runs, {{"name", "alone"}, {"metadata", nullptr}});
  EXPECT_TRUE(one.body["experiment"].is_null());
  const Reply batch =
      post(runs + "/batch",
           {{"runs",
             {{{"name", "a"}, {"state", "completed"}, {"values", {{"loss", {{"value", 1}}}}}},
              {{"name", "b"}, {"state", "failed"}}}},
            {"fields", "id"}});
  ASSERT_EQ(batch.status, 200) << batch.body;
  EXPECT_EQ(batch.body["data"][0].size(), 1u);
  EXPECT_EQ(get(runs).body["count"], 3);
  const auto names = [&](const std::string& filters) {
    std::vector<std::string> all;
    const Reply page = get(runs + "?filters=" + httplib::detail::encode_query_param(filters));
    for (const Json& run : page.body["data"]) all.push_back(run["name"]);
    return all;
  };
  EXPECT_THAT(names(R"([{"field":"state","operator":"==","value":"failed"}])"), ElementsAre("b"));
  EXPECT_THAT(names(R"([{"field":"values.loss.value","operator":"<=","value":1}])"),
              ElementsAre("a"));
  EXPECT_THAT(names(R"([{"field":"name","operator":"contains","value":"lon"}])"),
              ElementsAre("alone"));
  EXPECT_THAT(names(R"([{"field":"experiment","operator":"isnull","value":true},)"
                    R"({"field":"state","operator":"!=","value":"failed"}])"),
              ElementsAre("a", "alone"));
  EXPECT_EQ(get(runs + "?filters=[{]").status, 400);
  EXPECT_EQ(get(runs + "?limit=2").body["data"].size(), 2u);
  EXPECT_EQ(remove("/v1/training_runs/" + one.body["id"].get<std::string>()).status, 200);
  EXPECT_THAT(names("[]"), ElementsAre("b", "a"));
  EXPECT_EQ(put("/v1/training_runs/" + one.body["id"].get<std::string>(), {{"deleted", false}})
                .body["deleted"],
            false);
  EXPECT_EQ(post("/v1/clients/1/projects/boats/training_runs", {{"name", "x"}}).status, 404);
  EXPECT_EQ(post(runs + "/batch", {{"runs", {{{"name", "c"}}, {{"name", 3}}}}}).status, 400);
  EXPECT_THAT(names(R"([{"field":"name","operator":"==","value":"c"}])"), ElementsAre())
      << "all or none";
}

TEST_F(RunsTest, LeadsFromOneHalfToTheOther) {
  const std::string experiment = make();
  const std::string id = experiment.substr(experiment.rfind('/') + 1);
  const auto moved = http_->Get("/v1/experiments/" + id);
  EXPECT_EQ(moved->status, 301);
  EXPECT_EQ(moved->get_header_value("Location"), experiment);
  EXPECT_EQ(post("/v1/experiments/" + id + "/suggestions", Json::object()).status, 403);
  EXPECT_EQ(get("/v1/experiments").body["count"], 0);
  EXPECT_EQ(get("/v1/experiments?include_ai=True").body["count"], 1);
  EXPECT_EQ(get("/v1/aiexperiments").body["count"], 1);
  EXPECT_EQ(put(experiment, {{"budget", 9}}).body["budget"], 9);
  EXPECT_EQ(remove("/v1/experiments/" + id).status, 200);
  EXPECT_EQ(get(experiment).body["state"], "deleted");
  EXPECT_EQ(post(experiment + "/training_runs", {{"name", "x"}}).status, 400);
  EXPECT_EQ(get("/v1/aiexperiments/" + create().substr(16)).status, 404);
}

TEST_F(RunsTest, SurvivesAKill) {
  const std::string experiment = make();
  const std::string run = begin(experiment);
  merge(run, {{"values", {{"accuracy", {{"value", .5}}}}}});
  const Json before = get(run).body;
  restart();
  EXPECT_EQ(get(run).body, before);
  EXPECT_EQ(progress(experiment)["active_run_count"], 1);
  EXPECT_EQ(merge(run, {{"state", "completed"}}).body["state"], "completed");
  EXPECT_EQ(scheduler_->observations(1)[0].value, .5);
}

}  // namespace
}  // namespace frugal::serve
