// End to end on loopback: what a client sends and gets, above all when it is wrong.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "serve/test_server.h"
#include "serve/tokens.h"

namespace frugal::serve {
namespace {

using experiment::Id;
using testing::HasSubstr;

TEST_F(ServerTest, SaysThatItIsReadyWithoutAToken) {
  httplib::Client anybody(server_->address());
  const Reply reply = reply_of(anybody.Get("/healthz"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body["status"], "ok");
}

TEST_F(ServerTest, LetsInWhoHasTheTokenAndNobodyElse) {
  httplib::Client anybody(server_->address());
  const auto with = [&](const std::string& authorization) {
    return reply_of(anybody.Get("/v1/experiments", {{"Authorization", authorization}})).status;
  };
  EXPECT_EQ(reply_of(anybody.Get("/v1/experiments")).status, 401);
  EXPECT_EQ(with("Bearer secret"), 200);
  EXPECT_EQ(with("Basic c2VjcmV0Og=="), 200);  // secret:
  EXPECT_EQ(with("Basic c2VjcmV0OnB3"), 200);  // secret:pw, the password is ignored
  EXPECT_EQ(with("Bearer secre"), 403);
  EXPECT_EQ(with("Bearer secrets"), 403);
  EXPECT_EQ(with("Basic d3Jvbmc6"), 403);  // wrong:
  EXPECT_EQ(with("Basic !!!!"), 400);
  EXPECT_EQ(with("Basic"), 400);
  EXPECT_EQ(with("Digest secret"), 400);
  EXPECT_EQ(
      reply_of(anybody.Get("/v1/tokens/self", {{"Authorization", "Bearer secret"}})).body["object"],
      "token");
}

TEST_F(ServerTest, NeedsATokenOfItsOwn) {
  EXPECT_THROW(Server(*scheduler_, {}), InputError);
}

TEST_F(ServerTest, SaysThatThePortIsTaken) {
  EXPECT_THROW(Server(*scheduler_, {.port = server_->port(), .token = "t"}), SystemError);
}

TEST_F(ServerTest, MakesTokensThatDiffer) {
  EXPECT_EQ(make_token().size(), 64u);
  EXPECT_NE(make_token(), make_token());
}

TEST_F(ServerTest, TunesForAClientWithoutLeases) {
  const std::string experiment = create();
  for (int i = 0; i < 2; ++i) {
    const Reply suggestion = post(experiment + "/suggestions", Json::object());
    ASSERT_EQ(suggestion.status, 200) << suggestion.body;
    EXPECT_EQ(suggestion.body["object"], "suggestion");
    EXPECT_EQ(suggestion.body["state"], "open");
    EXPECT_TRUE(suggestion.body["assignments"]["n"].is_number_integer());
    const Reply observation =
        post(experiment + "/observations",
             {{"suggestion", suggestion.body["id"]},
              {"values", {{{"name", "accuracy"}, {"value", 0.5 + i}, {"value_stddev", 0.1}}}}});
    ASSERT_EQ(observation.status, 200) << observation.body;
    EXPECT_EQ(observation.body["failed"], false);
    EXPECT_EQ(observation.body["values"][0]["value"], 0.5 + i);
    EXPECT_EQ(
        get(experiment + "/suggestions/" + suggestion.body["id"].get<std::string>()).body["state"],
        "closed");
  }
  EXPECT_EQ(get(experiment).body["progress"]["observation_count"], 2);
}

TEST_F(ServerTest, TakesObservationsOfAssignmentsAndKnowsTheBest) {
  const std::string experiment = create();
  const auto observe = [&](double x, const char* task, Json what) {
    what["assignments"] = {{"x", x}, {"n", 3}};
    what["task"] = task;
    return post(experiment + "/observations", what);
  };
  EXPECT_EQ(get(experiment + "/best_assignments").body["count"], 0);
  EXPECT_EQ(observe(0.1, "full", {{"value", 0.5}}).status, 200);
  EXPECT_EQ(observe(0.2, "small", {{"value", 0.9}}).status, 200);
  EXPECT_EQ(observe(0.3, "full", {{"failed", true}}).status, 200);
  EXPECT_EQ(observe(0.4, "full", {{"value", 0.7}}).status, 200);
  const Reply best = get(experiment + "/best_assignments");
  ASSERT_EQ(best.body["count"], 1);
  EXPECT_EQ(best.body["data"][0]["assignments"]["x"], 0.4);
  EXPECT_EQ(best.body["data"][0]["task"], "full");
  EXPECT_NEAR(get(experiment).body["progress"]["observation_budget_consumed"].get<double>(), 3.1,
              1e-12);
  const Reply stop = get(experiment + "/stopping_criteria");
  EXPECT_EQ(stop.body["should_stop"], true);
  EXPECT_EQ(stop.body["reasons"][0], "observation_budget_reached");
}

TEST_F(ServerTest, ChecksABatchAltogetherBeforeItRecordsAny) {
  const std::string experiment = create();
  const Json good = {{"assignments", {{"x", 0.5}, {"n", 1}}}, {"task", "full"}, {"value", 1}};
  Json bad = good;
  bad["assignments"]["n"] = "many";
  EXPECT_EQ(post(experiment + "/observations/batch", {{"observations", {good, bad}}}).status, 400);
  EXPECT_EQ(
      post(experiment + "/observations/batch", {{"observations", {good, good}}, {"dry_run", true}})
          .status,
      200);
  EXPECT_EQ(get(experiment + "/observations").body["count"], 0);
  EXPECT_EQ(
      post(experiment + "/observations/batch", {{"observations", {good, good}}}).body["count"], 2);
  EXPECT_EQ(get(experiment + "/observations").body["count"], 2);
}

TEST_F(ServerTest, SaysWhichParametersMattered) {
  const std::string experiment = create(), path = experiment + "/metric_importances";
  const Reply before = get(path);
  EXPECT_EQ(before.status, 200);
  EXPECT_EQ(before.body["count"], 0);
  Json observations = Json::array();
  for (int i = 0; i < 20; ++i)
    observations.push_back({{"assignments", {{"x", .05 * i}, {"n", 1 + 4 * i % 9}}},
                            {"task", "full"},
                            {"value", .05 * i}});
  ASSERT_EQ(post(experiment + "/observations/batch", {{"observations", observations}}).status, 200);
  const Reply after = get(path);
  ASSERT_EQ(after.status, 200) << after.body;
  ASSERT_EQ(after.body["data"].size(), 1u);
  const Json& row = after.body["data"][0];
  EXPECT_EQ(row["metric"], "accuracy");
  EXPECT_GT(row["importances"]["x"].get<double>(), .8);
  EXPECT_LT(row["importances"]["n"].get<double>(), .2);
  EXPECT_EQ(get(path).body, after.body);
  EXPECT_EQ(get(path + "?fields=metric").body["data"][0].size(), 1u);
  EXPECT_EQ(get(path + "?what=1").status, 400);
  EXPECT_EQ(get("/v1/experiments/77/metric_importances").status, 404);
}

TEST_F(ServerTest, ComputesImportancesForManyAtATime) {
  const std::string experiment = create(), path = experiment + "/metric_importances";
  for (double x : {.1, .5, .9})
    post(experiment + "/observations",
         {{"assignments", {{"x", x}, {"n", 3}}}, {"task", "full"}, {"value", x}});
  std::vector<std::future<Reply>> replies;
  for (int i = 0; i < 8; ++i)
    replies.push_back(std::async(std::launch::async, [&] {
      httplib::Client client(server_->address());
      client.set_basic_auth("secret", "");
      client.set_read_timeout(60);
      return reply_of(client.Get(path));
    }));
  const Reply first = replies[0].get();
  EXPECT_EQ(first.body["count"], 1) << first.body;
  for (std::size_t i = 1; i < replies.size(); ++i) EXPECT_EQ(replies[i].get().body, first.body);
}

TEST_F(ServerTest, ServesQueuedSuggestionsFirst) {
  const std::string experiment = create();
  const Reply queued = post(experiment + "/queued_suggestions",
                            {{"assignments", {{"x", 0.25}, {"n", 2}}}, {"task", "small"}});
  EXPECT_EQ(queued.body["object"], "queued_suggestion");
  EXPECT_EQ(get(experiment + "/queued_suggestions").body["count"], 1);
  const Reply served = post(experiment + "/suggestions", Json::object());
  EXPECT_EQ(served.body["id"], queued.body["id"]);
  EXPECT_EQ(served.body["task"]["name"], "small");
  EXPECT_EQ(get(experiment + "/queued_suggestions").body["count"], 0);
}

TEST_F(ServerTest, TurnsPages) {
  const std::string experiment = create();
  for (int i = 0; i < 5; ++i) post(experiment + "/suggestions", Json::object());
  std::vector<std::string> ids;
  for (std::string marker = "&before=999999"; !marker.empty();) {
    const Reply page = get(experiment + "/suggestions?limit=2" + marker);
    for (const Json& row : page.body["data"]) ids.push_back(row["id"]);
    const Json& before = page.body["paging"]["before"];
    marker = before.is_null() ? "" : "&before=" + before.get<std::string>();
  }
  EXPECT_THAT(ids, testing::ElementsAre("5", "4", "3", "2", "1"));
  EXPECT_EQ(get(experiment + "/suggestions?ascending=True&limit=1").body["data"][0]["id"], "1");
  EXPECT_EQ(get(experiment + "/suggestions?after=3&limit=1").body["data"][0]["id"], "4");
  EXPECT_EQ(get(experiment + "/suggestions?fields=id&limit=1").body["data"][0],
            Json::parse(R"({"id": "5"})"));
  for (const char* query : {"limit=1001", "limit=-1", "limit=x", "before=%00", "ascending=maybe",
                            "colour=red", "limit=1&limit=2"})
    EXPECT_EQ(get(experiment + "/suggestions?" + query).status, 400) << query;
  EXPECT_THAT(get(experiment + "/suggestions?limit=x").message(), HasSubstr("from 0 to 1000"));
  EXPECT_EQ(get(experiment + "/suggestions/77").message(), "experiment 1 has no suggestion 77");
  EXPECT_EQ(post(experiment + "/observations", {{"suggestion", "77"}, {"value", 1}}).message(),
            "experiment 1 has no suggestion 77");
}

TEST_F(ServerTest, RefusesBadBodiesAndNamesTheField) {
  const std::string experiment = create();
  const std::string path = experiment + "/observations";
  const auto refused = [&](const std::string& body, const std::string& words) {
    const Reply reply = post_text(path, body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(reply.body.value("status", 0), 400) << body;
    EXPECT_THAT(reply.message(), HasSubstr(words)) << body;
  };
  const std::string point = R"("assignments": {"x": 0.5, "n": 1}, "task": "full")";
  refused("{" + point + R"(, "value": 1, "value": 2})", "value");
  refused("{" + point + R"(, "value": NaN})", "JSON");
  refused("{" + point + R"(, "value": Infinity})", "JSON");
  refused("{" + point + R"(, "value": 1e999})", "");
  refused("{" + point + R"(, "value": "high"})", "value must be a number");
  refused("{" + point + R"(, "value": true})", "value must be a number");
  refused("{" + point + R"(, "vlue": 1})", "did you mean \"value\"");
  refused("{" + point + "}", "value is missing");
  refused("{" + point + R"(, "value": 1, "failed": true})", "not both");
  refused("{" + point + R"(, "values": [{"name": "loss", "value": 1}]})", "loss");
  refused("{" + point + R"(, "value": 1, "value_stddev": -1})", "value_stddev");
  refused("{" + point + R"(, "value": 1, "metadata": 3})", "metadata");
  refused(R"({"assignments": {"x": 0.5, "n": 1}, "value": 1})", "task is missing");
  refused(R"({"assignments": {"x": 0.5, "n": 1}, "task": "huge", "value": 1})", "huge");
  refused(R"({"assignments": {"x": 0.5}, "task": "full", "value": 1})", "n");
  refused(R"({"assignments": {"x": 0.5, "n": 1.5}, "task": "full", "value": 1})", "n");
  refused(R"({"assignments": {"x": 0.5, "n": 1, "y": 2}, "task": "full", "value": 1})", "y");
  refused(R"({"value": 1})", "suggestion or assignments");
  refused(R"({"suggestion": "x", "value": 1})", "suggestion must be an id");
  refused(R"({"suggestion": -1, "value": 1})", "suggestion must be an id");
  refused("[1]", "object");
  refused("{", "JSON");
  refused("{} {}", "JSON");
  refused(std::string(50'000, '['), "");
  EXPECT_EQ(post_text(path, R"({"suggestion": "77", "value": 1})").status, 404);
  EXPECT_EQ(get(path).body["count"], 0);
}

TEST_F(ServerTest, RefusesNulCharactersWhereverTheyStand) {
  const std::string path = create();
  const Reply reply = post_text(path + "/suggestions", "{\"metadata\": {\"note\": \"a\\u0000b\"}}");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.message(), HasSubstr("metadata: note"));
  EXPECT_EQ(post_text(path + "/suggestions", "{\"metadata\": {\"a\\u0000\": 1}}").status, 400);
  EXPECT_EQ(post_text(path + "/suggestions", "{\"metadata\": {\"a\": \"\\\\u0000\"}}").status, 200)
      << "a backslash and what follows";
}

TEST_F(ServerTest, RefusesBadExperiments) {
  const auto status = [&](const std::string& patch) {
    Json body = Json::parse(kExperiment);
    body.merge_patch(Json::parse(patch));
    return post("/v1/experiments", body).status;
  };
  EXPECT_EQ(status("{}"), 200);
  EXPECT_EQ(status(R"({"name": null})"), 400);
  EXPECT_EQ(status(R"({"name": 3})"), 400);
  EXPECT_EQ(status(R"({"id": "abc"})"), 400);
  EXPECT_EQ(status(R"({"parameters": []})"), 400);
  EXPECT_EQ(status(R"({"parameters": [{"name": "x", "type": "double"}]})"), 400);
  EXPECT_EQ(status(R"({"parameters": 7})"), 400);
  EXPECT_EQ(status(R"({"tasks": [{"name": "a", "cost": 0.5}, {"name": "b", "cost": 0.6}]})"), 400);
  EXPECT_EQ(status(R"({"tasks": [{"name": "a"}]})"), 400);
  EXPECT_EQ(status(R"({"metrics": [{"name": "a", "objective": "improve"}]})"), 400);
  EXPECT_EQ(status(R"({"observation_budget": 0})"), 400);
  EXPECT_EQ(status(R"({"observation_budget": true})"), 400);
  EXPECT_EQ(status(R"({"parallel_bandwidth": 1.5})"), 400);
  EXPECT_EQ(status(R"({"parallel_bandwidth": 0})"), 400);
  EXPECT_EQ(status(R"({"seed": -1})"), 400);
  EXPECT_EQ(status(R"({"metadata": []})"), 400);
  EXPECT_EQ(status(R"({"type": "magic"})"), 400);
}

TEST_F(ServerTest, AnswersForPathsAndMethodsThatItDoesNotHave) {
  EXPECT_EQ(get("/index.php").status, 404);
  EXPECT_EQ(get("/v1/experiments/1").status, 404);
  EXPECT_EQ(get("/v1/experiments/one").status, 404);
  EXPECT_EQ(get("/v1/experiments/99999999999999999999").status, 404);
  EXPECT_EQ(get("/v1/experiments/../../etc/passwd").status, 404);
  EXPECT_EQ(get("/" + std::string(7000, 'a')).status, 404);
  EXPECT_EQ(reply_of(http_->Delete("/v1/experiments")).status, 405);
  EXPECT_EQ(reply_of(http_->Options("/v1/leases")).status, 405);
  EXPECT_THAT(get("/v1/leases").message(), HasSubstr("POST is"));
  EXPECT_EQ(get("/v1/trials/1").status, 404);
}

TEST_F(ServerTest, SurvivesWhatIsNoRequest) {
  EXPECT_THAT(raw("hello\r\n\r\n"), HasSubstr("400"));
  EXPECT_THAT(raw("GET / HTTP/9.9\r\n\r\n"), HasSubstr("400"));
  raw("");
  raw(std::string(100, '\0'));
  EXPECT_THAT(raw("POST /v1/experiments HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{\"half\":"),
              HasSubstr("not the whole of one"));
  EXPECT_THAT(raw("POST /v1/exp"), HasSubstr("400"));
  raw("POST /v1/experiments HTTP/1.1\r\nContent-Length: -5\r\n\r\n");
  raw("GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n\r\n");
  raw("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n");
  EXPECT_EQ(post_text("/v1/experiments", std::string(200'000, ' ')).status, 413);
  EXPECT_EQ(get("/v1/experiments").status, 200);
}

TEST_F(ServerTest, EscapesWhatABrowserCouldTakeForAPage) {
  Json body = Json::parse(kExperiment);
  body["name"] = "<script>&";
  const auto result = http_->Post("/v1/experiments", body.dump(), "application/json");
  EXPECT_THAT(result->body, HasSubstr("\\u003cscript\\u003e\\u0026"));
  EXPECT_EQ(Json::parse(result->body)["name"], "<script>&");
}

TEST_F(ServerTest, LeasesTrialsAndTakesReportsOnce) {
  const std::string experiment = create();
  const Reply lease = post(experiment + "/leases", {{"worker", "w1"}});
  ASSERT_EQ(lease.status, 200) << lease.body;
  EXPECT_EQ(lease.body["experiment"]["name"], "test");
  const std::string trial = "/v1/trials/" + lease.body["trial"]["id"].get<std::string>();
  const Json report = {{"fence", 1}, {"value", 0.5}, {"wall_seconds", 2}, {"cpu_seconds", 1}};

  EXPECT_EQ(post(trial + "/heartbeat", {{"fence", 1}, {"progress", {{"epoch", 1}}}}).body["order"],
            "go_on");
  EXPECT_EQ(get(trial).body["progress"]["epoch"], 1);
  scheduler_->ask_to_stop(true);
  EXPECT_EQ(post(trial + "/heartbeat", {{"fence", 1}}).body["order"], "stop");
  scheduler_->ask_to_stop(false);
  EXPECT_EQ(post(trial + "/release", {{"fence", 1}, {"checkpoint", "c"}}).body["state"],
            "preempted");

  const Reply again = post("/v1/leases", {{"worker", "w2"}});
  EXPECT_EQ(again.body["trial"]["id"], lease.body["trial"]["id"]);
  EXPECT_EQ(again.body["trial"]["checkpoint"], "c");
  for (const char* what : {"/heartbeat", "/observation", "/failure", "/release"}) {
    Json stale = {{"fence", 1}};
    if (what == std::string("/observation")) stale = report;
    if (what == std::string("/failure")) stale["reason"] = "x";
    EXPECT_EQ(post(trial + what, stale).status, 409) << what;
  }
  Json now = report;
  now["fence"] = 2;
  EXPECT_EQ(post(trial + "/observation", now).body["state"], "done");
  EXPECT_EQ(post(trial + "/observation", now).status, 200) << "an answer that was lost";
  EXPECT_EQ(get(experiment + "/observations").body["count"], 1);
}

TEST_F(ServerTest, ChangesAndEndsAnExperiment) {
  const std::string experiment = create();
  const auto put = [&](const Json& body) { return ServerTest::put(experiment, body); };
  EXPECT_EQ(put({{"name", "new"}, {"observation_budget", 7}, {"parallel_bandwidth", nullptr}})
                .body["name"],
            "new");
  EXPECT_EQ(get(experiment).body["observation_budget"], 7);
  EXPECT_EQ(put({{"tasks", Json::array()}}).status, 400);
  EXPECT_EQ(put({{"observation_budget", -1}}).status, 400);
  EXPECT_EQ(put({{"state", "asleep"}}).status, 400);
  EXPECT_EQ(put({{"name", ""}}).status, 400);
  EXPECT_EQ(get(experiment).body["name"], "new");

  EXPECT_EQ(reply_of(http_->Delete(experiment)).status, 200);
  EXPECT_EQ(get(experiment).body["state"], "deleted");
  EXPECT_EQ(get("/v1/experiments").body["count"], 0);
  EXPECT_EQ(get("/v1/experiments?state=deleted").body["count"], 1);
  EXPECT_EQ(post(experiment + "/leases", {{"worker", "w"}}).status, 410);
  EXPECT_EQ(post("/v1/leases", {{"worker", "w"}}).status, 410);
  EXPECT_EQ(post(experiment + "/suggestions", Json::object()).status, 400);
  EXPECT_EQ(put({{"state", "active"}}).status, 200);
  EXPECT_EQ(post(experiment + "/leases", {{"worker", "w"}}).status, 200);
}

TEST_F(ServerTest, RefusesBadReports) {
  const std::string experiment = create();
  const Reply lease = post(experiment + "/leases", {{"worker", "w"}});
  const std::string trial = "/v1/trials/" + lease.body["trial"]["id"].get<std::string>();
  EXPECT_EQ(post(experiment + "/leases", Json::object()).status, 400);
  EXPECT_EQ(post(experiment + "/leases", {{"worker", ""}}).status, 400);
  EXPECT_EQ(post(experiment + "/leases", {{"worker", "w"}, {"wait_seconds", -1}}).status, 400);
  EXPECT_EQ(post("/v1/experiments/99/leases", {{"worker", "w"}}).status, 404);
  EXPECT_EQ(post(trial + "/heartbeat", Json::object()).status, 400);
  EXPECT_EQ(post(trial + "/heartbeat", {{"fence", "1"}}).status, 400);
  EXPECT_EQ(post(trial + "/heartbeat", {{"fence", 1.5}}).status, 400);
  EXPECT_EQ(post(trial + "/heartbeat", {{"fence", 1}, {"progress", 3}}).status, 400);
  EXPECT_EQ(post(trial + "/heartbeat", {{"fence", 1}, {"wall_seconds", -3}}).status, 400);
  EXPECT_EQ(post(trial + "/observation", {{"fence", 1}}).status, 400);
  EXPECT_EQ(post(trial + "/on_the_way", {{"fence", 1}, {"task", "tiny"}, {"value", 1}}).status,
            400);
  EXPECT_EQ(post(trial + "/failure", {{"fence", 1}}).status, 400);
  EXPECT_EQ(scheduler_->observations(1).size(), 0u);
}

TEST_F(ServerTest, HoldsALeaseRequestUntilThereIsWork) {
  const std::string experiment = create();
  scheduler_->set_admission([](const auto&, const auto&) { return false; });
  EXPECT_EQ(post(experiment + "/leases", {{"worker", "w"}}).status, 204);
  auto waiting = std::async(std::launch::async, [&] {
    httplib::Client worker(server_->address());
    worker.set_bearer_token_auth("secret");
    return reply_of(worker.Post(experiment + "/leases", R"({"worker": "w", "wait_seconds": 30})",
                                "application/json"));
  });
  const Reply queued = post(experiment + "/queued_suggestions",
                            {{"assignments", {{"x", 0.25}, {"n", 2}}}, {"task", "small"}});
  EXPECT_EQ(waiting.get().body["trial"]["id"], queued.body["id"]);
}

TEST_F(ServerTest, StopsAtOnceAlthoughClientsWaitAndIdle) {
  const std::string experiment = create();  // leaves an idle connection
  scheduler_->set_admission([](const auto&, const auto&) { return false; });
  std::promise<void> connected;
  auto waiting = std::async(std::launch::async, [&] {
    httplib::Client worker(server_->address());
    worker.set_bearer_token_auth("secret");
    worker.set_keep_alive(true);
    EXPECT_EQ(worker.Get("/healthz")->status, 200);
    connected.set_value();
    return reply_of(worker.Post(experiment + "/leases", R"({"worker": "w", "wait_seconds": 30})",
                                "application/json"));
  });
  connected.get_future().wait();
  const int port = server_->port();
  server_->stop();
  const int status = waiting.get().status;
  EXPECT_TRUE(status == 204 || status == 0) << status;  // 0: it came after the stop
  EXPECT_FALSE(http_->Get("/healthz"));
  start(port);
  EXPECT_EQ(get("/healthz").status, 200) << "the port is free at once";
}

TEST_F(ServerTest, ServesManyClientsAtATime) {
  const std::string experiment = create();
  std::vector<std::future<int>> clients;
  for (int c = 0; c < 8; ++c)
    clients.push_back(std::async(std::launch::async, [&, c] {
      httplib::Client http(server_->address());
      http.set_bearer_token_auth("secret");
      http.set_keep_alive(true);
      http.set_tcp_nodelay(true);
      int observed = 0;
      for (int i = 0; i < 10; ++i) {
        const Reply lease =
            reply_of(http.Post(experiment + "/leases", Json({{"worker", std::to_string(c)}}).dump(),
                               "application/json"));
        if (lease.status != 200) continue;
        const std::string path =
            "/v1/trials/" + lease.body["trial"]["id"].get<std::string>() + "/observation";
        const Json report = {{"fence", lease.body["trial"]["fence"]}, {"value", i}};
        observed += reply_of(http.Post(path, report.dump(), "application/json")).status == 200;
      }
      return observed;
    }));
  int observed = 0;
  for (auto& client : clients) observed += client.get();
  EXPECT_EQ(observed, 80);
  EXPECT_EQ(scheduler_->observations(1).size(), 80u);
}

}  // namespace
}  // namespace frugal::serve
