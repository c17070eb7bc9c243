#include "report/format.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <sstream>

#include "bundle/bundle.h"
#include "report/example_answer.h"
#include "report/html.h"
#include "report/numbers.h"

namespace frugal::report {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++n;
  return n;
}

const Table kTable = {.name = "t",
                      .caption = "c",
                      .columns = {{"Näme", "name", false}, {"Value", "value"}, {"", "exact"}},
                      .rows = {{{"a,\"b\"", "a,\"b\""}, {"1.0", "1"}, {"", "1.04"}},
                               {{"日本|*", "日本|*"}, {"–", ""}, {"", "x\ny"}}},
                      .emphasized = {0}};

TEST(Table, AsTextIsAligned) {
  EXPECT_THAT(lines(to_text(kTable)),
              ElementsAre("Näme   Value", "a,\"b\"    1.0", "日本|*       –"));
}

TEST(Table, AsTextCutsTheWidestTextToFit) {
  Table table = kTable;
  table.rows[0][0].text = std::string(200, 'w');
  for (const std::string& line : lines(to_text(table, 40))) EXPECT_LE(text_width(line), 40u);
  EXPECT_THAT(to_text(table, 40), HasSubstr("w…"));
}

TEST(Table, AsTextLetsNoControlCharacterThrough) {
  Table table = kTable;
  table.rows[0][0].text = "red\x1B[31m";
  EXPECT_THAT(to_text(table), Not(HasSubstr("\x1B")));
}

TEST(Table, AsMarkdownEscapesItsCells) {
  EXPECT_EQ(to_markdown(kTable),
            "| Näme | Value |\n|---|---:|\n| **a,\"b\"** | **1.0** |\n| 日本\\|\\* | – |\n");
}

TEST(Table, AsCsvQuotesAndKeepsEveryDigit) {
  EXPECT_EQ(to_csv(kTable), "name,value,exact\r\n\"a,\"\"b\"\"\",1,1.04\r\n日本|*,,\"x\ny\"\r\n");
}

TEST(Numbers, ReadWell) {
  EXPECT_EQ(percent_text(0.7431), "74.3");
  EXPECT_EQ(points_text(-0.0124), "−1.2");
  EXPECT_EQ(points_text(0.0001), "0.0");
  EXPECT_EQ(p_equation(0.0004), "p < 0.001");
  EXPECT_EQ(p_equation(0.031), "p = 0.031");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1234567), "1,234,567");
  EXPECT_EQ(date_text(0), "1 January 1970");
  EXPECT_EQ(plural(1, "trial"), "1 trial");
}

TEST(TextReport, FitsATerminalOfAHundredColumns) {
  for (const ExampleOptions& options :
       {ExampleOptions{}, {.trials = 3000, .test = 10, .seeds = 1}, {.all_failed = true}}) {
    const Answer answer = example_answer(options);
    for (const std::string& line : lines(text_report(answer, summarize(answer)))) {
      EXPECT_LE(text_width(line), 100u) << line;
      EXPECT_THAT(line, AllOf(Not(StartsWith("%")), Not(StartsWith("0.001"))));
    }
  }
}

TEST(TextReport, HasARowForEachArmTheGapAndTheAnswer) {
  const Answer answer = example_answer();
  const Summary summary = summarize(answer);
  const std::string text = text_report(answer, summary);
  for (const Row& row : summary.rows) EXPECT_THAT(text, HasSubstr("\n" + row.name));
  EXPECT_THAT(text, HasSubstr("fine-tune, tuned against fine-tune, untuned: better"));
  EXPECT_THAT(text, HasSubstr(percent_text(summary.rows[3].test->value)));
}

