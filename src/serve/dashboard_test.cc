// What the dashboard stands on: its files, sessions, events, the overview, and what a person may
// ask of experiments and trials.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>

#include "serve/test_server.h"

namespace frugal::serve {
namespace {

using testing::HasSubstr;
using testing::Not;

class DashboardTest : public ServerTest {
 protected:
  // As a page of the server's own asks.
  httplib::Headers page() const {
    return {{"X-Frugal-Dashboard", "1"}, {"Sec-Fetch-Site", "same-origin"}, {"Cookie", cookie_}};
  }
  httplib::Result as_page(const std::string& method, const std::string& path,
                          const Json& body = Json::object()) {
    return with(method, path, page(), body);
  }
  httplib::Result with(const std::string& method, const std::string& path,
                       const httplib::Headers& headers, const Json& body = Json::object()) {
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.headers = headers;
    if (method == "POST" || method == "PUT") request.body = body.dump();
    return client("")->send(request);
  }
  void sign_in(const std::string& token = "secret") {
    const auto result = with("POST", "/v1/sessions",
                             {{"X-Frugal-Dashboard", "1"}, {"Authorization", "Bearer " + token}});
    ASSERT_EQ(result->status, 200) << result->body;
    set_cookie_ = result->get_header_value("Set-Cookie");
    cookie_ = set_cookie_.substr(0, set_cookie_.find(';'));
  }
  Json lease(const std::string& experiment) {
    const Reply reply = post(experiment + "/leases", {{"worker", "w"}});
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.body["trial"];
  }
  Reply report(const Json& trial, const std::string& what, Json body = Json::object()) {
    body["fence"] = trial["fence"];
    return post("/v1/trials/" + trial["id"].get<std::string>() + "/" + what, body);
  }

