// SPDX-License-Identifier: MIT
// What `hocket ps`, `pstree`, `where` and `top` have in common: words for what is seen of a process.
#pragma once

#include <hocket/http/json.h>
#include <hocket/inspect/remote.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Nothing: the text is no number that a process may have.
std::optional<int> number_of_process(const std::string& text);
/// Names may be made of what others sent, and a program's functions and files may have any names: nothing of them is for the terminal to obey.
std::string printable(std::string_view text);
/// The same of a text that may have several lines.
std::string printable_lines(std::string_view text);
/// `0x55d0c0de`
std::string id_of(hocket::inspect::RemoteAddress id);
/// `loop 1, epoll, on thread 4711, 3 tasks`
std::string heading(const hocket::inspect::LoopSnapshot& loop);
/// Columns as wide as what stands in them, made printable; the first row is their names.
std::vector<std::string> table_lines(std::vector<std::vector<std::string>> rows);
/// What it is and does, with functions, files and lines.
hocket::http::Json task_json(const hocket::inspect::TaskSnapshot& task, const hocket::inspect::LoopSnapshot& loop,
                             const hocket::inspect::Sources& sources);
/// In one line of ASCII, which a terminal shows and does not obey; text that is no UTF-8 is mended.
std::string line_of(const hocket::http::Json& value);
/// The same on standard output.
void print_json(const hocket::http::Json& value);
/// What was printed so far is where it should go, or an exception says why it is not.
void flush_output();
