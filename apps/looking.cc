// SPDX-License-Identifier: MIT
// Words, tables and lines of JSON.
#include "looking.h"

#include <hocket/base/errors.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <system_error>

using hocket::http::Json;
using namespace hocket::inspect;

std::optional<int> number_of_process(const std::string& text) {
    int pid = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
    const bool is_number = error == std::errc() && end == text.data() + text.size() && pid > 0;
    return is_number ? std::optional(pid) : std::nullopt;
}

std::string printable(std::string_view text) {
    std::string result;
    unsigned char before = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
        const auto ends_control = [](unsigned char c) { return c >= 0x80 && c < 0xA0; };  // U+0080 to U+009F in UTF-8
        const bool is_control = byte < 0x20 || byte == 0x7F || (byte == 0xC2 && ends_control(next)) ||
                                (before == 0xC2 && ends_control(byte));
        before = byte;
        if (!is_control) {
            result += text[i];
        } else {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\x%02x", static_cast<unsigned>(byte));
            result += escaped.data();
        }
    }
    return result;
}

std::string printable_lines(std::string_view text) {
    std::string result;
    for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
        result += printable(text.substr(0, end)) + '\n';
    return result + printable(text);
}

std::string id_of(RemoteAddress id) {
    std::array<char, 20> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(id));
    return text.data();
}

std::string heading(const LoopSnapshot& loop) {
    std::string text = "loop " + std::to_string(loop.number) + ", " + printable(loop.backend);
    text += loop.thread != 0 ? ", on thread " + std::to_string(loop.thread) : ", not running";
    text += ", " + std::to_string(loop.tasks.size()) + (loop.tasks.size() == 1 ? " task" : " tasks");
    if (loop.thread != 0 && !loop.stood) text += "; it is busy, or blocked";
    return text;
}

std::vector<std::string> table_lines(std::vector<std::vector<std::string>> rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i] = printable(row[i]);
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::vector<std::string> lines;
    lines.reserve(rows.size());
    for (const auto& row : rows) {
        std::string& line = lines.emplace_back();
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
        }
    }
    return lines;
}

Json task_json(const TaskSnapshot& task, const LoopSnapshot& loop, const Sources& sources) {
    Json awaited = Json::array();
    for (const RemoteAddress id : task.awaited) awaited.push_back(id_of(id));
    return {{"id", id_of(task.id)},
            {"name", task.name},
            {"state", name_of(task.state)},
            {"cancels", task.cancels},
            {"awaits", task.awaits},
            {"awaited_tasks", std::move(awaited)},
            {"frames", places_of(task, loop, sources)},
            {"created_at", sources.symbols.code_location(task.created_at)}};
}

std::string line_of(const Json& value) {
    constexpr bool as_ascii = true;  // all else is escaped: DEL and U+0080 to U+009F are no less for a terminal to obey
    return value.dump(-1, ' ', as_ascii, Json::error_handler_t::replace);
}

void print_json(const Json& value) { std::printf("%s\n", line_of(value).c_str()); }

void flush_output() {
    if (std::fflush(stdout) != 0) throw hocket::OSError(errno, "write to standard output");
    if (std::ferror(stdout) != 0) throw hocket::RuntimeError("write to standard output: some of it could not be");
}
