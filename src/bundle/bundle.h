// The front end, web/'s built form, compiled in: the coordinator serves it, a report is one file
// with it inside. Script and style stand in HTML as they are: neither ends its own element.
#pragma once

#include <string_view>

namespace frugal::bundle {

extern const std::string_view kHtml;  // the dashboard's page, which names the other three
extern const std::string_view kCss;
extern const std::string_view kJs;  // a module that imports nothing
extern const std::string_view kSvg;

}  // namespace frugal::bundle
