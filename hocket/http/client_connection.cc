// SPDX-License-Identifier: MIT
// Sending a request, and finding the response in what comes back.
#include <hocket/http/client_connection_internal.h>

#include <hocket/flow/timeout.h>
#include <hocket/http/client_response_internal.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace hocket::http {

namespace {

constexpr std::size_t most_at_once = 64 << 10;

// In pieces, each of which has its time.
Coro<> write_within(TransportHandle transport, std::string_view bytes, Duration limit) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(most_at_once, bytes.size()))) {
        co_await timeout(limit, transport->write(bytes.substr(0, most_at_once)));
    }
}

Coro<> wait_for_bytes(TransportHandle transport, std::size_t of_use) { co_await transport->more(of_use); }

}  // namespace

// What goes wrong here shows in the reading of the response, too, or the server has answered before it had all.
Coro<> ClientConnection::send_large(TransportHandle transport, std::string head, Shared<const std::string> body,
                                    WaitLimits limits, Shared<Progress> progress) {
    try {
        transport->write_nowait(head);
        if (limits.write.count() > 0) {
            co_await write_within(transport, *body, limits.write);
        } else {
            co_await transport->write(*body);
        }
    } catch (const TimeoutError&) {
        progress->error = std::make_exception_ptr(WriteTimeout(
            limits.request + ": " + transport->name() + " took nothing of the body for " + in_seconds(limits.write)));
        transport->abort();
    } catch (const OSError&) {
        co_return;
    }
}

void ClientConnection::send(const std::string& head, const Shared<const std::string>& body) {
    if (body && head.size() + body->size() > most_at_once) {
        progress_ = Shared<Progress>::make();
        sending_ =
            create_task(send_large(transport_, head, body, limits_, progress_), {.name = "body of an HTTP request"});
        return;
    }
    sending_ = Task<>();
    progress_ = nullptr;
    try {
        transport_->write_nowait(head);
        if (body) transport_->write_nowait(*body);  // both leave in one write, at the end of the turn
    } catch (const OSError& e) {
        throw Lost{e.what(), true};
    }
}

Coro<ResponseHead> ClientConnection::read_head(std::string_view method, bool keep_alive) {
    parser_.expect_response_to(method);
    for (;;) {
        Event event = parse();
        if (auto* head = std::get_if<ResponseHead>(&event)) {
            is_kept_alive_ = keep_alive && head->keep_alive;
            co_return std::move(*head);
        }
        const bool nothing_came = parser_.between_messages();
        if (has_ended()) {
            throw Lost{nothing_came ? "the server closed the connection before it answered"
                                    : "the server closed the connection in the midst of its answer's head",
                       nothing_came};
        }
        try {
            co_await more(1);
        } catch (const OSError& e) {
            throw Lost{e.what(), nothing_came};
        }
    }
}

Event ClientConnection::parse() {
    const std::string_view unread = transport_->unread();
    std::string_view left = unread;
    Event event = parser_.next(left);
    transport_->consume(unread.size() - left.size());
    return event;
}

Event ClientConnection::next_event() {
    Event event = parse();
    if (!std::holds_alternative<std::monostate>(event) || !has_ended()) return event;
    if (is_taken_away) throw Lost{"the session was closed", false};  // an end that is not the server's
    return parser_.eof();
}

bool ClientConnection::is_complete() {
    std::string_view nothing;
    return std::holds_alternative<MessageEnd>(parser_.next(nothing));
}

Coro<> ClientConnection::more(std::size_t of_use) {
    const TransportHandle transport = transport_;  // this object may be gone when the wait is over
    if (transport->awaited()) throw RuntimeError("another task reads this response already");
    if (transport->exception()) std::rethrow_exception(transport->exception());
    if (limits_.read.count() <= 0) {
        co_await transport->more(of_use);
    } else {
        const WaitLimits limits = limits_;
        try {
            co_await timeout(limits.read, wait_for_bytes(transport, of_use));
        } catch (const TimeoutError&) {
            throw ReadTimeout(limits.request + ": nothing came from " + transport->name() + " for " +
                              in_seconds(limits.read));
        }
    }
    if (transport->exception()) std::rethrow_exception(transport->exception());
}

}  // namespace hocket::http
