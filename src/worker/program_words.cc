#include "worker/program_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "base/json.h"

namespace frugal::worker {
namespace {

bool is_letter_or_digit(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

// What "{...}" must look like for us to think that a name is meant.
bool looks_like_a_name(std::string_view text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

[[noreturn]] void refuse_name(std::string_view name, const std::set<std::string>& known) {
  const std::vector<std::string> names(known.begin(), known.end());
  const std::string near = nearest(name, names);
  throw InputError(fmt::format(
      "the command uses {{{}}}, which is neither a parameter nor one of the trial's words; {} "
      "Write {{{{{}}}}} for the text {{{}}} itself",
      name,
      near.empty() ? fmt::format("there are {}.", fmt::join(names, ", "))
                   : fmt::format("did you mean {{{}}}?", near),
      name, name));
}

struct Piece {
  bool is_name = false;
  std::string text;
};

// "--lr={lr}" -> "--lr=", name lr.
std::vector<Piece> split(std::string_view word, const std::set<std::string>& known) {
  std::vector<Piece> pieces;
  const auto add_text = [&](std::string_view text) {
    if (pieces.empty() || pieces.back().is_name) pieces.emplace_back();
    pieces.back().text += text;
  };
  while (!word.empty()) {
    const std::size_t open = word.find('{');
    if (open > 0) add_text(word.substr(0, open));
    if (open == std::string_view::npos) break;
    word.remove_prefix(open + 1);
    const bool doubled = word.starts_with('{');
    const std::string_view inside = word.substr(doubled ? 1 : 0);
    const std::string_view name = inside.substr(0, inside.find('}'));
    const std::string_view behind = inside.substr(name.size());
    if (doubled && behind.starts_with("}}") && looks_like_a_name(name)) {
      add_text(fmt::format("{{{}}}", name));
      word = behind.substr(2);
    } else if (!doubled && behind.starts_with('}') && known.contains(std::string(name))) {
      pieces.push_back({true, std::string(name)});
      word = behind.substr(1);
    } else if (!doubled && behind.starts_with('}') && looks_like_a_name(name)) {
      refuse_name(name, known);
    } else {
      add_text("{");
    }
  }
  return pieces;
}

bool is_plain(char c) {
  return is_letter_or_digit(c) || std::string_view("-_./=:,+@%{}").find(c) != std::string::npos;
}

}  // namespace

std::vector<std::string> fill_in(const std::vector<std::string>& words,
                                 const Substitutes& substitutes) {
  std::set<std::string> known;
  for (const auto& [name, text] : substitutes) known.insert(name);
  std::vector<std::string> filled;
  bool after_option = false;  // the last word of filled is one as it was typed, such as "--lr"
  for (const std::string& word : words) {
    const auto pieces = split(word, known);
    const bool inactive = std::any_of(pieces.begin(), pieces.end(), [&](const Piece& piece) {
      return piece.is_name && !substitutes.at(piece.text);
    });
    if (inactive) {
      if (after_option && pieces.size() == 1) filled.pop_back();
      after_option = false;
      continue;
    }
    std::string text;
    bool has_names = false;
    for (const Piece& piece : pieces) {
      text += piece.is_name ? *substitutes.at(piece.text) : piece.text;
      has_names |= piece.is_name;
    }
    filled.push_back(text);
    after_option = !has_names && text.starts_with('-');
  }
  return filled;
}

std::set<std::string> names_in(const std::vector<std::string>& words,
                               const std::set<std::string>& known) {
  std::set<std::string> names;
  for (const std::string& word : words)
    for (const Piece& piece : split(word, known))
      if (piece.is_name) names.insert(piece.text);
  return names;
}

std::string text_of(const optimizer::Value& value) {
  return std::visit([](const auto& held) { return fmt::format("{}", held); }, value);
}

std::string environment_name(const std::string& parameter) {
  std::string name = "FRUGAL_PARAM_";
  for (const char c : parameter)
    name += is_letter_or_digit(c) ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
                                  : '_';
  return name;
}

std::string shell_text(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? "'\\''" : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace frugal::worker
