// SigOpt's core half, resource by resource.
#include <gmock/gmock.h>

#include "serve/test_server.h"

namespace frugal::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CoreTest : public ServerTest {
 protected:
  // No tasks: x, and metrics as given.
  std::string make(const Json& more = Json::object()) {
    Json body = {{"name", "core"},
                 {"suggester", "random"},
                 {"parameters",
                  {{{"name", "x"}, {"type", "double"}, {"bounds", {{"min", 0}, {"max", 1}}}}}}};
    body.update(more);
    const Reply reply = post("/v1/experiments", body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return "/v1/experiments/" + reply.body.value("id", "");
  }
  Reply observe(const std::string& experiment, double x, const Json& values) {
    return post(experiment + "/observations", {{"assignments", {{"x", x}}}, {"values", values}});
  }
  static std::vector<std::string> ids(const Reply& page) {
    std::vector<std::string> all;
    for (const Json& row : page.body["data"]) all.push_back(row["id"]);
    return all;
  }
};

TEST_F(CoreTest, ShowsAnExperimentAsSigOptDid) {
  const std::string path = make({{"metrics", {"b", {{"name", "a"}, {"strategy", "store"}}}},
                                 {"metadata", {{"team", "vision"}, {"n", 3}}}});
  const Json experiment = get(path).body;
  for (const char* key : {"object",
                          "id",
                          "name",
                          "client",
                          "user",
                          "project",
                          "state",
                          "type",
                          "created",
                          "updated",
                          "development",
                          "runs_only",
                          "parameters",
                          "conditionals",
                          "linear_constraints",
                          "metrics",
                          "observation_budget",
                          "parallel_bandwidth",
                          "num_solutions",
                          "can_be_deleted",
                          "metadata",
                          "progress"})
    EXPECT_TRUE(experiment.contains(key)) << key;
  EXPECT_FALSE(experiment.contains("tasks")) << "absent when there are none";
  EXPECT_EQ(experiment["metrics"][0]["name"], "a") << "sorted by name";
  EXPECT_EQ(experiment["metrics"][1]["strategy"], "optimize");
  EXPECT_EQ(experiment["metadata"]["team"], "vision");
  EXPECT_EQ(experiment["num_solutions"], 1);
  EXPECT_EQ(experiment["metric"]["name"], "b") << "what was there before there were several";
}

TEST_F(CoreTest, TakesUpAllMetricsAndRefusesHalfOfThem) {
  const std::string path =
      make({{"metrics", {{{"name", "accuracy"}}, {{"name", "bytes"}, {"strategy", "store"}}}}});
  const Json accuracy = {{"name", "accuracy"}, {"value", .5}},
             bytes = {{"name", "bytes"}, {"value", 7}, {"value_stddev", .1}};
  EXPECT_EQ(observe(path, .1, {accuracy}).status, 400);
  EXPECT_EQ(observe(path, .1, {accuracy, accuracy}).status, 400);
  EXPECT_THAT(observe(path, .1, {accuracy, {{"name", "size"}, {"value", 1}}}).message(),
              HasSubstr("no metric size"));
  EXPECT_EQ(post(path + "/observations", {{"assignments", {{"x", .1}}}, {"value", 1}}).status, 400);
  const Reply made = observe(path, .1, {bytes, accuracy});
  EXPECT_EQ(made.body["values"].size(), 2u);
  restart();
  const Json kept = get(path + "/observations/" + made.body["id"].get<std::string>()).body;
  EXPECT_EQ(kept["values"], made.body["values"]);
}

TEST_F(CoreTest, CountsNoBestThatBreaksAThreshold) {
  const std::string path = make({{"observation_budget", 10},
                                 {"metrics",
                                  {{{"name", "accuracy"}},
                                   {{"name", "ms"},
                                    {"strategy", "constraint"},
                                    {"objective", "minimize"},
                                    {"threshold", 20}}}}});
  const auto add = [&](double x, double accuracy, double ms) {
    return observe(path, x,
                   {{{"name", "accuracy"}, {"value", accuracy}}, {{"name", "ms"}, {"value", ms}}});
  };
  add(.1, .5, 10);
  add(.2, .9, 30);
  add(.3, .7, 20);
  EXPECT_EQ(get(path + "/best_assignments").body["data"][0]["assignments"]["x"], .3);
  EXPECT_EQ(put(path, {{"metrics",
                        {{{"name", "accuracy"}},
                         {{"name", "ms"},
                          {"strategy", "constraint"},
                          {"objective", "minimize"},
                          {"threshold", 40}}}}})
                .status,
            200);
  EXPECT_EQ(get(path + "/best_assignments").body["data"][0]["assignments"]["x"], .2);
  EXPECT_EQ(put(path, {{"metrics", {"accuracy"}}}).status, 400);
}

TEST_F(CoreTest, AnswersTheFrontOfTwoObjectives) {
  const std::string path =
      make({{"observation_budget", 10},
            {"metrics", {{{"name", "accuracy"}}, {{"name", "ms"}, {"objective", "minimize"}}}}});
  const auto add = [&](double x, double accuracy, double ms) {
    observe(path, x,
            {{{"name", "accuracy"}, {"value", accuracy}}, {{"name", "ms"}, {"value", ms}}});
  };
  add(.1, .5, 10);
  add(.2, .9, 30);
  add(.3, .4, 20);  // worse than the first in both
  add(.4, .9, 25);  // better than the second in one
  add(.5, .6, 12);
  std::vector<double> front;
  const Reply best = get(path + "/best_assignments?ascending=True");
  for (const Json& row : best.body["data"]) front.push_back(row["assignments"]["x"]);
  EXPECT_THAT(front, ElementsAre(.1, .4, .5));
  EXPECT_TRUE(get(path).body["progress"]["best_observation"].is_null());
  EXPECT_EQ(post(path + "/suggestions", Json::object()).status, 200);
  EXPECT_EQ(put(path, {{"observation_budget", 20}}).status, 400);
}

TEST_F(CoreTest, RefusesGoalsThatMakeNoSense) {
  const auto status = [&](const Json& more) {
    Json body = {{"name", "core"},
                 {"parameters",
                  {{{"name", "x"}, {"type", "double"}, {"bounds", {{"min", 0}, {"max", 1}}}}}}};
    body.update(more);
    return post("/v1/experiments", body).status;
  };
  EXPECT_EQ(status({{"metrics", Json::array()}}), 400);
  EXPECT_EQ(status({{"metrics", {"a", "a"}}}), 400);
  EXPECT_EQ(status({{"metrics", {"a", "b"}}}), 400) << "two objectives need a budget";
  EXPECT_EQ(status({{"metrics", {"a", "b"}}, {"observation_budget", 5}}), 200);
  EXPECT_EQ(status({{"metrics", {"a", "b", "c"}}, {"observation_budget", 5}}), 400);
  EXPECT_EQ(status({{"metrics", {"a", {{"name", "b"}, {"strategy", "constraint"}}}},
                    {"observation_budget", 5}}),
            400)
      << "a constraint needs a threshold";
  EXPECT_EQ(status({{"metrics", {{{"name", "a"}, {"threshold", 3}}}}}), 400);
  EXPECT_EQ(status({{"num_solutions", 2}, {"observation_budget", 5}}), 400);
  EXPECT_EQ(status({{"runs_only", true}}), 400);
  EXPECT_EQ(status({{"metadata", {{"k", {1, 2}}}}}), 400);
  EXPECT_EQ(status({{"name", "a\nb"}}), 400);
  EXPECT_EQ(status({{"project", "none"}}), 404);
  EXPECT_EQ(status({{"tasks", {{{"name", "a"}, {"cost", 1}}, {{"name", "b"}, {"cost", .1}}}},
                    {"metrics", {"a", "b"}},
                    {"observation_budget", 5}}),
            400);
}

TEST_F(CoreTest, TriesEachCellOfAGridBeforeAnyTwice) {
  const std::string path =
      make({{"type", "grid"},
            {"suggester", nullptr},
            {"parameters",
             {{{"name", "n"}, {"type", "int"}, {"grid", {1, 2, 4}}},
              {{"name", "c"}, {"type", "categorical"}, {"categorical_values", {"a", "b"}}}}}});
  EXPECT_EQ(get(path).body["observation_budget"], 6);
  std::set<std::string> cells;
  for (int i = 0; i < 6; ++i) {
    const Reply suggestion = post(path + "/suggestions", Json::object());
    cells.insert(suggestion.body["assignments"].dump());
    post(path + "/observations", {{"suggestion", suggestion.body["id"]}, {"value", i}});
  }
  EXPECT_EQ(cells.size(), 6u);
  EXPECT_EQ(post(path + "/suggestions", Json::object()).status, 200) << "it starts over";
  restart();
  EXPECT_EQ(get(path).body["type"], "grid");
}

TEST_F(CoreTest, ChangesParametersAndKeepsWhatWasSeen) {
  const std::string path = make();
  ASSERT_EQ(observe(path, .9, {{{"value", 1}}}).status, 200);
  const Json x = {{"name", "x"}, {"type", "double"}, {"bounds", {{"min", 0}, {"max", .5}}}};
  Json y = {{"name", "y"}, {"type", "int"}, {"bounds", {{"min", 1}, {"max", 5}}}};
  EXPECT_THAT(put(path, {{"parameters", {x, y}}}).message(), HasSubstr("default_value"));
  y["default_value"] = 2;
  EXPECT_EQ(put(path, {{"parameters", {x, y}}}).status, 200);
  Json log = x;
  log["transformation"] = "log";
  log["bounds"]["min"] = .1;
  EXPECT_EQ(put(path, {{"parameters", {log, y}}}).status, 400);
  const Reply suggestion = post(path + "/suggestions", Json::object());
  EXPECT_LE(suggestion.body["assignments"]["x"], .5);
  EXPECT_TRUE(suggestion.body["assignments"].contains("y"));
  restart();
  EXPECT_EQ(get(path + "/observations").body["data"][0]["assignments"],
            Json::parse(R"({"x": 0.9})"));
  EXPECT_EQ(get(path).body["parameters"].size(), 2u);
}

TEST_F(CoreTest, TakesAClientsOwnSuggestion) {
  const std::string path = create();
  const Reply own = post(
      path + "/suggestions",
      {{"assignments", {{"x", .5}, {"n", 2}}}, {"task", "small"}, {"metadata", {{"by", "hand"}}}});
  EXPECT_EQ(own.status, 200) << own.body;
  EXPECT_EQ(own.body["assignments"]["x"], .5);
  EXPECT_EQ(own.body["metadata"]["by"], "hand");
  EXPECT_EQ(post(path + "/suggestions", {{"assignments", {{"x", .5}, {"n", 2}}}}).status, 400)
      << "assignments without their task";
  EXPECT_EQ(post(path + "/suggestions", {{"task", "small"}}).status, 400);
}

TEST_F(CoreTest, ChangesAndDeletesSuggestions) {
  const std::string path = create();
  const auto suggest = [&] {
    return path + "/suggestions/" +
           post(path + "/suggestions", Json::object()).body["id"].get<std::string>();
  };
  const std::string first = suggest(), second = suggest();
  EXPECT_EQ(put(first, {{"metadata", {{"k", "v"}}}}).body["metadata"]["k"], "v");
  EXPECT_EQ(put(first, {{"assignments", Json::object()}}).status, 400);
  EXPECT_EQ(remove(first).status, 200);
  EXPECT_EQ(get(first).body["deleted"], true);
  EXPECT_EQ(get(first).body["state"], "closed");
  EXPECT_THAT(ids(get(path + "/suggestions")), ElementsAre("2"));
  EXPECT_THAT(ids(get(path + "/suggestions?deleted=True")), ElementsAre("1"));
  EXPECT_THAT(ids(get(path + "/suggestions?id=2")), ElementsAre("2"));
  EXPECT_EQ(remove(path + "/suggestions?state=open").status, 200);
  EXPECT_EQ(get(path + "/suggestions").body["count"], 0);
  EXPECT_EQ(remove(path + "/suggestions/77").status, 404);
  const std::string other = create();
  EXPECT_EQ(get(other + "/suggestions/1").status, 404) << "of another experiment";
  EXPECT_EQ(post(other + "/observations", {{"suggestion", "2"}, {"value", 1}}).status, 404);
}

TEST_F(CoreTest, GivesUpSuggestionsThatNobodyObserves) {
  const std::string path = create();
  const Reply suggestion = post(path + "/suggestions", Json::object());
  clock_.advance(86'401);
  server_->tend();
  const std::string one = path + "/suggestions/" + suggestion.body["id"].get<std::string>();
  EXPECT_EQ(get(one).body["state"], "closed");
  EXPECT_THAT(get(one).body["reason"].get<std::string>(), HasSubstr("given up"));
  EXPECT_EQ(get(path).body["progress"]["observation_count"], 0);
  EXPECT_EQ(
      post(path + "/observations", {{"suggestion", suggestion.body["id"]}, {"value", 1}}).status,
      200)
      << "late is better than never";
  EXPECT_EQ(get(path).body["progress"]["observation_count"], 1);
}

TEST_F(CoreTest, WithdrawsQueuedSuggestions) {
  const std::string path = create();
  const Json body = {{"assignments", {{"x", 0.25}, {"n", 2}}}};
  const std::string queued = path + "/queued_suggestions/" +
                             post(path + "/queued_suggestions", body).body["id"].get<std::string>();
  EXPECT_EQ(get(queued).body["object"], "queued_suggestion");
  EXPECT_EQ(remove(queued).status, 200);
  EXPECT_EQ(get(path + "/queued_suggestions").body["count"], 0);
  EXPECT_NE(post(path + "/suggestions", Json::object()).body["assignments"]["x"], .25);
  EXPECT_EQ(remove(queued).status, 404);
}

TEST_F(CoreTest, ChangesAndDeletesObservationsAndLearnsAnew) {
  const std::string path = make();
  const auto add = [&](double x) {
    return path + "/observations/" +
           observe(path, x, {{{"value", x}}}).body["id"].get<std::string>();
  };
  const std::string low = add(.1), high = add(.9);
  const auto best = [&] {
    return get(path).body["progress"]["best_observation"]["assignments"]["x"];
  };
  EXPECT_EQ(best(), .9);
  EXPECT_EQ(put(high, {{"values", {{{"value", -5}}}}}).status, 200);
  EXPECT_EQ(best(), .1);
  EXPECT_EQ(put(high, {{"failed", true}}).body["failed"], true);
  EXPECT_EQ(put(high, {{"values", {{{"value", 7}}}}, {"metadata", {{"k", 1}}}}).body["failed"],
            false);
  EXPECT_EQ(best(), .9);
  EXPECT_EQ(put(high, {{"vlue", 7}}).status, 400);
  EXPECT_EQ(remove(high).status, 200);
  EXPECT_EQ(best(), .1);
  EXPECT_EQ(get(high).body["deleted"], true);
  EXPECT_EQ(get(path + "/observations?deleted=True").body["count"], 1);
  EXPECT_EQ(put(low, {{"assignments", {{"x", .2}}}}).body["assignments"]["x"], .2);
  restart();
  EXPECT_EQ(best(), .2);
  EXPECT_EQ(remove(path + "/observations").status, 200);
  EXPECT_EQ(get(path).body["progress"]["observation_count"], 0);
  EXPECT_EQ(remove(path + "/observations/99").status, 404);
}

TEST_F(CoreTest, SortsObservations) {
  const std::string path =
      make({{"metrics", {{{"name", "a"}}, {{"name", "b"}, {"strategy", "store"}}}}});
  for (const double x : {.3, .1, .2})
    observe(path, x, {{{"name", "a"}, {"value", 1 - x}}, {{"name", "b"}, {"value", x}}});
  const auto sorted = [&](const std::string& query) {
    return ids(get(path + "/observations?" + query));
  };
  EXPECT_THAT(sorted("sort=value&ascending=True"), ElementsAre("1", "3", "2"));
  EXPECT_THAT(sorted("sort=value-b"), ElementsAre("1", "3", "2"));
  EXPECT_THAT(sorted("sort=parameter-x&ascending=true"), ElementsAre("2", "3", "1"));
  EXPECT_THAT(sorted("sort=timestamp"), ElementsAre("3", "2", "1"));
  const Reply page = get(path + "/observations?sort=value-b&limit=2");
  EXPECT_THAT(ids(page), ElementsAre("1", "3"));
  EXPECT_THAT(
      sorted("sort=value-b&limit=2&before=" + page.body["paging"]["before"].get<std::string>()),
      ElementsAre("2"));
  EXPECT_EQ(get(path + "/observations?sort=value-c").status, 400);
  EXPECT_EQ(get(path + "/observations?sort=id;drop").status, 400);
}

TEST_F(CoreTest, SaysWhenToStop) {
  const std::string path = make();
  for (int i = 0; i < 30; ++i) observe(path, i / 30.0, {{{"value", i == 0 ? 1 : 0}}});
  EXPECT_THAT(get(path + "/stopping_criteria").body["reasons"], ElementsAre("possible_stagnation"));
}

TEST_F(CoreTest, FindsExperimentsByNameStateAndProject) {
  ASSERT_EQ(post("/v1/clients/1/projects", {{"id", "cars"}, {"name", "Cars"}}).status, 200);
  make({{"name", "red cars"}, {"project", "cars"}});
  make({{"name", "blue boats"}});
  EXPECT_THAT(ids(get("/v1/experiments?search=cars")), ElementsAre("1"));
  EXPECT_THAT(ids(get("/v1/clients/1/experiments")), ElementsAre("2", "1"));
  EXPECT_THAT(ids(get("/v1/clients/1/projects/cars/experiments")), ElementsAre("1"));
  EXPECT_EQ(get("/v1/clients/2/experiments").status, 404);
  EXPECT_EQ(get("/v1/experiments/1?fields=id,name").body,
            Json::parse(R"({"id": "1", "name": "red cars"})"));
}

TEST_F(CoreTest, SortsExperimentsAndChoosesThemByTime) {
  make({{"name", "b"}});
  clock_.advance(100);
  make({{"name", "c"}});
  make({{"name", "a"}});
  clock_.advance(100);
  put("/v1/experiments/1", {{"metadata", {{"k", 1}}}});
  const auto listed = [&](const std::string& query) {
    return ids(get("/v1/experiments?" + query));
  };
  EXPECT_THAT(listed("sort=id"), ElementsAre("3", "2", "1"));
  EXPECT_THAT(listed("sort=name&ascending=True"), ElementsAre("3", "1", "2"));
  EXPECT_THAT(listed("sort=recent"), ElementsAre("1", "3", "2"));
  const Json page = get("/v1/experiments?sort=recent&limit=2").body;
  EXPECT_THAT(listed("sort=recent&limit=2&before=" + page["paging"]["before"].get<std::string>()),
              ElementsAre("2"));
  EXPECT_THAT(listed("period_start=1000000100"), ElementsAre("3", "2"));
  EXPECT_THAT(listed("period_end=1000000100"), ElementsAre("1"));
  EXPECT_THAT(listed("user=7"), ElementsAre());
  EXPECT_THAT(listed("development=True"), ElementsAre());
  EXPECT_EQ(get("/v1/experiments?sort=colour").status, 400);
  EXPECT_EQ(get("/v1/experiments?period_start=yesterday").status, 400);
}

TEST_F(CoreTest, AnswersARepeatedRequestWithWhatTheFirstMade) {
  const std::string path = make();
  const httplib::Headers key = {{"Idempotency-Key", "k-1"}};
  const Reply first = send("POST", path + "/suggestions", Json::object(), key);
  ASSERT_EQ(first.status, 200) << first.body;
  const Reply again = send("POST", path + "/suggestions", Json::object(), key);
  EXPECT_EQ(again.body, first.body);
  restart();
  EXPECT_EQ(send("POST", path + "/suggestions", Json::object(), key).body, first.body);
  EXPECT_EQ(get(path + "/suggestions").body["count"], 1);

  const Json rows = {{"observations",
                      {{{"assignments", {{"x", .1}}}, {"value", 1}},
                       {{"assignments", {{"x", .2}}}, {"value", 2}}}}};
  const httplib::Headers batch = {{"Idempotency-Key", "k-2"}};
  const Reply made = send("POST", path + "/observations/batch", rows, batch);
  EXPECT_EQ(made.body["count"], 2);
  EXPECT_EQ(send("POST", path + "/observations/batch", rows, batch).body["data"],
            made.body["data"]);
  EXPECT_EQ(get(path + "/observations").body["count"], 2);
  EXPECT_THAT(send("POST", path + "/observations", rows, batch).message(),
              HasSubstr("another request"));
  EXPECT_EQ(send("POST", path + "/suggestions", Json::object(),
                 {{"Idempotency-Key", std::string(201, 'k')}})
                .status,
            400);
  // A refusal is no answer to keep.
  const httplib::Headers third = {{"Idempotency-Key", "k-3"}};
  EXPECT_EQ(send("POST", path + "/observations", {{"value", 1}}, third).status, 400);
  EXPECT_EQ(
      send("POST", path + "/observations", {{"assignments", {{"x", .3}}}, {"value", 1}}, third)
          .status,
      200);
  clock_.advance(86'401);
  server_->tend();
  EXPECT_NE(send("POST", path + "/suggestions", Json::object(), key).body["id"], first.body["id"]);
}

}  // namespace
}  // namespace frugal::serve
