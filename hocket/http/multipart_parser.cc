// SPDX-License-Identifier: MIT
// Finding boundaries and headers of parts, in bytes that come in any pieces.
#include <hocket/http/multipart.h>

#include <hocket/base/errors.h>
#include <hocket/http/content_type_internal.h>
#include <hocket/http/errors.h>
#include <hocket/http/field_parameters_internal.h>
#include <hocket/http/text.h>

#include <algorithm>
#include <vector>

namespace hocket::http {

namespace {

constexpr std::size_t longest_boundary = 70;

// RFC 2046, 5.1.1
bool is_boundary(std::string_view text) noexcept {
    constexpr std::string_view others = "'()+_,-./:=? ";
    const auto is_allowed = [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               others.find(c) != others.npos;
    };
    return !text.empty() && text.size() <= longest_boundary && !text.ends_with(' ') &&
           std::ranges::all_of(text, is_allowed);
}

// What browsers write for what cannot stand in a name.
std::string unescaped_name(const std::string& name) {
    std::string text;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const std::string_view escape = std::string_view(name).substr(i, 3);
        const char c = equal_without_case(escape, "%22")   ? '"'
                       : equal_without_case(escape, "%0D") ? '\r'
                       : equal_without_case(escape, "%0A") ? '\n'
                                                           : '\0';
        text += c == '\0' ? name[i] : c;
        if (c != '\0') i += 2;
    }
    return text;
}

[[noreturn]] void refuse(const std::string& why, int status = 400) {
    throw ProtocolError("read multipart: " + why, status);
}

}  // namespace

class MultipartParser::State {
public:
    State(std::string_view boundary, const MultipartLimits& limits) : limits_(limits), delimiter_("\r\n--") {
        if (!is_boundary(boundary)) refuse("the boundary " + in_quotes(boundary) + " is none");
        delimiter_ += boundary;
    }

    PartEvent next(std::string_view& input) {
        if (!error_.empty()) refuse(error_, status_);
        try {
            return step(input);
        } catch (const ProtocolError& e) {
            fail(e);
            throw;
        }
    }

    void finish() {
        if (!error_.empty()) refuse(error_, status_);
        if (stage_ != Stage::end) refuse("the body ends before its last boundary");
    }

    std::uint64_t work() const noexcept { return work_; }

private:
    enum class Stage : std::uint8_t { preamble, data, delimiter, head, end };

    PartEvent step(std::string_view& input) {
        for (;;) {
            switch (stage_) {
                case Stage::preamble: {
                    const std::string_view skipped = take_data(input);
                    skipped_ += skipped.size();
                    if (skipped_ > limits_.head)
                        refuse("more than " + std::to_string(limits_.head) + " bytes before the first boundary", 413);
                    if (stage_ == Stage::preamble && input.empty()) return {};
                    break;
                }
                case Stage::data: {
                    const std::string_view bytes = take_data(input);
                    if (!bytes.empty()) return PartData{bytes};
                    if (stage_ == Stage::delimiter) return PartEnd{};
                    if (input.empty()) return {};
                    break;
                }
                case Stage::delimiter:
                    if (input.empty()) return {};
                    read_tail(input);
                    if (stage_ == Stage::end) return MultipartEnd{};
                    break;
                case Stage::head: {
                    if (!read_line(input)) return {};
                    if (!line_.empty()) {
                        read_field();
                        break;
                    }
                    begin_data(Stage::data);
                    return finish_head();
                }
                case Stage::end: input = {}; return {};
            }
        }
    }

    // Before it, the CRLF with which a delimiter begins has been seen, and belongs to something else.
    void begin_data(Stage stage) noexcept {
        stage_ = stage;
        matched_ = seen_before_ = 2;
    }

