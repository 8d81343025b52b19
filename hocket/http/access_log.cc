// SPDX-License-Identifier: MIT
// Formats of access logs, and lines that follow them.
#include <hocket/http/access_log_internal.h>

#include <hocket/base/errors.h>
#include <hocket/base/report.h>
#include <hocket/http/request.h>
#include <hocket/http/text.h>
#include <hocket/os/simulated_threads.h>

#include <unistd.h>
#include <algorithm>
#include <mutex>
#include <vector>

namespace hocket::http {

namespace {

constexpr std::size_t most_shown = 8 << 10;  // of a field, or of the first line

// A text, and what follows it.
struct Part {
    std::string text;
    char field = '\0';  // as in the format; `f` is `%Tf`
    std::string name;   // of a header field
};

void append_padded(std::string& to, std::uint64_t number, std::size_t digits) {
    const std::string text = std::to_string(number);
    to.append(digits - std::min(digits, text.size()), '0').append(text);
}

// `[06/Nov/1994:08:49:37 +0000]` of `Sun, 06 Nov 1994 08:49:37 GMT`.
void append_date(std::string& to, std::string_view date) {
    if (date.size() < 25) {
        to += '-';
        return;
    }
    to.append("[").append(date.substr(5, 2)).append("/").append(date.substr(8, 3)).append("/");
    to.append(date.substr(12, 4)).append(":").append(date.substr(17, 8)).append(" +0000]");
}

void append_field(std::string& to, const Headers* headers, const std::string& name) {
    const auto value = headers ? headers->get(name) : std::nullopt;
    to += value ? escaped(*value, most_shown) : "-";
}

void append_first_line(std::string& to, const Request* request) {
    if (!request) {
        to += '-';
        return;
    }
    to.append(escaped(request->method(), most_shown)).append(" ").append(escaped(request->target(), most_shown));
    to.append(request->head().minor_version == 1 ? " HTTP/1.1" : " HTTP/1.0");
}

}  // namespace

class AccessLog::State {
public:
    State(AccessLogSink to, std::string_view format) : sink(std::move(to)) {
        for (std::size_t at = 0; at < format.size();) {
            const std::size_t percent = std::min(format.find('%', at), format.size());
            Part part{.text = std::string(format.substr(at, percent - at)), .name = {}};
            at = percent;
            if (at < format.size()) at += read_field(part, format.substr(at + 1)) + 1;
            wants_answered |= part.field == 'o';
            parts.push_back(std::move(part));
        }
    }

    AccessLogSink sink;
    std::vector<Part> parts;
    bool wants_answered = false;
    std::mutex mutex;

private:
    // What follows the `%`; how long it is.
    static std::size_t read_field(Part& part, std::string_view rest) {
        if (rest.starts_with('%')) {
            part.text += '%';
            return 1;
        }
        if (rest.starts_with("Tf")) {
            part.field = 'f';
            return 2;
        }
        if (!rest.empty() && std::string_view("atPrsbTD").find(rest.front()) != std::string_view::npos) {
            part.field = rest.front();
            return 1;
        }
        const std::size_t end = rest.starts_with('{') ? rest.find('}') : std::string_view::npos;
        if (end != std::string_view::npos && end + 1 < rest.size() && is_token(rest.substr(1, end - 1)) &&
            (rest[end + 1] == 'i' || rest[end + 1] == 'o')) {
            part.field = rest[end + 1];
            part.name = rest.substr(1, end - 1);
            return end + 2;
        }
        throw ValueError("access log: a format has no " + in_quotes("%" + std::string(rest.substr(0, 20))));
    }
};

AccessLog::AccessLog() noexcept = default;
AccessLog::AccessLog(const AccessLog&) noexcept = default;
AccessLog& AccessLog::operator=(const AccessLog&) noexcept = default;
AccessLog::~AccessLog() = default;

AccessLog::AccessLog(AccessLogSink sink, std::string_view format) {
    if (!sink) throw ValueError("access log: the sink is empty");
    state_ = Shared<State>::make(std::move(sink), format);
}

bool AccessEntry::wants_answered(const AccessLog& log) noexcept { return log.state_->wants_answered; }

void AccessEntry::write(const AccessLog& log) const noexcept {
    try {
        std::string line;
        const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(took, 0));
        for (const Part& part : log.state_->parts) {
            line += part.text;
            switch (part.field) {
                case 'a': line += remote.empty() ? "-" : escaped(remote); break;
                case 't': append_date(line, date); break;
                case 'r': append_first_line(line, request); break;
                case 's': line += std::to_string(status); break;
                case 'b': line += std::to_string(body_size); break;
                case 'T': line += std::to_string(nanoseconds / 1'000'000'000); break;
                case 'D': line += std::to_string(nanoseconds / 1'000); break;
                case 'f':
                    line.append(std::to_string(nanoseconds / 1'000'000'000)).append(".");
                    append_padded(line, nanoseconds / 1'000 % 1'000'000, 6);
                    break;
                case 'i': append_field(line, request ? &request->headers() : nullptr, part.name); break;
                case 'o': append_field(line, answered, part.name); break;
                case 'P': line += simulated_threads ? "1" : std::to_string(::getpid()); break;
                default: break;
            }
        }
        const std::scoped_lock lock(log.state_->mutex);
        log.state_->sink(line);
    } catch (const std::exception& e) {
        report(std::string("access log: the sink failed: ") + e.what());
    } catch (...) {  // the server goes on, whatever that was
        report("access log: the sink failed");
    }
}

}  // namespace hocket::http
