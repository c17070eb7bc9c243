// The files report.html, study.html, report.css, report.js, explain.html and explain.css, embedded
// by the build.
#pragma once

#include <string_view>

namespace frugal::report {

extern const std::string_view kPageHtml;
extern const std::string_view kStudyHtml;
extern const std::string_view kPageCss;
extern const std::string_view kPageJs;
extern const std::string_view kExplainHtml;
extern const std::string_view kExplainCss;  // on top of kPageCss

}  // namespace frugal::report
