// SPDX-License-Identifier: MIT
#include "app/shell_completion.hpp"

#include "app/command_tree.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <functional>

namespace peerage {

namespace {

/// Calls `visit` with each command and its words: "peerage config show".
void visit_commands(
  const CLI::App& from, const std::string& words,
  const std::function<void(const CLI::App&, const std::string&)>& visit) {
  visit(from, words);
  for (const auto* inside : shown_commands(from))
    visit_commands(*inside, words + " " + inside->get_name(), visit);
}

std::string joined(const std::vector<std::string>& words) {
  std::string result;
  for (const auto& x : words)
    result.append(result.empty() ? "" : " ").append(x);
  return result;
}

/// What may follow a command: inner commands, and options.
std::string bash_words(const CLI::App& x) {
  std::vector<std::string> result;
  for (const auto* inside : shown_commands(x))
    result.push_back(inside->get_name());
  for (const auto& option : shown_options(x))
    result.insert(result.end(), option.names.begin(), option.names.end());
  return joined(result);
}

/// `'` ends a text in single quotes, `:` and `[` mean something to _arguments.
std::string in_zsh(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'')
      result += "'\\'";
    else if (c == ':' || c == '[' || c == ']' || c == '\\')
      result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

std::string zsh_option(const shown_option& x) {
  std::string result;
  for (const auto& name : x.names) {
    result.append("    '").append(name).append("[").append(in_zsh(x.text)).append("]");
    if (!x.value.empty())
      result.append(":")
        .append(in_zsh(x.value))
        .append(is_path(x.value) ? ":_files" : ":");
    result.append("'\n");
  }
  return result;
}

std::string function_of(std::string words) {
  std::ranges::replace(words, ' ', '_');
  return "_" + words;
}

std::string zsh_function(const CLI::App& x, const std::string& words) {
  const auto inner = shown_commands(x);
  std::string result = function_of(words) + "() {\n  local -a options=(\n";
  for (const auto& option : shown_options(x))
    result += zsh_option(option);
  result += "  )\n";
  if (inner.empty()) {
    const auto arguments = shown_arguments(x);
    const bool files = std::ranges::any_of(
      arguments, [](const shown_option& argument) { return is_path(argument.value); });
    return result + "  _arguments -s : $options" + (files ? " '*:file:_files'" : "") +
           "\n}\n";
  }
  result += "  local -a commands=(\n";
  for (const auto* inside : inner)
    result.append("    '")
      .append(inside->get_name())
      .append(":")
      .append(in_zsh(inside->get_description()))
      .append("'\n");
  result += "  )\n  local line state\n"
            "  _arguments -C : $options '1: :->command' '*:: :->rest'\n"
            "  case $state in\n"
            "  command) _describe command commands ;;\n"
            "  rest)\n    case $line[1] in\n";
  for (const auto* inside : inner)
    result.append("    ")
      .append(inside->get_name())
      .append(") ")
      .append(function_of(words + " " + inside->get_name()))
      .append(" ;;\n");
  return result + "    esac\n    ;;\n  esac\n}\n";
}

} // namespace

std::string bash_completion(const CLI::App& program) {
  std::string words, paths;
  visit_commands(program, program.get_name(),
                 [&](const CLI::App& x, const std::string& at) {
                   words.append("  '")
                     .append(at)
                     .append("') words='")
                     .append(bash_words(x))
                     .append("' ;;\n");
                   for (const auto& option : shown_options(x))
                     if (is_path(option.value))
                       for (const auto& name : option.names)
                         if (paths.find(name + "|") == paths.npos)
                           paths.append(name).append("|");
                 });
  if (!paths.empty())
    paths.pop_back();
  return "# bash completion for peerage\n"
         "_peerage() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - "
         "1]}\n"
         "  local command=peerage word words\n"
         "  case $before in\n"
         "  " +
         paths +
         ")\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
         "    return ;;\n"
         "  esac\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$command $word\" in\n" +
         [&] {
           std::string known;
           visit_commands(
             program, program.get_name(), [&](const CLI::App& x, const std::string& at) {
               if (x.get_parent())
                 known.append(known.empty() ? "    '" : " | '").append(at).append("'");
             });
           return known;
         }() +
         ") command+=\" $word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case $command in\n" +
         words +
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "  if [[ ${#COMPREPLY[@]} -eq 0 ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _peerage peerage\n";
}

std::string zsh_completion(const CLI::App& program) {
  std::string result = "#compdef peerage\n";
  visit_commands(
    program, program.get_name(),
    [&](const CLI::App& x, const std::string& at) { result += zsh_function(x, at); });
  return result + "_peerage \"$@\"\n";
}

} // namespace peerage
