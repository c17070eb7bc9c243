// What `frugal explain` found, as plain values: one finding a question, each with its answer in a
// sentence or why there is none, tables, plots and pictures. Every form (text, Markdown, CSV, JSON,
// HTML) is a pure function of it.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "report/table.h"

namespace frugal::report {

struct Picture {
  std::string alt;      // for who cannot see it
  std::string caption;  // below it
  std::string jpeg;     // the file's bytes, in base64
  std::size_t width = 0, height = 0;
  bool operator==(const Picture&) const = default;
};

struct PictureRow {
  std::string heading;
  std::vector<Picture> pictures;
  bool operator==(const PictureRow&) const = default;
};

struct Drawing {
  std::string svg;  // svg_plot.h
  std::string caption;
  bool operator==(const Drawing&) const = default;
};

struct Finding {
  std::string question;  // "robustness"
  std::string title;     // "What does it rely on?"
  std::string answer;    // in a sentence or two; "": there is none, and why_not says why
  std::string why_not;
  std::vector<std::string> notes;  // how it was measured, and what to mind
  std::vector<Table> tables;
  std::vector<Drawing> drawings;
  std::vector<PictureRow> pictures;
  double seconds = 0;  // what the answer cost
  bool operator==(const Finding&) const = default;
};

struct Explanation {
  std::string title;  // the run
  std::string network;
  std::string photographs;  // that it is judged by, in words
  std::string command_line;
  std::vector<Finding> findings;
};

// Everything, to be kept. The inverse throws InputError; where: the file.
Json to_json(const Finding& finding);
Finding finding_from_json(const Json& json, std::string_view where);

// For programs: of each question its answer, why not, notes, seconds, and its tables as lists of
// rows by key. No plots and no pictures.
Json result_json(const Explanation& explanation);

// The answers alone.
std::string text_explanation(const Explanation& explanation);
std::string markdown_explanation(const Explanation& explanation);
std::string csv_explanation(const Explanation& explanation);  // as csv_report
// One file that needs nothing else, in the look of the report.
std::string html_explanation(const Explanation& explanation);

}  // namespace frugal::report