    // Takes data off the front of `input`, and at its end the delimiter, behind which the stage is another. Nothing, if what is left may be the
    // beginning of a delimiter. No CR stands in a boundary, so that each byte is compared no more than twice.
    std::string_view take_data(std::string_view& input) {
        if (matched_ > 0) return go_on_matching(input);
        std::size_t at = input.find('\r');
        while (at != std::string_view::npos && !may_begin_delimiter(input.substr(at))) {
            at = input.find('\r', at + 1);
        }
        const std::string_view data = input.substr(0, at);
        work_ += data.size();
        input.remove_prefix(data.size());
        return data.empty() && !input.empty() ? go_on_matching(input) : data;
    }

    bool may_begin_delimiter(std::string_view bytes) noexcept {
        bytes = bytes.substr(0, delimiter_.size());
        const auto end = std::mismatch(bytes.begin(), bytes.end(), delimiter_.begin()).first;
        work_ += static_cast<std::uint64_t>(end - bytes.begin()) + 1;
        return end == bytes.end();
    }

    std::string_view go_on_matching(std::string_view& input) {
        while (matched_ < delimiter_.size()) {
            if (input.empty()) return {};
            ++work_;
            if (input[0] != delimiter_[matched_]) {
                const std::string_view held =
                    std::string_view(delimiter_).substr(seen_before_, matched_ - seen_before_);
                matched_ = seen_before_ = 0;
                return held.empty() ? take_data(input) : held;
            }
            input.remove_prefix(1);
            ++matched_;
        }
        matched_ = seen_before_ = 0;
        stage_ = Stage::delimiter;
        return {};
    }

    // Behind a boundary: `--` for the last, else white space and CRLF.
    void read_tail(std::string_view& input) {
        constexpr std::size_t most_padding = 100;
        while (!input.empty()) {
            const char c = input[0];
            input.remove_prefix(1);
            tail_ += c;
            if (tail_ == "--") {
                stage_ = Stage::end;
                return;
            }
            const std::size_t padding = std::min(tail_.find_first_not_of(" \t"), tail_.size());
            const std::string_view rest = std::string_view(tail_).substr(padding);
            const bool may_be_last = padding == 0 && rest == "-";
            if (rest == "\r\n") {
                begin_part();
                return;
            }
            if ((!rest.empty() && rest != "\r" && !may_be_last) || padding > most_padding)
                refuse("text behind a boundary");
        }
    }

    void begin_part() {
        if (++parts_ > limits_.parts) refuse("more than " + std::to_string(limits_.parts) + " parts", 413);
        tail_.clear();
        head_ = PartHead();
        head_size_ = 0;
        stage_ = Stage::head;
    }

    // False: its end has not come. The line is then without its CRLF.
    bool read_line(std::string_view& input) {
        if (is_line_whole_) line_.clear();
        const std::size_t end = input.find('\n');
        is_line_whole_ = end != std::string_view::npos;
        const std::string_view bytes = input.substr(0, is_line_whole_ ? end + 1 : input.size());
        head_size_ += bytes.size();
        if (head_size_ > limits_.head)
            refuse("more than " + std::to_string(limits_.head) + " bytes of header of a part", 413);
        line_ += bytes;
        input.remove_prefix(bytes.size());
        if (!is_line_whole_) return false;
        if (!line_.ends_with("\r\n")) refuse("a line of a part's header ends in LF without CR");
        line_.resize(line_.size() - 2);
        return true;
    }

    void read_field() {
        if (line_[0] == ' ' || line_[0] == '\t') refuse("a folded line in a part's header");
        const std::size_t colon = line_.find(':');
        if (colon == std::string::npos) refuse("a line without a colon in a part's header: " + in_quotes(line_));
        if (head_.headers.size() == limits_.fields)
            refuse("more than " + std::to_string(limits_.fields) + " header fields of a part", 413);
        try {
            head_.headers.add(std::string_view(line_).substr(0, colon), std::string_view(line_).substr(colon + 1));
        } catch (const ValueError& e) {
            refuse(e.what());
        }
    }

