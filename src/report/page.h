// The files report.html, study.html, report.css and report.js, embedded by the build.
#pragma once

#include <string_view>

namespace frugal::report {

extern const std::string_view kPageHtml;
extern const std::string_view kStudyHtml;
extern const std::string_view kPageCss;
extern const std::string_view kPageJs;

}  // namespace frugal::report
