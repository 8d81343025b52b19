// SPDX-License-Identifier: MIT
// Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
#pragma once

#include <hocket/base/clock.h>
#include <hocket/flow/async_generator.h>
#include <hocket/http/headers.h>
#include <hocket/http/request.h>
#include <hocket/http/response.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// `co_yield http::ServerSentEvent{.data = "7", .event = "count", .id = "7"};`
struct ServerSentEvent {
    std::optional<std::string> data = {};  ///< text of any number of lines, UTF-8; without it, nothing is dispatched
    std::string event = {};                ///< the type that the page listens for; empty: `message`
    std::string id = {};                   ///< what the client names, when it comes again: see `last_event_id`
    std::optional<Duration> retry = {};    ///< how long it waits before that; in milliseconds
    std::string comment = {};              ///< which clients drop
};

/// The bytes of an event. Line ends in `data` and `comment`, be they CR, LF or both, begin a new line there, so that no text can make fields of its
/// own. Throws ValueError for a line end or a null character in `event` or `id`, and for a negative `retry`.
HOCKET_EXPORT std::string encode_event(const ServerSentEvent& event);

/// `http::event_stream(events(), {.keep_alive = 30s})`
struct EventStreamOptions {
    Duration keep_alive = std::chrono::seconds(15);  ///< after so long without an event, a comment is sent; 0: never
    Headers headers = {};
};

/// An answer of events, as they come (aiohttp-sse's `sse_response`, starlette's `EventSourceResponse`): `text/event-stream` that is not
/// cached. The generator ends as that of `stream_response` does; the comments find out that a client has gone where nothing else is sent.
HOCKET_EXPORT Response event_stream(AsyncGenerator<ServerSentEvent> events, EventStreamOptions options = {});

/// The id of the last event that the client has seen, when it comes again: the field Last-Event-ID.
HOCKET_EXPORT std::optional<std::string_view> last_event_id(const Request& request) noexcept;

}  // namespace hocket::http
