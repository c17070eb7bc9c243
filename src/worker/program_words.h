// Command lines as templates. Each word is one: "{lr}" stands for the value of lr, also inside of a
// word ("--lr={lr}"). No shell ever sees a word, so no value needs quoting.
//
// Braces that hold anything but a name are left as they are ('{print $1}', '{"a": 1}'); "{{lr}}"
// stands for the text "{lr}".
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "optimizer/space.h"

namespace frugal::worker {

// Name -> text; nullopt: a parameter that is not active in this trial.
using Substitutes = std::map<std::string, std::optional<std::string>>;

// A word with a parameter that is not active is left out; so is an option ("--momentum") right
// before a word that is nothing but such a parameter.
// Throws InputError for a name that is not among the substitutes, with the nearest that is.
std::vector<std::string> fill_in(const std::vector<std::string>& words,
                                 const Substitutes& substitutes);

// The names that the words use. Throws InputError like fill_in.
std::set<std::string> names_in(const std::vector<std::string>& words,
                               const std::set<std::string>& known);

// A value as a program reads it: "0.001", "3", "adam"; numbers to the last bit.
std::string text_of(const optimizer::Value& value);

// FRUGAL_PARAM_ and the name in capitals, anything but letters and digits as "_".
std::string environment_name(const std::string& parameter);

// As one would type the words in a shell.
std::string shell_text(const std::vector<std::string>& words);

}  // namespace frugal::worker
