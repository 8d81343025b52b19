// SPDX-License-Identifier: MIT
// How a connection writes answers: what frames them, whole or in pieces, to clients that take them or do not.
#include <hocket/http/http_connection_internal.h>

#include <hocket/base/errors.h>
#include <hocket/flow/wait.h>
#include <hocket/http/access_log_internal.h>
#include <hocket/http/file_part_internal.h>
#include <hocket/http/http1_writer.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/response_compression_internal.h>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <algorithm>
#include <utility>

namespace hocket::http {

namespace {

// A buffer for answers that has grown beyond this is not kept.
constexpr std::size_t most_kept = 16 << 10;
// An answer that is no longer leaves in one write with its head.
constexpr std::size_t most_in_one_write = 64 << 10;
// More of a longer one is not given to the system at a time.
constexpr std::size_t most_unsent_part = 256 << 10;

std::optional<std::uint64_t> read_length(const Headers& headers) {
    const auto text = headers.get("Content-Length");
    if (!text) return std::nullopt;
    const auto length = read_number<std::uint64_t>(*text);
    if (!length) throw ValueError("the field Content-Length is " + in_quotes(*text) + ", not a number of bytes");
    return length;
}

}  // namespace

void HttpConnection::refuse(int status, std::string_view why) {
    is_broken_ = true;
    Response answer = error_response(status, why);
    ResponseHead head{.status = status, .headers = std::move(answer.headers_), .keep_alive = false};
    head.headers.set("Content-Type", answer.type_);
    head.content_length = answer.body_.size();
    write_head(out_, head, server_.date_line(loop_, now()));
    out_ += answer.body_;
    send_now();
    body_sent_ = is_lost_ ? 0 : answer.body_.size();
    log_refused(status);
}

void HttpConnection::begin_answer(Response& answer) {
    const bool wants_end = !answer.headers_.empty() && answer.headers_.has_token("Connection", "close");
    keeps_alive_ = request_->head().keep_alive && !is_broken_ && !wants_end && !server_.closing() && may_drain();
    awaits_continue_ = false;  // RFC 9110, 15.2: no interim response follows the final one
    const std::size_t before = out_.size();
    const bool may_go_on = keeps_alive_;
    for (const bool is_second : {false, true}) {
        std::exception_ptr error;
        try {
            if (is_second) {
                answer = error_response(500, "Internal Server Error");
            } else {
                ResponseCompression::apply(answer, request_->headers(), request_->app().compresses());
            }
            return write_head_of(answer);
        } catch (...) {  // fields that cannot be sent, an encoder that fails, no memory
            error = std::current_exception();
        }
        out_.resize(before);  // no half of a head
        keeps_alive_ = may_go_on;
        ends_body_ = false;
        report("The answer cannot be sent", error);
    }
    lose();
}

void HttpConnection::write_head_of(Response& answer) {
    const RequestHead& asked = request_->head();
    const bool is_head = asked.method == "HEAD";
    const bool is_streamed = answer.pieces_.has_value();
    ResponseHead head{.status = answer.status_,
                      .reason = std::move(answer.reason_),
                      .minor_version = asked.minor_version,
                      .headers = std::move(answer.headers_)};
    // What a handler says of the length counts where the body itself does not tell.
    const bool may_say = is_streamed || answer.status_ == 304 || (is_head && answer.body_.empty());
    if (may_say && !head.headers.empty()) head.content_length = read_length(head.headers);
    if (answer.status_ != 204 && answer.status_ != 304 && !head.content_length) {
        if (!is_streamed) {
            head.content_length = answer.body_.size();
        } else if (asked.minor_version == 1) {
            head.chunked = true;
        } else {
            ends_body_ = true;
            keeps_alive_ = false;
        }
    }
    head.keep_alive = keeps_alive_;
    announced_ = head.content_length;
    is_chunked_ = head.chunked;

    lines_.clear();
    if (head.headers.empty() || !head.headers.contains("Date")) lines_ += server_.date_line(loop_, now());
    if (!answer.type_.empty() && (head.headers.empty() || !head.headers.contains("Content-Type"))) {
        lines_.append("Content-Type: ").append(answer.type_).append("\r\n");
    }
    write_head(out_, head, lines_);
    status_ = answer.status_;
    with_head_ = 0;
    if (!is_logged_ && AccessEntry::wants_answered(server_.options.access_log)) keep_for_log(head, answer.type_);

    if (is_head || answer.status_ == 204 || answer.status_ == 304) {
        answer.body_.clear();
        answer.pieces_.reset();
        answer.file_ = nullptr;
    } else if (answer.body_.size() <= most_in_one_write) {
        out_ += answer.body_;
        with_head_ = answer.body_.size();
        answer.body_.clear();
    }
}

// What was sent, from wherever it came.
void HttpConnection::keep_for_log(const ResponseHead& head, std::string_view type) {
    answered_ = head.headers;
    if (!type.empty() && !answered_.contains("Content-Type")) answered_.set("Content-Type", std::string(type));
    if (head.content_length) answered_.set("Content-Length", std::to_string(*head.content_length));
}

// Behind what was sent before; with what follows it soon in one call of the system, if something does.
void HttpConnection::send_now(bool is_followed) noexcept {
    try {
        is_followed || !transport_.unread().empty() ? transport_.write_nowait(out_) : transport_.write_answer(out_);
    } catch (...) {  // the connection is lost: that concerns nobody else
        is_lost_ = true;
    }
    if (out_.capacity() > most_kept) {
        out_ = std::string();
    } else {
        out_.clear();
    }
}

/// While it lives, something is to be sent. Loses the connection when the client takes nothing of it for `write_timeout`; how long all
/// of it takes does not matter.
class HttpConnection::Patience {
public:
    explicit Patience(HttpConnection& connection) : connection_(connection), seen_(progress()) { wait(); }
    Patience(const Patience&) = delete;
    Patience& operator=(const Patience&) = delete;
    ~Patience() { timer_.cancel(); }

