// What the pages that are written share: a template filled in, hashes for their content security
// policy, sentences.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace frugal::report {

// Name -> HTML; what is user's text has been escaped.
using Values = std::map<std::string, std::string>;

// The part of Mustache that the pages need: {{name}} is replaced, {{#name}} ... {{/name}} is kept
// when name is not empty. Values are not looked into.
std::string fill_page(std::string_view page, const Values& values);

// What a content security policy names a script or style by: base64 of SHA-256.
std::string policy_hash(std::string_view content);

// A sentence as HTML, its numbers held together with what belongs to them.
std::string sentence_html(const std::string& sentence);

}  // namespace frugal::report
