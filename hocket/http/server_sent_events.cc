// SPDX-License-Identifier: MIT
// How events are written, and what is sent while none comes.
#include <hocket/http/server_sent_events.h>

#include <hocket/base/errors.h>
#include <hocket/core/task.h>
#include <hocket/flow/wait.h>
#include <hocket/http/text.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace hocket::http {

namespace {

using Events = AsyncGenerator<ServerSentEvent>;

void append_lines(std::string& to, std::string_view field, std::string_view text) {
    for (;;) {
        const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
        to.append(field).append(text.substr(0, end)).append("\n");
        if (end == text.size()) return;
        text.remove_prefix(end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
    }
}

void append_line(std::string& to, std::string_view field, std::string_view text) {
    using namespace std::string_view_literals;
    if (text.empty()) return;
    if (text.find_first_of("\r\n\0"sv) != std::string_view::npos) {
        throw ValueError("server-sent event: " + in_quotes(text) + " is more than one line, or has a null character");
    }
    to.append(field).append(text).append("\n");
}

Coro<std::optional<ServerSentEvent>> next_of(Events& events) { co_return co_await events.next(); }

AsyncGenerator<std::string> written(Events events, Duration keep_alive) {
    const std::optional<Duration> limit = keep_alive.count() == 0 ? std::nullopt : std::optional<Duration>(keep_alive);
    Task<std::optional<ServerSentEvent>> next;
    std::exception_ptr error;
    try {
        for (;;) {
            next = create_task(next_of(events));
            while (!next.done()) {
                const std::vector<Task<std::optional<ServerSentEvent>>> one{next};
                const auto ended = co_await wait(one, {.timeout = limit});
                if (ended.done.empty()) co_yield std::string(": keep-alive\n\n");
            }
            const std::optional<ServerSentEvent> event = co_await std::exchange(next, {});
            if (!event) co_return;
            co_yield encode_event(*event);
        }
    } catch (...) {  // a cancel, GeneratorExit, or what the events threw
        error = std::current_exception();
    }
    if (next && !next.done()) co_await CancelAndWait(next);
    co_await events.aclose();
    std::rethrow_exception(error);
}

}  // namespace

std::string encode_event(const ServerSentEvent& event) {
    std::string bytes;
    if (!event.comment.empty()) append_lines(bytes, ": ", event.comment);
    append_line(bytes, "id: ", event.id);
    append_line(bytes, "event: ", event.event);
    if (event.retry) {
        const auto ms = event.retry->count() / 1'000'000;
        if (ms < 0) throw ValueError("server-sent event: a negative retry");
        bytes.append("retry: ").append(std::to_string(ms)).append("\n");
    }
    if (event.data) append_lines(bytes, "data: ", *event.data);
    return bytes += '\n';
}

Response event_stream(AsyncGenerator<ServerSentEvent> events, EventStreamOptions options) {
    if (!options.headers.contains("Cache-Control")) options.headers.add("Cache-Control", "no-cache");
    options.headers.set("X-Accel-Buffering", "no");  // nginx would collect them
    return stream_response(written(std::move(events), options.keep_alive),
                           {.headers = std::move(options.headers), .content_type = "text/event-stream"});
}

std::optional<std::string_view> last_event_id(const Request& request) noexcept {
    return request.headers().get("Last-Event-ID");
}

}  // namespace hocket::http