TEST(CsvReport, HasEveryTrialWithEveryDigit) {
  const Answer answer = example_answer();
  const std::string csv = csv_report(answer, summarize(answer));
  EXPECT_THAT(csv, HasSubstr("# trials\r\nid,strategy,task,state,value,"));
  const std::vector<std::string> trials = lines(to_csv(trials_table(answer)));
  EXPECT_EQ(trials.size(), answer.trials.size() + 1);
  const double rate = answer.trials[5].assignments["learning_rate"];
  EXPECT_THAT(trials[6], HasSubstr(fmt::format("{}", rate)));
}

TEST(MarkdownReport, HasEveryTableUnderAHeading) {
  const Answer answer = example_answer();
  const Summary summary = summarize(answer);
  const std::string markdown = markdown_report(answer, summary);
  for (const Table& table : tables(answer, summary)) {
    const bool is_there = markdown.find("## " + table.caption) != std::string::npos;
    EXPECT_EQ(is_there, !table.rows.empty()) << table.caption;
  }
  EXPECT_THAT(markdown, HasSubstr("\\<script\\>"));
}

TEST(RecipeTable, PutsAPolicyInWords) {
  Answer answer = example_answer();
  const std::string policy =
      R"({"version":1,"transforms":[{"transform":"random_crop","probability":1.0},)"
      R"({"transform":"brightness","probability":0.5,"factor":1.25}]})";
  answer.arms[*answer.winner].recipe["augment"] = policy;
  const Table table = recipe_table(answer);
  EXPECT_THAT(table.rows[0],
              ElementsAre(Cell{"augment", "augment"},
                          Cell{"random_crop, brightness (factor 1.25, probability 0.5)", policy},
                          testing::_));
}

struct Example {
  const char* name;
  ExampleOptions options;
  friend std::ostream& operator<<(std::ostream& out, const Example& e) { return out << e.name; }
};

// The page without the front end's program, which is checked where it is built.
std::string own_part(std::string html) {
  const std::size_t at = html.find(bundle::kJs);
  if (at != std::string::npos) html.erase(at, bundle::kJs.size());
  return html;
}

class HtmlReport : public testing::TestWithParam<Example> {};

TEST_P(HtmlReport, StandsAloneAndLetsNothingThrough) {
  const Answer answer = example_answer(GetParam().options);
  const std::string whole = html_report(answer, summarize(answer));
  EXPECT_LT(whole.size(), 4'000'000u);  // pictures need room too
  const std::string html = own_part(whole);
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  for (const char* outside : {"http:", "https:", "src=", "@import", "url(", "<link", "{{"})
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  EXPECT_EQ(count(html, "<script"), 3u);  // the class named <script> is escaped
  EXPECT_THAT(html, Not(testing::ContainsRegex("\\b(nan|inf)\\b")));
  for (const char* tag : {"section", "table", "figure", "svg", "dl", "div", "main", "h2"})
    EXPECT_EQ(count(html, std::string("<") + tag + ">") + count(html, std::string("<") + tag + " "),
              count(html, std::string("</") + tag + ">"))
        << tag;
  EXPECT_EQ(count(html, "<table"), count(html, "<caption>"));
}

INSTANTIATE_TEST_SUITE_P(Of, HtmlReport,
                         testing::Values(Example{"FortyTrials", {}},
                                         Example{"TwoThousandTrials",
                                                 {.trials = 2000, .classes = 196}},
                                         Example{"MoreTrialsThanItShows", {.trials = 2500}},
                                         Example{"TenTestPhotographs", {.trials = 5, .test = 10}},
                                         Example{"NothingYet", {.trials = 0, .finished = false}},
                                         Example{"ARunningSearch", {.finished = false}},
                                         Example{"FailuresAlone", {.all_failed = true}},
                                         Example{"OneClass", {.trials = 3, .classes = 1}}),
                         [](const auto& example) { return example.param.name; });

TEST(HtmlReportOf, AnUnfinishedExperimentLeavesOutWhatIsNotThere) {
  const Answer answer = example_answer({.finished = false});
  const std::string html = html_report(answer, summarize(answer));
  EXPECT_THAT(html, AllOf(HasSubstr("not finished"), HasSubstr("id=\"search\""),
                          Not(HasSubstr("id=\"results\">")), Not(HasSubstr("id=\"recipe\""))));
}

