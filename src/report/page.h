// The files report.html, study.html, report.css, report.js and explain.html, embedded by the build.
#pragma once

#include <string_view>

namespace frugal::report {

extern const std::string_view kPageHtml;
extern const std::string_view kStudyHtml;
extern const std::string_view kPageCss;  // on top of the front end's
extern const std::string_view kPageJs;
extern const std::string_view kExplainHtml;

}  // namespace frugal::report
