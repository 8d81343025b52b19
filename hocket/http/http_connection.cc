// SPDX-License-Identifier: MIT
// The loop of a connection: a request, its answer, and the next one, until either side has had enough.
#include <hocket/http/http_connection_internal.h>

#include <hocket/base/errors.h>
#include <hocket/core/sleep.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace hocket::http {

namespace {

// An unread body that is shorter is read to its end, so that the connection can be used again.
constexpr std::uint64_t most_drained = 64 << 10;
// Answers to requests sent ahead collect up to here, if the client does not take them.
constexpr std::size_t most_unsent = 64 << 10;
constexpr int most_at_once = 16;  // requests that were sent ahead, until others have their turn
// No more is reserved for a body because the client says so.
constexpr std::uint64_t most_reserved = 1 << 20;

constexpr int request_timeout = 408;

// `span` of 0 is no limit.
std::int64_t deadline_after(std::int64_t begin, Duration span) noexcept {
    return span.count() == 0 ? Backend::forever : time_after(begin, span.count());
}

}  // namespace

HttpConnection::HttpConnection(HttpServerState& server, StreamReader reader, StreamWriter writer)
    : loop_(get_running_loop()),
      server_(server),
      reader_(std::move(reader)),
      writer_(std::move(writer)),
      transport_(*reader_.transport()),
      read_deadline_(loop_, transport_),
      task_(current_task()),
      parser_(Http1Parser::Reads::requests, server.options.limits),
      begun_(loop_.now()) {
    server_.add(*this);
}

HttpConnection::~HttpConnection() {
    constexpr int client_closed_request = 499;  // nginx's: the client went before there was an answer
    log(status_ != 0 ? status_ : client_closed_request);
    server_.remove(*this);
}

// What the system has and we have not seen yet is served still.
bool HttpConnection::may_end() const noexcept {
    if (!is_idle_ || (is_first_ && server_.awaits_first())) return false;
    return server_.has_looked() ? transport_.unread().empty() : transport_.silent();
}

void HttpConnection::end_soon() noexcept {
    if (may_end()) writer_.close();
}

bool HttpConnection::can_make_room() const noexcept {
    return is_idle_ && !transport_.is_closing() && transport_.unread().empty() &&
           transport_.get_write_buffer_size() == 0;
}

void HttpConnection::make_room() noexcept {
    is_idle_ = false;
    writer_.abort();  // nothing is lost, and TLS takes no time for its farewell
}

void HttpConnection::abort() noexcept {
    lose();
    task_.cancel();
}

Coro<> HttpConnection::run() {
    int at_once = 0;
    for (;;) {
        Found found = find_request();
        if (found == Found::nothing) {
            at_once = 0;
            found = co_await wait_for_request();
        } else if (++at_once == most_at_once) {
            at_once = 0;
            co_await hocket::sleep(0);
        }
        if (found == Found::error || is_lost_) break;

        Response answer;
        auto handler = server_.app.begin(*request_, answer);
        if (handler && wants_cancellation()) {
            answer = co_await finish_watched(*std::move(handler));
        } else if (handler) {
            answer = co_await server_.app.finish(*request_, *std::move(handler));
        }
        if (is_lost_) break;
        begin_answer(answer);
        if (is_lost_) break;
        if (answer.pieces_) {
            send_now(true);
            bool is_sent = false;
            if (answer.file_) is_sent = co_await send_file(*answer.file_);
            if (!is_sent) co_await send_watched(*std::move(answer.pieces_));
        } else if (answer.body_.empty()) {
            send_now();
            if (!is_lost_) body_sent_ = with_head_;
        } else {
            co_await send(out_);
            out_ = std::string();
            co_await send(answer.body_, true);
        }
        if (!is_logged_) log(status_);
        if (!is_lost_ && transport_.get_write_buffer_size() > most_unsent) co_await flush();
        if (is_lost_ || !keeps_alive_) break;
        if (!is_body_over_) {
            const bool drained = co_await drain();
            if (!drained) break;
        }
        request_.reset();  // and what it carries, which nobody needs while the connection is idle
        answered_ = Headers();
        begun_ = now();
    }
    co_await finish();
}

// ---- Requests

HttpConnection::Found HttpConnection::find_request() {
    std::string_view input = transport_.unread();
    if (input.empty()) return Found::nothing;
    const std::size_t before = input.size();
    try {
        Event event = parser_.next(input);
        transport_.consume(before - input.size());
        auto* const head = std::get_if<RequestHead>(&event);
        if (!head) return Found::nothing;
        begin_request(std::move(*head));
        std::string_view nothing;  // is needed to see the end of a request without a body
        is_body_over_ = std::holds_alternative<MessageEnd>(parser_.next(nothing));
        awaits_continue_ = request_->head().expects_continue && !is_body_over_;
        return Found::request;
    } catch (const ProtocolError& e) {
        refuse(e.status(), e.what());
        return Found::error;
    }
}

void HttpConnection::begin_request(RequestHead&& head) {
    request_.emplace(std::move(head), *this);
    ++server_.requests;
    is_first_ = is_broken_ = false;
    body_read_ = 0;
    body_waited_ = 0;
    status_ = 0;
    body_sent_ = 0;
    if (server_.options.access_log) {
        is_logged_ = false;
        received_ = now();
        received_date_ = server_.date_line(loop_, received_);
    }
}

