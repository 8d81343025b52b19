// SPDX-License-Identifier: MIT
// Reads hocket/http/corpus: what hostile and friendly peers send, and what is to become of it, as data.
#pragma once

#include <hocket/http/text.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::http::testing {

/// A case of the corpus. In a file it stands so:
///
///     two_lengths                     what it shows
///         rule 2 19                   numbers of the rules, in docs/http-security.md
///         request                     to our server; or `response to HEAD`, `response to GET, then closed`: to our client; or to a reader of
///                                     less than a message, with what it is to know: `multipart XX`; see corpus_parts_test.cc and corpus_files_test.cc
///         | POST / HTTP/1.1\r\n       the bytes; a line's end means nothing
///         | Content-Length: \{}\r\n
///         with 3                      one case for each of these, which stands wherever \{} does
///         with 4
///         found POST /|abc|end        for each message that is found, in the form of Transcript; one that is not complete has no end
///         field X: 1, 2               the last head's fields of that name, combined; `trailer` of the last trailers
///         kept                        whether another message may follow the last one on the connection; or `ends`
///         refused 400 several fields  the status of the error that follows, if it has one, and a part of its text; or `accepted`
///
/// Escapes: \r \n \t \0 \\ \xHH, and \{7*...} for seven times.
struct CorpusCase {
    std::string name;  // `framing.txt: two_lengths, with 3`
    std::vector<int> rules = {};
    bool is_request = false;
    std::string method = "GET";  // that a response answers
    bool is_closed = false;      // the server closes after these bytes
    std::string reader = {};     // of parts of messages; empty: it is a message
    std::string knows = {};      // what the reader is told
    std::string bytes = {};
    std::string found = {};  // as Transcript writes it, without the error
    int status = 0;          // of the error; 0 for none
    bool is_refused = false;
    std::string why = {};
    std::vector<std::pair<std::string, std::string>> fields = {}, trailers = {};
    std::optional<bool> is_kept = {};

    /// The messages that are found: `POST /|abc|end`.
    std::vector<std::string> messages() const {
        std::vector<std::string> lines;
        for (std::string_view rest = found; !rest.empty();) {
            const std::size_t end = rest.find("|end\n");
            lines.emplace_back(rest.substr(0, end == std::string_view::npos ? end : end + 4));
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 5);
        }
        return lines;
    }
    /// Whether the last of them is not complete.
    bool is_partial() const { return !found.empty() && !found.ends_with('\n'); }
};

class CorpusReader {
public:
    /// All cases of the corpus that are messages, or begin to be.
    static std::vector<CorpusCase> all() {
        std::vector<CorpusCase> cases = every();
        std::erase_if(cases, [](const CorpusCase& of) { return !of.reader.empty(); });
        return cases;
    }
    /// The others.
    static std::vector<CorpusCase> parts() {
        std::vector<CorpusCase> cases = every();
        std::erase_if(cases, [](const CorpusCase& of) { return of.reader.empty(); });
        return cases;
    }

    /// `text` without its escapes.
    static std::string unescaped(std::string_view text) {
        std::string result = unescaped(text, false);
        if (!text.empty()) throw std::runtime_error("a } too many before " + std::string(text));
        return result;
    }

private:
    CorpusReader(std::string file, std::vector<CorpusCase>& to) : file_(std::move(file)), to_(to) {}