  std::string set_cookie_, cookie_;
};

TEST_F(DashboardTest, LoadsWithoutATokenAndRunsNothingButItsOwnFiles) {
  const auto plain = client("");
  const auto index = plain->Get("/");
  ASSERT_EQ(index->status, 200);
  EXPECT_THAT(index->body, HasSubstr("/dashboard.js"));
  EXPECT_THAT(index->body, Not(HasSubstr("<style")));
  const std::string policy = index->get_header_value("Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self'; style-src 'self'"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_EQ(index->get_header_value("X-Content-Type-Options"), "nosniff");
  const auto script = plain->Get("/dashboard.js");
  EXPECT_THAT(script->get_header_value("Content-Type"), HasSubstr("text/javascript"));
  const std::string again = raw("GET /dashboard.js HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-None-Match: " +
                                script->get_header_value("ETag") + "\r\n\r\n");
  EXPECT_THAT(again, testing::StartsWith("HTTP/1.1 304"));
  EXPECT_EQ(plain->Get("/", {{"Host", "evil.example"}})->status, 421);
}

TEST_F(DashboardTest, SignsInWithATokenAndOut) {
  EXPECT_EQ(Json::parse(client("")->Get("/v1/sessions/self")->body)["signed_in"], false);
  sign_in();
  EXPECT_THAT(set_cookie_, HasSubstr("; HttpOnly; SameSite=Strict"));
  EXPECT_THAT(set_cookie_, Not(HasSubstr("secret")));
  EXPECT_EQ(Json::parse(as_page("GET", "/v1/sessions/self")->body)["permissions"], "write");
  EXPECT_EQ(as_page("GET", "/v1/experiments")->status, 200);
  EXPECT_EQ(as_page("DELETE", "/v1/sessions/self")->status, 200);
  EXPECT_EQ(as_page("GET", "/v1/experiments")->status, 401);
  EXPECT_EQ(with("POST", "/v1/sessions", {{"Authorization", "Bearer wrong"}})->status, 403);
}

TEST_F(DashboardTest, TakesASessionFromItsOwnPagesAlone) {
  const std::string experiment = create();
  sign_in();
  httplib::Headers bare = {{"Cookie", cookie_}};
  EXPECT_EQ(with("PUT", experiment, bare, {{"name", "b"}})->status, 403) << "no header of its own";
  bare.emplace("X-Frugal-Dashboard", "1");
  bare.emplace("Sec-Fetch-Site", "same-site");  // another port of this machine
  EXPECT_EQ(with("PUT", experiment, bare, {{"name", "b"}})->status, 403);
  EXPECT_EQ(with("GET", experiment, bare)->status, 403);
  EXPECT_EQ(as_page("PUT", experiment, {{"name", "b"}})->status, 200);
  const auto unknown = with("GET", experiment, {{"Cookie", "frugal_session=abc"}});
  EXPECT_EQ(unknown->status, 401);
  EXPECT_TRUE(unknown->has_header("WWW-Authenticate"));
  EXPECT_FALSE(
      with("GET", experiment, {{"X-Frugal-Dashboard", "1"}})->has_header("WWW-Authenticate"))
      << "the browser would ask for a password";
}

TEST_F(DashboardTest, EndsASessionWithItsTokenAndWithTime) {
  const Reply reader = post("/v1/tokens", {{"permissions", "read"}});
  sign_in(reader.body["token"]);
  const std::string experiment = create();
  EXPECT_EQ(as_page("GET", experiment)->status, 200);
  EXPECT_EQ(as_page("PUT", experiment, {{"name", "b"}})->status, 403) << "it can only read";
  remove("/v1/tokens/" + reader.body["id"].get<std::string>());
  EXPECT_EQ(as_page("GET", experiment)->status, 401);
  sign_in();
  clock_.advance(13 * 3600);
  EXPECT_EQ(as_page("GET", experiment)->status, 401);
}

TEST_F(DashboardTest, ShowsExperimentsAtAGlance) {
  const std::string experiment = create();
  const Json trial = lease(experiment);
  report(trial, "heartbeat", {{"wall_seconds", 4}});
  post(experiment + "/observations",
       {{"assignments", {{"x", .5}, {"n", 1}}}, {"task", "full"}, {"value", .5}});
  post(experiment + "/observations",
       {{"assignments", {{"x", .6}, {"n", 1}}}, {"task", "full"}, {"failed", true}});
  Json one = get("/v1/overview").body["experiments"][0];
  EXPECT_EQ(one["trials"], Json({{"done", 0}, {"failed", 0}, {"running", 1}, {"waiting", 0}}));
  EXPECT_EQ(one["spend"]["wall_seconds"], 4);
  EXPECT_EQ(one["improvements"], Json::parse("[[1, 0.5]]"));
  report(trial, "observation", {{"value", .7}, {"wall_seconds", 6}});
  const Json list = get("/v1/overview").body;
  one = list["experiments"][0];
  EXPECT_EQ(one["trials"]["done"], 1);
  EXPECT_EQ(one["spend"]["wall_seconds"], 6) << "once";
  EXPECT_EQ(one["progress"]["observation_count"], 3);
  EXPECT_EQ(list["workers"][0]["name"], "w");
  EXPECT_EQ(list["workers"][0]["state"], "waiting");
  EXPECT_EQ(list["workers"][0]["ended_trials"], 1);
  remove(experiment + "/observations/1");
  EXPECT_EQ(get("/v1/overview").body["experiments"][0]["progress"]["observation_count"], 2);
}

TEST_F(DashboardTest, ForecastsByThePaceSoFar) {
  const std::string experiment = create();  // of a budget of 2
  const Json point = {{"assignments", {{"x", .5}, {"n", 1}}}, {"task", "full"}, {"value", 1}};
  post(experiment + "/observations", point);
  Json small = point;
  small["task"] = "small";
  clock_.advance(10);
  post(experiment + "/observations", small);
  const double left = get("/v1/overview").body["experiments"][0]["forecast"]["seconds_left"];
  EXPECT_NEAR(left, 90, 1e-6) << "0.1 took 10 s, and 0.9 are left";
  put(experiment, {{"search", "paused"}});
  EXPECT_TRUE(get("/v1/overview").body["experiments"][0]["forecast"]["seconds_left"].is_null());
}

TEST_F(DashboardTest, TellsWhatHappensUntilItStops) {
  const std::string experiment = create();
  std::string told;
  std::promise<void> first, second;
  auto listener = std::async(std::launch::async, [&] {
    const auto streaming = client("secret");
    streaming->set_read_timeout(60);
    int events = 0;
    return streaming->Get("/v1/events", [&](const char* data, std::size_t size) {
      told.append(data, size);
      if (events == 0 && told.find("event: overview") != std::string::npos)
        ++events, first.set_value();
      if (events == 1 && told.find("event: changes") != std::string::npos)
        ++events, second.set_value();
      return true;
    });
  });
  first.get_future().wait();
  EXPECT_THAT(told, HasSubstr("\"observation_count\":0"));
  post(experiment + "/observations",
       {{"assignments", {{"x", .5}, {"n", 1}}}, {"task", "full"}, {"value", .5}});
  second.get_future().wait();
  server_->stop();
  listener.wait();
  EXPECT_THAT(told, HasSubstr("\"observation_count\":1"));
}

TEST_F(DashboardTest, TellsAGuestOfItsExperimentAlone) {
  const std::string mine = create();
  create();
  const std::string guest = post(mine + "/tokens", Json::object()).body["token"];
  http_ = client(guest);
  EXPECT_EQ(get("/v1/overview").body["experiments"].size(), 1u);
  EXPECT_EQ(get("/v1/overview").body["permissions"], "read");
}

TEST_F(DashboardTest, PausesGoesOnAndEnds) {
  const std::string experiment = create();
  EXPECT_EQ(get(experiment).body["search"], "on");
  EXPECT_EQ(put(experiment, {{"search", "sometimes"}}).status, 400);
  EXPECT_EQ(put(experiment, {{"search", "paused"}}).status, 200);
  EXPECT_EQ(post(experiment + "/leases", {{"worker", "w"}}).status, 204);
  const Reply refused = post(experiment + "/suggestions", Json::object());
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.message(), HasSubstr("paused"));
  restart();
  EXPECT_EQ(get(experiment).body["search"], "paused");
  put(experiment, {{"search", "on"}});
  const Json trial = lease(experiment);
  put(experiment, {{"search", "ending"}});
  EXPECT_EQ(post(experiment + "/leases", {{"worker", "other"}}).status, 204) << "one still runs";
  EXPECT_EQ(report(trial, "heartbeat").body["order"], "go_on");
  report(trial, "observation", {{"value", 1}});
  EXPECT_EQ(post(experiment + "/leases", {{"worker", "other"}}).status, 410);
}

TEST_F(DashboardTest, StopsARunningTrialAtItsNextHeartbeatAndForGood) {
  const std::string experiment = create();
  const Json trial = lease(experiment);
  const std::string path = "/v1/trials/" + trial["id"].get<std::string>();
  EXPECT_EQ(post(path + "/stop", Json::object()).body["state"], "running");
  restart();
  EXPECT_EQ(report(trial, "heartbeat").body["order"], "stop");
  const Reply released = report(trial, "release", {{"checkpoint", "here"}});
  EXPECT_EQ(released.body["state"], "failed");
  EXPECT_EQ(released.body["reason"], "stopped by request");
  EXPECT_NE(lease(experiment)["id"], trial["id"]);
  EXPECT_EQ(get(experiment).body["progress"]["observation_count"], 0) << "nothing is learned of it";
  EXPECT_EQ(post(path + "/stop", Json::object()).status, 409) << "it has ended";
  EXPECT_EQ(post("/v1/trials/999/stop", Json::object()).status, 404);
}

TEST_F(DashboardTest, StopsATrialWhoseWorkerIsLostAndOneThatNobodyBegan) {
  const std::string experiment = create();
  const Json trial = lease(experiment);
  post("/v1/trials/" + trial["id"].get<std::string>() + "/stop", Json::object());
  clock_.advance(61);
  server_->tend();
  EXPECT_EQ(get("/v1/trials/" + trial["id"].get<std::string>()).body["state"], "failed");
  const Reply queued = post(experiment + "/queued_suggestions",
                            {{"assignments", {{"x", .5}, {"n", 1}}}, {"task", "full"}});
  const std::string path = "/v1/trials/" + queued.body["id"].get<std::string>();
  EXPECT_EQ(post(path + "/stop", Json::object()).body["state"], "failed");
}

TEST_F(DashboardTest, KeepsWhatATrialThatWasToStopHasObserved) {
  const std::string experiment = create();
  const Json trial = lease(experiment);
  post("/v1/trials/" + trial["id"].get<std::string>() + "/stop", Json::object());
  const Reply observed = report(trial, "observation", {{"value", .5}});
  EXPECT_EQ(observed.body["state"], "done");
  EXPECT_EQ(observed.body["reason"], "");
}

TEST_F(DashboardTest, ListsTrials) {
  const std::string experiment = create();
  const Json first = lease(experiment);
  report(first, "failure", {{"reason", "no"}});
  const Json second = lease(experiment);
  EXPECT_EQ(get(experiment + "/trials").body["count"], 2);
  EXPECT_EQ(get(experiment + "/trials?state=open").body["data"][0]["id"], second["id"]);
  EXPECT_EQ(get(experiment + "/trials?state=ended").body["data"][0]["reason"], "no");
  const std::string ids = first["id"].get<std::string>() + ",77";
  EXPECT_EQ(get(experiment + "/trials?id=" + ids).body["data"].size(), 1u);
  EXPECT_EQ(get(experiment + "/trials?state=lost").status, 400);
}

TEST_F(DashboardTest, ShowsWhatATrialsAugmentationMakesOfPhotographs) {
  options_.draw_samples = [](const experiment::Experiment& experiment,
                             const experiment::Trial& trial) -> AugmentedSamples {
    return {.transforms = fmt::format("{}: {}", experiment.name, trial.id),
            .photographs = 8,
            .variants = 4,
            .width = 96,
            .height = 60,
            .jpeg = "\xff\xd8"};
  };
  restart();
  const std::string experiment = create(), other = create();
  const std::string trial = lease(experiment)["id"];
  const std::string path = experiment + "/trials/" + trial + "/augmented_samples";
  const Reply shown = get(path);
  EXPECT_EQ(shown.body, Json({{"object", "augmented_samples"},
                              {"lacking", ""},
                              {"transforms", "test: " + trial},
                              {"photographs", 8},
                              {"variants", 4},
                              {"width", 96},
                              {"height", 60},
                              {"jpeg", "/9g="}}));
  EXPECT_EQ(get(path + "?size=9").status, 400);
  EXPECT_EQ(get(other + "/trials/" + trial + "/augmented_samples").status, 404);
  EXPECT_EQ(get(experiment + "/trials/77/augmented_samples").status, 404);
  EXPECT_EQ(client("")->Get(path)->status, 401);
  const std::string guest = post(experiment + "/tokens", Json::object()).body["token"];
  EXPECT_EQ(client(guest)->Get(path)->status, 200);
  const std::string stranger = post(other + "/tokens", Json::object()).body["token"];
  EXPECT_EQ(client(stranger)->Get(path)->status, 404);
}

TEST_F(DashboardTest, SaysThatItKnowsNoPhotographs) {
  const std::string experiment = create();
  const std::string trial = lease(experiment)["id"];
  const Reply shown = get(experiment + "/trials/" + trial + "/augmented_samples");
  EXPECT_EQ(shown.status, 200);
  EXPECT_THAT(shown.body["lacking"].get<std::string>(), HasSubstr("frugal tune"));
  EXPECT_FALSE(shown.body.contains("jpeg"));
}

TEST_F(DashboardTest, LearnsAnewWhenAnObservationWasChanged) {
  const std::string experiment = create();
  for (int i = 0; i < 8; ++i)
    post(experiment + "/observations",
         {{"assignments", {{"x", .1 * i}, {"n", 1 + i}}}, {"task", "full"}, {"value", i}});
  http_->set_read_timeout(300);
  const Json before = get(experiment + "/insight").body;
  ASSERT_EQ(before["lacking"], "");
  EXPECT_EQ(before["best"]["n"], 8);
  EXPECT_EQ(get(experiment + "/insight").body, before);
  put(experiment + "/observations/1", {{"value", 99}});
  EXPECT_EQ(get(experiment + "/insight").body["best"]["n"], 1) << "as many as before, but others";
}

}  // namespace
}  // namespace frugal::serve
