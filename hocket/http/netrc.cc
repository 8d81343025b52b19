// SPDX-License-Identifier: MIT
// Words of a .netrc, and whether the file may be trusted.
#include <hocket/http/netrc_internal.h>

#include <hocket/base/errors.h>
#include <hocket/http/text.h>
#include <hocket/os/file_system.h>

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace hocket::http {

namespace {

constexpr std::uint64_t largest_file = 1 << 20;

class NetrcParser {
public:
    explicit NetrcParser(std::string_view text) noexcept : rest_(text) {}

    std::vector<NetrcEntry> parse() {
        std::vector<NetrcEntry> entries;
        for (;;) {
            const std::string word = next();
            if (word.empty() && rest_.empty()) return entries;
            if (skips(word)) continue;
            const bool is_in_entry = !entries.empty() && !is_in_macro_;
            if (word == "machine") {
                entries.push_back({.machine = value()});
            } else if (word == "default") {
                entries.emplace_back();
            } else if (is_in_entry && (word == "login" || word == "user")) {
                entries.back().login = value();
            } else if (is_in_entry && word == "password") {
                entries.back().password = value();
            } else if (is_in_entry && word == "account") {
                value();
            } else {
                refuse("no keyword");
            }
            is_in_macro_ = false;
        }
    }

private:
    [[noreturn]] void refuse(const char* why) const { throw ValueError("line " + std::to_string(line_) + ": " + why); }
    char take() noexcept {
        const char c = rest_[0];
        rest_.remove_prefix(1);
        if (c == '\n') ++line_;
        return c;
    }
    void skip_line() noexcept {
        while (!rest_.empty() && take() != '\n') {
        }
    }
    static bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

    // Comments, and macros, which end with an empty line.
    bool skips(const std::string& word) {
        if (word.starts_with('#')) {
            if (!was_last_of_line_) skip_line();
            return true;
        }
        if (word != "macdef") return false;
        value();
        if (!was_last_of_line_) skip_line();
        while (!rest_.empty() && rest_[0] != '\n' && !rest_.starts_with("\r\n")) skip_line();
        is_in_macro_ = true;  // it ends the entry before it
        return true;
    }

    // The next word, and the character behind it. A word in quotation marks may have spaces in it; `\` takes the next character as it is.
    std::string next() {
        while (!rest_.empty() && is_space(rest_[0])) take();
        std::string word;
        const bool is_quoted = rest_.starts_with('"');
        if (is_quoted) take();
        while (!rest_.empty()) {
            char c = take();
            was_last_of_line_ = c == '\n';
            if (is_quoted ? c == '"' : is_space(c)) return word;
            if (c == '\\' && !rest_.empty()) c = take();
            word += c;
        }
        was_last_of_line_ = true;
        return word;
    }
    std::string value() {
        if (rest_.find_first_not_of(" \t\r\n") == std::string_view::npos) refuse("it ends where a word is missing");
        return next();
    }

    std::string_view rest_;
    std::size_t line_ = 1;
    bool was_last_of_line_ = false;
    bool is_in_macro_ = false;
};

struct NetrcFile {
    std::string name;
    bool need_exist, is_default;
};

NetrcFile file_of(std::string named) {
    if (!named.empty()) return {std::move(named), true, false};
    if (const char* file = std::getenv("NETRC"); file && *file != '\0') return {file, false, false};
    const char* const home = std::getenv("HOME");
    return {home && *home != '\0' ? std::string(home) + "/.netrc" : std::string(), false, true};
}

}  // namespace

std::vector<NetrcEntry> parse_netrc(std::string_view text) { return NetrcParser(text).parse(); }

std::optional<BasicAuth> find_netrc(const std::vector<NetrcEntry>& entries, std::string_view host) {
    auto found = std::find_if(entries.begin(), entries.end(), [&](const NetrcEntry& entry) {
        return !entry.machine.empty() && equal_without_case(entry.machine, host);
    });
    if (found == entries.end()) {
        found =
            std::find_if(entries.begin(), entries.end(), [](const NetrcEntry& entry) { return entry.machine.empty(); });
    }
    if (found == entries.end() || found->password.empty()) return std::nullopt;
    return BasicAuth{found->login, found->password};
}

Coro<std::optional<BasicAuth>> read_netrc(std::string named, std::string host) {
    const NetrcFile file = file_of(std::move(named));
    if (file.name.empty()) co_return std::nullopt;
    std::string text;
    try {
        const fs::StatResult known = co_await fs::stat(file.name);
        if (!known.is_file() || known.size > largest_file) {
            throw ValueError("read " + file.name + ": no file of at most 1 MiB");
        }
        if (file.is_default && (known.uid != ::geteuid() || (known.mode & 077) != 0)) {
            throw ValueError("read " + file.name + ": others may have it: chmod 600 " + file.name);
        }
        text = co_await fs::read_bytes(file.name);
    } catch (const OSError& e) {
        if (file.need_exist || e.code().value() != ENOENT) throw;
        co_return std::nullopt;
    }
    try {
        co_return find_netrc(parse_netrc(text), host);
    } catch (const ValueError& e) {
        throw ValueError("read " + file.name + ": " + e.what());
    }
}

}  // namespace hocket::http
