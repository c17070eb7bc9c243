#include "report/explanation.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::report {
namespace {

Json write(const Table& table) {
  Json columns = Json::array(), rows = Json::array();
  for (const Column& column : table.columns)
    columns.push_back({column.title, column.key, column.numeric});
  for (const auto& row : table.rows) {
    Json cells = Json::array();
    for (const Cell& cell : row) cells.push_back({cell.text, cell.data});
    rows.push_back(cells);
  }
  return {{"name", table.name},
          {"caption", table.caption},
          {"columns", columns},
          {"rows", rows},
          {"emphasized", table.emphasized}};
}

Table read_table(const Json& json) {
  Table table{.name = json.at("name"),
              .caption = json.at("caption"),
              .columns = {},
              .rows = {},
              .emphasized = json.at("emphasized")};
  for (const Json& column : json.at("columns"))
    table.columns.push_back({column.at(0), column.at(1), column.at(2)});
  for (const Json& row : json.at("rows")) {
    table.rows.emplace_back();
    for (const Json& cell : row) table.rows.back().push_back({cell.at(0), cell.at(1)});
    if (table.rows.back().size() != table.columns.size())
      throw InputError(fmt::format("the table {} has a row of another length", table.name));
  }
  return table;
}

Json write(const PictureRow& row) {
  Json pictures = Json::array();
  for (const Picture& picture : row.pictures)
    pictures.push_back({{"alt", picture.alt},
                        {"caption", picture.caption},
                        {"jpeg", picture.jpeg},
                        {"width", picture.width},
                        {"height", picture.height}});
  return {{"heading", row.heading}, {"pictures", pictures}};
}

PictureRow read_pictures(const Json& json) {
  PictureRow row{json.at("heading"), {}};
  for (const Json& picture : json.at("pictures"))
    row.pictures.push_back({picture.at("alt"), picture.at("caption"), picture.at("jpeg"),
                            picture.at("width"), picture.at("height")});
  return row;
}

// What a program reads of a cell: a number where it is one.
Json value_of(const Cell& cell, bool numeric) {
  if (cell.data.empty()) return nullptr;
  double number = 0;
  const char* end = cell.data.data() + cell.data.size();
  if (numeric && std::from_chars(cell.data.data(), end, number).ptr == end) return number;
  return cell.data;
}

Json rows_of(const Table& table) {
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    Json object = Json::object();
    for (std::size_t c = 0; c < row.size(); ++c)
      if (!table.columns[c].key.empty())
        object[table.columns[c].key] = value_of(row[c], table.columns[c].numeric);
    rows.push_back(object);
  }
  return rows;
}

std::string one_form(const Finding& finding) {
  return finding.answer.empty() ? fmt::format("Not answered: {}", finding.why_not) : finding.answer;
}

}  // namespace

Json to_json(const Finding& finding) {
  Json tables = Json::array(), drawings = Json::array(), pictures = Json::array();
  for (const Table& table : finding.tables) tables.push_back(write(table));
  for (const Drawing& drawing : finding.drawings)
    drawings.push_back({{"svg", drawing.svg}, {"caption", drawing.caption}});
  for (const PictureRow& row : finding.pictures) pictures.push_back(write(row));
  return {{"question", finding.question}, {"title", finding.title}, {"answer", finding.answer},
          {"why_not", finding.why_not},   {"notes", finding.notes}, {"tables", tables},
          {"drawings", drawings},         {"pictures", pictures},   {"seconds", finding.seconds}};
}

Finding finding_from_json(const Json& json, std::string_view where) {
  try {
    Finding finding{.question = json.at("question"),
                    .title = json.at("title"),
                    .answer = json.at("answer"),
                    .why_not = json.at("why_not"),
                    .notes = json.at("notes"),
                    .tables = {},
                    .drawings = {},
                    .pictures = {},
                    .seconds = json.at("seconds")};
    for (const Json& table : json.at("tables")) finding.tables.push_back(read_table(table));
    for (const Json& drawing : json.at("drawings"))
      finding.drawings.push_back({drawing.at("svg"), drawing.at("caption")});
    for (const Json& row : json.at("pictures")) finding.pictures.push_back(read_pictures(row));
    return finding;
  } catch (const Json::exception& error) {
    throw InputError(fmt::format("{}: not an answer of frugal explain: {}", where, error.what()));
  }
}

Json result_json(const Explanation& explanation) {
  Json questions = Json::object();
  for (const Finding& finding : explanation.findings) {
    Json tables = Json::object();
    for (const Table& table : finding.tables) tables[table.name] = rows_of(table);
    Json entry = {{"title", finding.title},
                  {"answered", finding.why_not.empty()},
                  {"notes", finding.notes},
                  {"tables", tables},
                  {"seconds", finding.seconds}};
    entry[finding.why_not.empty() ? "answer" : "why_not"] =
        finding.why_not.empty() ? finding.answer : finding.why_not;
    questions[finding.question] = entry;
  }
  return {{"version", 1},
          {"run", explanation.title},
          {"network", explanation.network},
          {"photographs", explanation.photographs},
          {"command_line", explanation.command_line},
          {"questions", questions}};
}

std::string text_explanation(const Explanation& explanation) {
  std::string text;
  for (const Finding& finding : explanation.findings)
    text += fmt::format("{}{}\n  {}\n", text.empty() ? "" : "\n", printable(finding.title),
                        printable(one_form(finding)));
  return text;
}

std::string markdown_explanation(const Explanation& explanation) {
  std::string text =
      fmt::format("# {}\n\n{}, {}.\n", escape_markdown(explanation.title),
                  escape_markdown(explanation.network), escape_markdown(explanation.photographs));
  for (const Finding& finding : explanation.findings) {
    text += fmt::format("\n## {}\n\n{}\n", escape_markdown(finding.title),
                        escape_markdown(one_form(finding)));
    for (const Table& table : finding.tables)
      text += fmt::format("\n{}\n\n{}", escape_markdown(table.caption), to_markdown(table));
    for (const std::string& note : finding.notes)
      text += fmt::format("\n{}\n", escape_markdown(note));
  }
  return text;
}

std::string csv_explanation(const Explanation& explanation) {
  std::string text;
  for (const Finding& finding : explanation.findings)
    for (const Table& table : finding.tables)
      text += fmt::format("{}# {}\r\n{}", text.empty() ? "" : "\r\n", table.name, to_csv(table));
  return text;
}

}  // namespace frugal::report