    /// So much is about to be written.
    void gives(std::size_t size) noexcept { given_ += size; }

private:
    // How much is not with us any more, and how much of that is still with the system.
    std::pair<std::size_t, int> progress() const noexcept {
        int in_system = 0;
        const int fd = connection_.writer_.fileno();
        if (fd >= 0) ::ioctl(fd, SIOCOUTQ, &in_system);
        return {given_ - connection_.transport_.get_write_buffer_size(), in_system};
    }
    void wait() {
        const Duration limit = connection_.server_.options.write_timeout;
        if (limit.count() != 0) timer_ = connection_.loop_.call_later(limit, [this] { look(); });
    }
    void look() {
        const auto now = progress();
        if (now == std::exchange(seen_, now)) return connection_.lose();
        wait();
    }

    HttpConnection& connection_;
    std::size_t given_ = 0;
    std::pair<std::size_t, int> seen_;
    Handle timer_;
};

Coro<> HttpConnection::send(std::string_view bytes, bool is_body) {
    Patience patience(*this);
    while (!bytes.empty() && !is_lost_) {
        const std::string_view part = bytes.substr(0, most_unsent_part);
        bytes.remove_prefix(part.size());
        try {
            patience.gives(part.size());
            co_await writer_.write(part);
            if (is_body) body_sent_ += part.size();
        } catch (const std::exception&) {  // the connection is lost
            lose();
        }
    }
}

Coro<> HttpConnection::flush() {
    const Patience patience(*this);
    try {
        co_await writer_.drain();
    } catch (const std::exception&) {
        lose();
    }
}

void HttpConnection::lose() noexcept {
    is_lost_ = true;
    ends_body_ ? transport_.reset() : transport_.abort();
}

Coro<bool> HttpConnection::send_file(FilePart& part) {
    if (!part.by_kernel) co_return false;
    const Patience patience(*this);
    std::exception_ptr error;
    while (part.size > 0 && !is_lost_) {
        const auto count = static_cast<std::int64_t>(std::min<std::uint64_t>(part.size, most_unsent_part));
        const SendfileOptions options{
            .offset = static_cast<std::int64_t>(part.offset), .count = count, .fallback = false};
        std::int64_t sent = 0;
        try {
            sent = co_await writer_.sendfile(part.file.fileno(), options);
            if (sent < count) throw_shorter(part);
        } catch (const SendfileNotAvailableError&) {
            announced_ = part.size;
            co_return false;
        } catch (const RuntimeError&) {
            error = std::current_exception();
            lose();
        } catch (const std::exception&) {  // the connection is lost
            lose();
        }
        part.offset += static_cast<std::uint64_t>(sent);
        part.size -= static_cast<std::uint64_t>(sent);
        body_sent_ += static_cast<std::uint64_t>(sent);
    }
    if (error) report("The body of an answer failed", error);
    co_return true;
}

// Until the client goes: then everything ends. While the answer's next piece is waited for, nobody else looks at the connection.
Coro<> HttpConnection::watch() {
    while (!transport_.exception() && !transport_.eof()) {
        if (transport_.unread().size() >= transport_.limit()) co_return;  // no more is read of requests sent ahead
        co_await transport_.more();
    }
    if (is_lost_) co_return;  // writing was first to see it, and the generator cleans up
    abort();
}

Coro<> HttpConnection::send_watched(Response::Pieces pieces) {
    if (!is_body_over_) {  // the generator may read the request: then it is who looks
        co_await send_pieces(std::move(pieces));
        co_return;
    }
    const Task<> watching = create_task(watch());
    std::exception_ptr error;
    try {
        co_await send_pieces(std::move(pieces));
    } catch (...) {
        error = std::current_exception();
    }
    co_await CancelAndWait(watching);
    if (error) std::rethrow_exception(error);
}

bool HttpConnection::wants_cancellation() const noexcept {
    const Route* const route = request_->route();
    return route && route->options.handler_cancellation.value_or(server_.options.handler_cancellation);
}

// As with a body in pieces, but that the handler may read the request first: until then it is who looks.
Coro<Response> HttpConnection::finish_watched(Coro<Response> handler) {
    watches_ = true;
    if (is_body_over_) watching_ = create_task(watch());
    std::optional<Response> answer;
    std::exception_ptr error;
    try {
        answer = co_await server_.app.finish(*request_, std::move(handler));
    } catch (...) {
        error = std::current_exception();
    }
    watches_ = false;
    const Task<> watching = std::exchange(watching_, {});
    if (watching) co_await CancelAndWait(watching);
    if (error) std::rethrow_exception(error);
    co_return *std::move(answer);
}

void HttpConnection::log(int status) noexcept {
    if (std::exchange(is_logged_, true)) return;
    AccessEntry entry{.request = &*request_,
                      .date = std::string_view(received_date_).substr(6),
                      .status = status,
                      .body_size = body_sent_,
                      .took = now() - received_,
                      .answered = &answered_};
    std::exception_ptr error;
    try {
        entry.remote = request_->remote();
    } catch (...) {  // for want of memory
        error = std::current_exception();
    }
    if (error) report("The access log has no address", error);
    entry.write(server_.options.access_log);
}

void HttpConnection::log_refused(int status) noexcept {
    if (!server_.options.access_log) return;
    std::string date;
    std::string remote;
    std::exception_ptr error;
    try {
        date = server_.date_line(loop_, now());
        const Address peer = peername();
        if (peer.is_ip()) remote = peer.host();
    } catch (...) {  // for want of memory
        error = std::current_exception();
    }
    if (error) return;
    const AccessEntry entry{
        .date = std::string_view(date).substr(6), .remote = remote, .status = status, .body_size = body_sent_};
    entry.write(server_.options.access_log);
}

Coro<> HttpConnection::send_pieces(Response::Pieces pieces) {
    std::uint64_t sent = 0;
    bool is_whole = false;
    std::exception_ptr error;
    try {
        while (!is_lost_ && !is_whole) {
            const auto piece = co_await pieces.next();
            is_whole = !piece;
            sent += piece ? piece->size() : 0;
            if (announced_ && (sent > *announced_ || (is_whole && sent < *announced_))) {
                throw ValueError("stream_response: the body has not the length that its Content-Length says");
            }
            if (is_whole) {
                if (is_chunked_) write_last_chunk(out_);
            } else if (is_chunked_) {
                write_chunk(out_, *piece);
            } else {
                out_ += *piece;
            }
            co_await send(out_);
            out_.clear();
            if (piece && !is_lost_) body_sent_ += piece->size();  // behind what a file has sent
        }
        if (!is_whole) co_await pieces.aclose();
        co_return;
    } catch (...) {
        error = std::current_exception();
    }
    lose();
    try {
        co_await pieces.aclose();
    } catch (...) {
        report("The clean-up of an answer's body failed", std::current_exception());
    }
    if (is_cancelled(error) || ends_the_loop(error)) std::rethrow_exception(error);
    report("The body of an answer failed", error);
}

void HttpConnection::report(const char* what, const std::exception_ptr& error) const noexcept {
    const Route* const route = request_->route();
    loop_.call_exception_handler({what + (route ? ": " + route->method + " " + route->path : std::string()), error});
}

Coro<> HttpConnection::finish() {
    // For all that is known. Of one that has sent something ahead, more may be on its way.
    const bool sends_on = is_broken_ || !is_body_over_ || !transport_.unread().empty();
    sends_on ? transport_.close_lingering() : transport_.close();
    if (is_lost_ || transport_.get_write_buffer_size() == 0) co_return;
    const Patience patience(*this);
    try {
        co_await writer_.wait_closed();
    } catch (const std::exception&) {  // the client is gone
        is_lost_ = true;
    }
}

}  // namespace hocket::http
