// SPDX-License-Identifier: MIT
// Sending a request, and finding the response in what comes back.
#include <hocket/http/client_connection_internal.h>

#include <variant>

namespace hocket::http {

namespace {

constexpr std::size_t most_at_once = 64 << 10;

// What goes wrong here shows in the reading of the response, too, or the server has answered before it had all.
Coro<> send_large(TransportHandle transport, std::string head, Shared<const std::string> body) {
    try {
        transport->write_nowait(head);
        co_await transport->write(*body);
    } catch (const OSError&) {
        co_return;
    }
}

}  // namespace

void ClientConnection::send(const std::string& head, const Shared<const std::string>& body) {
    if (body && head.size() + body->size() > most_at_once) {
        sending_ = create_task(send_large(transport_, head, body), {.name = "body of an HTTP request"});
        return;
    }
    sending_ = Task<>();
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
    co_await transport->more(of_use);
    if (transport->exception()) std::rethrow_exception(transport->exception());
}

}  // namespace hocket::http
