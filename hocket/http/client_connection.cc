// SPDX-License-Identifier: MIT
// Sending a request, and finding the response in what comes back.
#include <hocket/http/client_connection_internal.h>

#include <hocket/flow/timeout.h>
#include <hocket/flow/wait.h>
#include <hocket/http/client_response_internal.h>
#include <hocket/http/http1_writer.h>
#include <hocket/net/tls_error.h>

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <algorithm>
#include <utility>
#include <variant>

namespace hocket::http {

namespace {

constexpr std::size_t most_at_once = 64 << 10;

// Gives the pieces their framing, and sees to their length.
class Framing {
public:
    explicit Framing(std::optional<std::uint64_t> length) noexcept : length_(length) {}

    std::string piece(std::string bytes) {
        sent_ += bytes.size();
        if (!length_) {
            std::string chunk;
            write_chunk(chunk, bytes);
            return chunk;
        }
        if (sent_ > *length_)
            throw ValueError("the body has more than the " + std::to_string(*length_) + " bytes that were announced");
        return bytes;
    }
    std::string end() const {
        std::string last;
        if (!length_) {
            write_last_chunk(last);
        } else if (sent_ < *length_) {
            throw ValueError("the body has " + std::to_string(sent_) + " bytes, and " + std::to_string(*length_) +
                             " were announced");
        }
        return last;
    }

private:
    const std::optional<std::uint64_t> length_;
    std::uint64_t sent_ = 0;
};

// In pieces, so that what is told to end leaves the rest behind; each of them has its time, if that is limited. Throws WriteTimeout.
Coro<> write_within(TransportHandle transport, std::string_view bytes, const WaitLimits& limits) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(most_at_once, bytes.size()))) {
        // A write that the system takes at once is no wait that a cancel could end, and a body may be made of such only.
        if (current_task().cancelling() > 0) throw CancelledError();
        const std::string_view piece = bytes.substr(0, most_at_once);
        if (limits.write.count() == 0) {
            co_await transport->write(piece);
            continue;
        }
        try {
            co_await timeout(limits.write, transport->write(piece));
        } catch (const TimeoutError&) {
            throw WriteTimeout(*limits.request + ": " + transport->name() + " took nothing of the body for " +
                               in_seconds(limits.write));
        }
    }
}

Coro<> wait_for_bytes(TransportHandle transport, std::size_t of_use) { co_await transport->more(of_use); }

// Whether they came, or the end, in time. No answer is due while the body is on its way.
Coro<bool> more_within(TransportHandle transport, std::size_t of_use, Duration limit, Task<> sending) {
    for (;;) {
        const bool is_due = !sending || sending.done();
        try {
            co_await timeout(limit, wait_for_bytes(transport, of_use));
            co_return true;
        } catch (const TimeoutError&) {
            if (is_due) co_return false;
        }
    }
}

// The peer says why it does not go on, as it does of a certificate that it does not take (RFC 8446, 6.2). A mere end says nothing.
bool is_alert(const TlsError& error) noexcept {
    return ERR_GET_REASON(static_cast<unsigned long>(error.code().value())) != SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

}  // namespace

ClientConnection::~ClientConnection() {
    if (sending_) sending_.cancel();
    transport_->abort();
}

const Shared<const TlsInfo>& ClientConnection::tls() {
    if (!tls_) tls_ = transport_->tls();
    return tls_;
}

void ClientConnection::give_up(const TransportHandle& transport, Progress& progress) {
    try {
        throw;
    } catch (const OSError&) {
        return;  // shows in the reading of the response, too, or the server has answered before it had all
    } catch (...) {
        const std::exception_ptr error = std::current_exception();
        if (is_cancelled(error) || ends_the_loop(error)) throw;
        progress.error = error;
        transport->abort();
    }
}

Coro<> ClientConnection::send_large(TransportHandle transport, std::string head, Shared<const std::string> body,
                                    WaitLimits limits, Shared<Progress> progress) {
    try {
        transport->write_nowait(head);
        co_await write_within(transport, *body, limits);
    } catch (...) {
        give_up(transport, *progress);
    }
}