TEST(HtmlReportOf, AnEmptyAnswerIsAPageAllTheSame) {
  EXPECT_THAT(html_report({}, summarize({})), HasSubstr("no trial is done"));
}

std::string content(const std::string& html, const std::string& tag) {
  const std::size_t start = html.find(tag) + tag.size();
  return html.substr(start, html.find("</", start) - start);
}

std::string hash_of(const std::string& text) {
  unsigned char hash[SHA256_DIGEST_LENGTH], encoded[64];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  EVP_EncodeBlock(encoded, hash, SHA256_DIGEST_LENGTH);
  return reinterpret_cast<const char*>(encoded);
}

// The page's content security policy lets these scripts and this style through and no other;
// OpenSSL is the judge.
TEST(HtmlReportOf, AnyAnswerNamesItsScriptsByTheirHashes) {
  const std::string html = html_report({}, summarize({}));
  const std::string front_end(bundle::kJs);
  EXPECT_THAT(html, HasSubstr("<script type=\"module\">" + front_end + "</script>"));
  EXPECT_THAT(front_end, AllOf(Not(HasSubstr("</script")), Not(HasSubstr("<!--"))));
  EXPECT_THAT(html, HasSubstr(fmt::format("script-src 'sha256-{}' 'sha256-{}'",
                                          hash_of(content(html, "<script>")), hash_of(front_end))));
  EXPECT_THAT(html,
              HasSubstr(fmt::format("style-src 'sha256-{}'", hash_of(content(html, "<style>")))));
}

TEST(HtmlReportOf, AnAnswerBringsItsTrialsAlongAsJson) {
  const Answer answer = example_answer();
  const std::string html = html_report(answer, summarize(answer));
  const Json data =
      parse_json(content(html, "<script type=\"application/json\" id=\"frugal-report\">"), "data");
  std::size_t trials = 0;
  for (const Json& search : data.at("searches")) {
    trials += search.at("trials").size();
    for (const Json& trial : search.at("trials")) {
      const Trial& own = answer.trials.at(trial.at("id").get<std::size_t>());
      EXPECT_EQ(trial.at("state"), own.state);
      EXPECT_EQ(trial.contains("value"), own.value.has_value());
      if (own.value) {
        EXPECT_NEAR(trial.at("value").get<double>(), 100 * *own.value, 1e-2);
      }
    }
  }
  EXPECT_EQ(trials, answer.trials.size());
  std::size_t judged = 0;
  for (const Json& cell : data.at("confusions").at("cells")) judged += cell[2].get<std::size_t>();
  EXPECT_EQ(judged, answer.test_labels.size() * answer.arms[*answer.winner].seeds.size());
  EXPECT_EQ(data.at("confusions").at("classes")[0], answer.classes[0]);
}

TEST(HtmlReportOf, PicturesAndFindingsStandInThePage) {
  const Answer answer = example_answer();
  const Illustrations illustrations{
      .mistakes = {{"Maker 1 taken for Maker 2", {{"a <car>", "taken", "bm90IGEganBlZw==", 8, 6}}}},
      .augmented = Picture{"a sheet", "crop, flip", "c2hlZXQ=", 80, 60},
      .findings = {{.question = "layers", .title = "Which layers?", .answer = "The last ones."}}};
  const std::string html = html_report(answer, summarize(answer), illustrations);
  EXPECT_THAT(html, AllOf(HasSubstr("src=\"data:image/jpeg;base64,bm90IGEganBlZw==\""),
                          HasSubstr("alt=\"a &lt;car&gt;\""), HasSubstr("base64,c2hlZXQ="),
                          HasSubstr("The last ones.")));
}

}  // namespace
}  // namespace frugal::report