Coro<HttpConnection::Found> HttpConnection::wait_for_request() {
    const ServeOptions& options = server_.options;
    std::int64_t deadline = deadline_after(begun_, is_first_ ? options.head_timeout : options.keep_alive_timeout);
    bool is_head_begun = is_first_;  // the time of the first one runs from the beginning
    for (;;) {
        if (transport_.eof() || transport_.exception()) co_return Found::error;
        is_idle_ = parser_.between_messages();
        if (server_.closing() && may_end()) co_return Found::error;
        if (!is_idle_ && !is_head_begun) {
            deadline = deadline_after(now(), options.head_timeout);
            is_head_begun = true;
        }
        const bool came = co_await more(deadline);
        if (!came) {
            if (!is_idle_) refuse(request_timeout, "the request's head did not come in time");
            co_return Found::error;
        }
        is_idle_ = false;
        const Found found = find_request();
        if (found != Found::nothing) co_return found;
    }
}

// ---- Bodies

HttpConnection::Piece HttpConnection::take_piece(std::string& to) {
    if (is_body_over_) return Piece::last;
    std::string_view input = transport_.unread();
    const std::size_t before = input.size();
    try {
        const Event event = parser_.next(input);
        const auto* const data = std::get_if<BodyData>(&event);
        if (data) {
            to += data->bytes;
            body_read_ += data->bytes.size();
            awaits_continue_ = false;  // it has not waited
        }
        transport_.consume(before - input.size());
        if (data) return Piece::some;
        is_body_over_ = std::holds_alternative<MessageEnd>(event);
    } catch (const ProtocolError&) {
        is_broken_ = true;
        throw;
    }
    if (watches_ && is_body_over_ && !watching_) watching_ = create_task(watch());
    return is_body_over_ ? Piece::last : Piece::none;
}

// Throws when no more can come.
Coro<> HttpConnection::more_body() {
    const ServeOptions& options = server_.options;
    if (awaits_continue_) send_continue();
    if (transport_.exception()) {
        is_lost_ = request_->is_lost_ = true;
        std::rethrow_exception(transport_.exception());
    }
    if (transport_.eof()) {
        is_broken_ = true;
        parser_.eof();
        throw RuntimeError("a request's body ended where it cannot");
    }
    const std::int64_t begin = now();
    std::int64_t deadline = deadline_after(begin, options.body_timeout);
    if (deadline != Backend::forever) {
        const double earned =
            options.minimum_rate > 0 ? static_cast<double>(body_read_) / static_cast<double>(options.minimum_rate) : 0;
        deadline = time_after(deadline, Duration(std::chrono::duration<double>(earned)).count() - body_waited_);
    }
    const bool came = co_await more(deadline);
    body_waited_ += now() - begin;
    if (came) co_return;
    is_broken_ = true;
    throw ProtocolError("read the body of " + request_->method() + " " + escaped(request_->target()) + ": only " +
                            std::to_string(body_read_) + " bytes came in time",
                        request_timeout);
}

void HttpConnection::send_continue() {
    awaits_continue_ = false;
    out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    send_now();
}

Coro<std::optional<std::string>> HttpConnection::next_piece() {
    std::string bytes;
    for (;;) {
        const Piece piece = take_piece(bytes);
        if (piece == Piece::some) co_return bytes;
        if (piece == Piece::last) co_return std::nullopt;
        co_await more_body();
    }
}

Coro<> HttpConnection::read_all(std::string& to) {
    const auto length = request_->head().content_length;
    if (length && !is_body_over_) {
        to.reserve(to.size() + std::min<std::uint64_t>(*length - body_read_, most_reserved));
    }
    for (;;) {
        const Piece piece = take_piece(to);
        if (piece == Piece::last) co_return;
        if (piece == Piece::none) co_await more_body();
    }
}

bool HttpConnection::may_drain() const noexcept {
    if (is_body_over_) return true;
    if (awaits_continue_) return false;  // the client may send the body or another request
    return request_->head().content_length.value_or(body_read_) - body_read_ <= most_drained;
}

// Reads what the handler has left of the body. False: that is too much, or does not come.
Coro<bool> HttpConnection::drain() {
    const std::uint64_t most = body_read_ + most_drained;
    std::string dropped;
    try {
        for (;;) {
            const Piece piece = take_piece(dropped);
            dropped.clear();
            if (piece == Piece::last) co_return true;
            if (body_read_ > most) co_return false;
            if (piece == Piece::none) co_await more_body();
        }
    } catch (const std::exception&) {  // the answer has been given: there is nobody to tell
        co_return false;
    }
}

Coro<bool> HttpConnection::more(std::int64_t deadline) {
    read_deadline_.begin(deadline);
    const struct Ended {
        ReadDeadline& limit;
        ~Ended() { limit.end(); }
    } ended{read_deadline_};
    co_await transport_.more();
    co_return !read_deadline_.has_passed() || has_news();
}

void ReadDeadline::begin(std::int64_t when) {
    when_ = when;
    has_passed_ = false;
    if (when_ < due_) arm();
}

void ReadDeadline::arm() {
    timer_.cancel();
    due_ = Backend::forever;
    timer_ = loop_.call_at(TimePoint(TimePoint::duration(when_)), [this] { look(); });
    due_ = when_;
}

void ReadDeadline::look() {
    due_ = Backend::forever;
    if (when_ > loop_.now()) {
        if (when_ != Backend::forever) arm();
        return;
    }
    has_passed_ = true;
    transport_.stir();
}

Coro<> serve_connection(Shared<HttpServerState> server, StreamReader reader, StreamWriter writer) {
    if (server->is_full() && !server->end_longest_idle()) {
        constexpr std::string_view refusal =
            "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
        writer.write_nowait(refusal);
        reader.transport()->close_lingering();
        co_return;
    }
    HttpConnection connection(*server, std::move(reader), std::move(writer));
    co_await connection.run();
}

}  // namespace hocket::http