// The same of the way out; what the generator throws is the request's error.
Coro<> ClientConnection::send_stream(TransportHandle transport, std::string head, BodyStream::Pieces pieces,
                                     std::optional<std::uint64_t> length, WaitLimits limits,
                                     Shared<Progress> progress) {
    Framing framing(length);
    std::exception_ptr ended;
    try {
        transport->write_nowait(head);
        for (;;) {
            std::string bytes;
            bool is_last = false;
            try {
                auto piece = co_await pieces.next();
                is_last = !piece;
                bytes = is_last ? framing.end() : framing.piece(std::move(*piece));
            } catch (...) {
                ended = std::current_exception();
            }
            if (ended) {
                const bool is_told_to = is_cancelled(ended) && current_task().cancelling() > 0;
                if (is_told_to || ends_the_loop(ended)) break;
                progress->error = std::exchange(ended, nullptr);
                transport->abort();
                break;
            }
            if (!bytes.empty()) co_await write_within(transport, bytes, limits);
            if (is_last) co_return;
        }
    } catch (...) {
        try {
            give_up(transport, *progress);
        } catch (...) {  // a cancel
            ended = std::current_exception();
        }
    }
    co_await pieces.aclose();
    if (ended) std::rethrow_exception(ended);
}

Coro<> all_sent(TransportHandle transport, Task<> sending) {
    sending.add_done_callback([transport](const Task<>&) { transport->stir(); });
    while (!sending.done() && !transport->eof() && !transport->exception() && !transport->is_closing()) {
        // Who has answered and says more is not listened to.
        if (transport->unread().empty()) {
            co_await transport->more(1);
        } else {
            co_await transport->quiet();
        }
    }
}

Coro<> end_of(Task<> sending) {
    std::exception_ptr cancelled;
    while (!sending.done()) {
        try {
            co_await CancelAndWait(sending);
        } catch (const CancelledError&) {  // which the next turn passes on
            cancelled = std::current_exception();
        }
    }
    if (cancelled) std::rethrow_exception(cancelled);
}

void ClientConnection::stop_sending() noexcept {
    if (!sending_ || sending_.done()) return;
    is_cut_ = true;
    sending_.cancel();
}

void ClientConnection::send(const std::string& head, const OutgoingBody& body) {
    const TaskOptions named{.name = "body of an HTTP request"};
    is_streaming_ = static_cast<bool>(body.stream);
    if (body.stream) {
        progress_ = Shared<Progress>::make();
        sending_ =
            create_task(send_stream(transport_, head, body.stream.begin(), body.length, limits_, progress_), named);
        return;
    }
    if (body.whole && head.size() + body.whole->size() > most_at_once) {
        progress_ = Shared<Progress>::make();
        sending_ = create_task(send_large(transport_, head, body.whole, limits_, progress_), named);
        return;
    }
    sending_ = Task<>();
    progress_ = nullptr;
    try {
        // In one write.
        body.whole ? transport_->write_answer(head + *body.whole) : transport_->write_answer(head);
    } catch (const OSError& e) {
        throw Lost{e.what(), true};
    }
}

Coro<> ClientConnection::read_head(std::string_view method, bool keep_alive, ResponseHead& to) {
    parser_.expect_response_to(method);
    std::exception_ptr error;
    try {
        for (;;) {
            if (next_head(to)) {
                is_kept_alive_ = keep_alive && to.keep_alive;
                co_return;
            }
            const bool nothing_came = parser_.between_messages();
            try {
                co_await more(1);
            } catch (const TlsError& e) {
                if (is_alert(e)) throw;
                throw Lost{e.what(), nothing_came};
            } catch (const OSError& e) {
                throw Lost{e.what(), nothing_came};
            }
        }
    } catch (...) {
        if (!is_streaming_) throw;
        error = std::current_exception();
    }
    // The generator may refer to what the request's caller has.
    co_await end_of(sending_);
    std::rethrow_exception(error);
}

bool ClientConnection::next_head(ResponseHead& to) {
    Event event = parse();
    if (auto* head = std::get_if<ResponseHead>(&event)) {
        to = std::move(*head);
        return true;
    }
    if (!has_ended()) return false;
    const bool nothing_came = parser_.between_messages();
    throw Lost{nothing_came ? "the server closed the connection before it answered"
                            : "the server closed the connection in the midst of its answer's head",
               nothing_came};
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
    // An end that is not the server's.
    if (is_taken_away) throw Lost{"the session was closed", false};
    if (body_error()) throw Lost{"the request's body could not be sent", false};
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
    if (limits_.read.count() == 0) {
        co_await transport->more(of_use);
    } else {
        const Duration limit = limits_.read;
        const Shared<const std::string> request = limits_.request;
        if (!co_await more_within(transport, of_use, limit, sending_))
            throw ReadTimeout(*request + ": nothing came from " + transport->name() + " for " + in_seconds(limit));
    }
    if (transport->exception()) std::rethrow_exception(transport->exception());
}

}  // namespace hocket::http