    PartEvent finish_head() {
        // Of two, whoever looks at the first believes something else than who looks at the last.
        for (const char* const name : {"Content-Disposition", "Content-Type", "Content-Transfer-Encoding"}) {
            if (head_.headers.get_all(name).size() > 1) refuse("a part has two fields " + std::string(name));
        }
        if (const auto field = head_.headers.get("Content-Disposition")) {
            const auto disposition = parse_field_parameters(*field, Quoting::form);
            if (!disposition) refuse("the Content-Disposition " + in_quotes(*field) + " is malformed");
            if (const std::string* name = disposition->find("name")) head_.name = unescaped_name(*name);
            if (const std::string* filename = disposition->find("filename")) head_.filename = unescaped_name(*filename);
            if (const std::string* extended = disposition->find("filename*")) {
                if (auto filename = parse_extended_value(*extended)) head_.filename = std::move(*filename);
            }
        }
        return std::move(head_);
    }

    void fail(const ProtocolError& e) {
        constexpr std::string_view prefix = "read multipart: ";
        error_ = std::string(e.what()).substr(prefix.size());
        status_ = e.status();
    }

    const MultipartLimits limits_;
    std::string delimiter_;  // `\r\n--boundary`
    Stage stage_ = Stage::preamble;
    std::size_t matched_ = 2;      // bytes of the delimiter that the input so far ends with
    std::size_t seen_before_ = 2;  // of those, that are no data if it is no delimiter
    std::size_t skipped_ = 0;
    std::size_t parts_ = 0;
    std::string tail_;
    PartHead head_;
    std::size_t head_size_ = 0;
    std::string line_;
    bool is_line_whole_ = true;
    std::string error_;  // empty: none
    int status_ = 0;
    std::uint64_t work_ = 0;
};

MultipartParser::MultipartParser(std::string_view boundary, const MultipartLimits& limits)
    : state_(Unique<State>::make(boundary, limits)) {}
MultipartParser::MultipartParser(MultipartParser&&) noexcept = default;
MultipartParser& MultipartParser::operator=(MultipartParser&&) noexcept = default;
MultipartParser::~MultipartParser() = default;

PartEvent MultipartParser::next(std::string_view& input) { return state_->next(input); }
void MultipartParser::finish() { state_->finish(); }
std::uint64_t MultipartParser::work() const noexcept { return state_->work(); }

std::string PartHead::content_type() const {
    return headers.contains("Content-Type") ? content_type_of(headers) : "text/plain";
}

std::string multipart_boundary(const Headers& headers) {
    const std::string_view field = headers.get("Content-Type").value_or("");
    const auto type = parse_field_parameters(field);
    if (!content_type_of(headers).starts_with("multipart/")) refuse("the Content-Type is " + in_quotes(field), 415);
    const std::string* const boundary = type ? type->find("boundary") : nullptr;
    if (!boundary || !is_boundary(*boundary)) refuse("the Content-Type " + in_quotes(field) + " names no boundary");
    return *boundary;
}

// ---- Writing

void write_part_head(std::string& to, std::string_view boundary, const Headers& fields) {
    if (!is_boundary(boundary)) throw ValueError("write multipart: the boundary " + in_quotes(boundary) + " is none");
    to.append("--").append(boundary).append("\r\n");
    for (const auto& [name, value] : fields) to.append(name).append(": ").append(value).append("\r\n");
    to += "\r\n";
}

void write_multipart_end(std::string& to, std::string_view boundary) {
    to.append("--").append(boundary).append("--\r\n");
}

std::string form_disposition(std::string_view name, const std::optional<std::string>& filename) {
    std::string text = "form-data; name=";
    const auto append_quoted = [&text](std::string_view value) {
        text += '"';
        for (const char c : value) {
            if (c == '"') {
                text += "%22";
            } else if (c == '\r') {
                text += "%0D";
            } else if (c == '\n') {
                text += "%0A";
            } else {
                text += c;
            }
        }
        text += '"';
    };
    append_quoted(name);
    if (!filename) return text;
    text += "; filename=";
    append_quoted(*filename);
    return text;
}

}  // namespace hocket::http
