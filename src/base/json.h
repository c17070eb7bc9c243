// JSON and YAML text, read strictly: duplicate keys, NaN, infinities, numbers that overflow
// and trailing text are errors that name the place; so are unknown keys, with the nearest
// known one. Every (de)serialization in Frugal goes through Json.
#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace frugal {

using Json = nlohmann::json;

// where: what the text is, for messages ("recipe.json", "request body").
Json parse_json(std::string_view text, std::string_view where);

// A YAML document as JSON: maps, sequences, and scalars by YAML's core schema (quoted
// scalars stay strings). Errors carry the line: "recipe.yml:7: ...".
Json parse_yaml(std::string_view text, std::string_view where);

// A .json file by parse_json, anything else by parse_yaml (which JSON is nearly a part of).
Json read_config(const std::string& path);

// Throws InputError for a key of object that is not in known:
// recipe.yml: unknown key "learning_rat"; did you mean "learning_rate"?
void require_known_keys(const Json& object, const std::vector<std::string>& known,
                        std::string_view where);

// The line (1-based) in a YAML text on which a mapping key stands, 0 when it does not.
int line_of_key(std::string_view text, std::string_view key);

// The nearest of known by edit distance, "" when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace frugal