    static std::vector<CorpusCase> every() {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator(HOCKET_CORPUS)) {
            if (entry.path().extension() == ".txt") files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());
        std::vector<CorpusCase> cases;
        for (const auto& file : files) {
            std::ifstream in(file, std::ios::binary);
            const std::string text{std::istreambuf_iterator<char>(in), {}};
            CorpusReader reader(file.filename().string(), cases);
            reader.read(text);
        }
        return cases;
    }

    // Up to the end, or to the `}` of a repetition.
    static std::string unescaped(std::string_view& text, bool within) {
        std::string result;
        while (!text.empty()) {
            const char c = text[0];
            text.remove_prefix(1);
            if (c == '}' && within) return result;
            result += c == '\\' ? escape(text) : std::string(1, c);
        }
        if (within) throw std::runtime_error("a repetition without }");
        return result;
    }

    static std::string escape(std::string_view& text) {
        const char c = text.empty() ? '\0' : text[0];
        text.remove_prefix(std::min<std::size_t>(1, text.size()));
        switch (c) {
            case 'r': return "\r";
            case 'n': return "\n";
            case 't': return "\t";
            case '0': return std::string(1, '\0');
            case '\\': return "\\";
            case 'x': {
                const int byte = std::stoi(std::string(text.substr(0, 2)), nullptr, 16);
                text.remove_prefix(2);
                return {static_cast<char>(byte)};
            }
            case '{': {
                const std::size_t star = text.find('*');
                const int times = std::stoi(std::string(text.substr(0, star)));
                text.remove_prefix(star + 1);
                const std::string once = unescaped(text, true);
                std::string all;
                for (int i = 0; i < times; ++i) all += once;
                return all;
            }
            default: throw std::runtime_error(std::string("no escape: \\") + c);
        }
    }

    void read(std::string_view text) {
        std::vector<std::string> lines;
        std::string name;
        for (int number = 1; !text.empty(); ++number) {
            const std::string_view line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(text.size(), line.size() + 1));
            if (line.ends_with(' ')) fail(number, "ends in a space: write \\x20");
            if (line.empty() || line.starts_with('#')) continue;
            if (line.starts_with("    ")) {
                lines.emplace_back(line.substr(4));
                continue;
            }
            finish(name, lines, number);
            name = line;
            lines.clear();
        }
        finish(name, lines, 0);
    }

    void finish(const std::string& name, const std::vector<std::string>& lines, int number) {
        if (name.empty()) return;
        std::vector<std::string> values;
        for (const std::string& line : lines) {
            if (line == "with" || line.starts_with("with "))
                values.push_back(line.substr(std::min<std::size_t>(line.size(), 5)));
        }
        const bool is_single = values.empty();
        if (is_single) values.emplace_back();
        for (const std::string& value : values) {
            CorpusCase made{.name = file_ + ": " + name + (is_single ? "" : ", with " + value.substr(0, 60))};
            try {
                for (const std::string& line : lines) add(made, filled_in(line, value));
                if (made.bytes.empty() || made.rules.empty() || !is_judged_)
                    fail(number, "rule, bytes or verdict is missing");
                if (made.reader.empty() && made.is_refused && made.status == 0) fail(number, "the status is missing");
            } catch (const std::exception& e) {
                throw std::runtime_error(made.name + ": " + e.what());
            }
            is_judged_ = false;
            to_.push_back(std::move(made));
        }
    }

    static constexpr std::string_view readers[] = {"multipart",  "boundary",  "form",        "range",
                                                   "set-cookie", "forwarded", "x-forwarded", "host",
                                                   "no_proxy",   "shown",     "static"};

    static std::string filled_in(std::string line, std::string_view value) {
        constexpr std::string_view gap = "\\{}";
        for (std::size_t at = line.find(gap); at != std::string::npos; at = line.find(gap, at + value.size())) {
            line.replace(at, gap.size(), value);
        }
        return line;
    }

    void add(CorpusCase& to, std::string_view line) {
        const std::string_view word = line.substr(0, line.find(' '));
        const std::string_view rest = line.substr(std::min(line.size(), word.size() + 1));
        if (word == "rule") {
            for (std::string_view left = rest; !left.empty();) {
                const std::string number(left.substr(0, left.find(' ')));
                to.rules.push_back(std::stoi(number));
                left.remove_prefix(std::min(left.size(), number.size() + 1));
            }
        } else if (word == "request") {
            to.is_request = true;
        } else if (word == "response") {
            constexpr std::string_view then = ", then closed";
            to.is_closed = rest.ends_with(then);
            to.method = rest.substr(3, rest.size() - 3 - (to.is_closed ? then.size() : 0));
        } else if (word == "|") {
            to.bytes += unescaped(rest);
        } else if (word == "found") {
            to.found += unescaped(rest);
            if (to.found.ends_with("|end")) to.found += '\n';
        } else if (word == "field" || word == "trailer") {
            const std::size_t colon = rest.find(':');
            auto& fields = word == "field" ? to.fields : to.trailers;
            fields.emplace_back(rest.substr(0, colon), unescaped(rest.substr(std::min(rest.size(), colon + 2))));
        } else if (word == "kept" || word == "ends") {
            to.is_kept = word == "kept";
        } else if (word == "refused") {
            const std::string_view status = rest.substr(0, rest.find(' '));
            const bool has_status = status.size() == 3 && status.find_first_not_of("0123456789") == status.npos;
            if (has_status) to.status = std::stoi(std::string(status));
            to.why = has_status ? rest.substr(std::min<std::size_t>(rest.size(), 4)) : rest;
            to.is_refused = is_judged_ = true;
        } else if (word == "accepted") {
            is_judged_ = true;
        } else if (std::ranges::find(readers, word) != std::end(readers)) {
            to.reader = word;
            to.knows = rest;
        } else if (word != "with") {
            throw std::runtime_error("no such word: " + std::string(word));
        }
    }

    [[noreturn]] void fail(int number, const std::string& why) const {
        throw std::runtime_error(file_ + ":" + std::to_string(number) + ": " + why);
    }

    std::string file_;
    std::vector<CorpusCase>& to_;
    bool is_judged_ = false;
};

}  // namespace hocket::http::testing
