// SPDX-License-Identifier: MIT
#include "app/manual_page.hpp"

#include "app/command_tree.hpp"
#include "messages/version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <sstream>

namespace peerage {

namespace {

/// Text for troff, which takes a point or an apostrophe at the beginning of a line for a
/// request, and a hyphen for something to break lines at.
std::string in_roff(const std::string& text) {
  std::string result;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\''))
      result += "\\&";
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
    begins = c == '\n';
  }
  return result;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  return text;
}

void write_options(std::ostream& out, const std::vector<shown_option>& options) {
  std::string group;
  for (const auto& x : options) {
    if (x.group != group && x.group != "Options") {
      group = x.group;
      out << ".P\n.I " << in_roff(group) << "\n";
    }
    out << ".TP\n";
    std::string names;
    for (const auto& name : x.names)
      names.append(names.empty() ? "" : ", ").append(name);
    out << ".B " << in_roff(names);
    if (!x.value.empty())
      out << " \\fI" << in_roff(x.value) << "\\fR";
    out << "\n" << in_roff(x.text) << "\n";
  }
}

/// What stands below the options in the help: paragraphs, and lines that keep their form.
void write_footer(std::ostream& out, const std::string& footer) {
  if (!footer.empty())
    out << ".P\n.nf\n" << in_roff(footer) << "\n.fi\n";
}

void write_command(std::ostream& out, const CLI::App& x, const std::string& words) {
  out << ".SS " << in_roff(words);
  for (const auto& argument : shown_arguments(x))
    out << " " << in_roff(argument.value);
  out << "\n" << in_roff(x.get_description()) << ".\n";
  for (const auto& argument : shown_arguments(x))
    out << ".TP\n.I " << in_roff(argument.value) << "\n"
        << in_roff(argument.text) << "\n";
  write_options(out, shown_options(x));
  write_footer(out, x.get_footer());
  for (const auto* inside : shown_commands(x))
    write_command(out, *inside, words + " " + inside->get_name());
}

} // namespace

std::string manual_page(const CLI::App& program) {
  std::ostringstream out;
  const auto& name = program.get_name();
  out << ".TH " << upper(name) << " 1 \"\" \"" << name << " " << program_version()
      << "\"\n.SH NAME\n"
      << name << " \\- " << in_roff(program.get_description()) << "\n.SH SYNOPSIS\n.B "
      << name << "\n.I COMMAND\n[\\fIOPTIONS\\fR]\n.SH OPTIONS\n";
  write_options(out, shown_options(program));
  out << ".SH COMMANDS\n";
  for (const auto* inside : shown_commands(program))
    write_command(out, *inside, name + " " + inside->get_name());
  out
    << ".SH ENVIRONMENT\n"
       "Every option of \\fBpeerage run\\fR may be given as a variable: "
       "\\fBPEERAGE_MAX_INBOUND=30\\fR; lists by commas. The command line wins over the "
       "environment, which wins over the file of \\fB\\-\\-config\\fR.\n"
       ".SH EXIT STATUS\n"
       "0: done. 1: the node ended by itself, or something failed. 2: a mistake in the "
       "call, or the node cannot start. 3: no node answers. 4: the node refused the "
       "cookie.\n";
  return out.str();
}

} // namespace peerage
