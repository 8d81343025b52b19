// SPDX-License-Identifier: MIT
// One connection of an HTTP server, and what all of a server's connections share.
#pragma once

#include <hocket/core/gate.h>
#include <hocket/core/handle.h>
#include <hocket/core/task.h>
#include <hocket/http/forwarded_internal.h>
#include <hocket/http/http1_parser.h>
#include <hocket/http/http_server.h>
#include <hocket/net/server.h>
#include <hocket/net/stream_reader.h>
#include <hocket/net/stream_writer.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

class HttpConnection;

/// What the handles of a server and its connections share.
class HttpServerState {
public:
    /// `secure`: the connections are as good as those by TLS, though they are in memory.
    HttpServerState(const Application& application, const ServeOptions& serve_options, bool secure = false)
        : app(application),
          options(serve_options),
          is_secure(secure || serve_options.tls),
          proxies(serve_options.trusted_proxies, serve_options.forwarded_fields) {}
    HttpServerState(const HttpServerState&) = delete;
    HttpServerState& operator=(const HttpServerState&) = delete;

    const Application app;
    const ServeOptions options;
    const bool is_secure;
    const DecodeLimits decode_limits{.size = options.limits.body.value_or(Limits::usual_body)};
    const TrustedProxies proxies;
    Task<> ending;            // what the application does at the end, if anything
    bool runs_hooks = false;  // that has begun
    std::uint64_t requests = 0;
    WaitPoint closing_point{"HttpServer.serve_forever"};

    bool closing() const noexcept { return is_closing_; }
    /// Idle connections end now, others after their request. False: that was so before.
    bool close() noexcept;
    /// Whether a connection from which nothing has come yet may go on.
    bool awaits_first() const noexcept { return awaits_first_; }
    /// Whether the loop has seen since the close what the system had.
    bool has_looked() const noexcept { return has_looked_; }
    /// Before the close. `looked` is called when the loop has had time to see what the system has: receives that are in flight end with what has come.
    /// `over` is called when first requests are not waited for any more. They call `has_looked(awaits_first)`.
    void await_late_requests(Function<void()> looked, Function<void()> over);
    void has_looked(bool awaits_first) noexcept;
    /// Calls `f` when the time for that is over, unless all connections have ended before.
    void when_time_is_over(Function<void()> f);
    void abort() noexcept;
    /// Waits until every connection's task has ended, which may be later than its client went.
    Coro<> wait_ended();

    /// Whether there is room for a connection that the system has accepted, beside so many of its address.
    bool admits(std::size_t clients) noexcept;
    /// False: none is idle.
    bool end_longest_idle() noexcept;
    bool is_full() const noexcept { return options.max_connections != 0 && count_ >= options.max_connections; }
    std::size_t count() const noexcept { return count_; }
    EventLoop& loop() const noexcept { return loop_; }
    void add(HttpConnection& connection) noexcept;
    void remove(HttpConnection& connection) noexcept;

    /// `Date: Sun, 06 Nov 1994 08:49:37 GMT` with its CRLF: made once a second. `now`: the loop's time.
    std::string_view date_line(EventLoop& loop, std::int64_t now);

private:
    void end_idle() noexcept;

    HttpConnection* first_ = nullptr;
    std::size_t count_ = 0;
    bool is_closing_ = false;
    bool awaits_first_ = false;
    bool has_looked_ = false;
    struct Ended final : WaitPoint {
        const HttpServerState& server;
        explicit Ended(const HttpServerState& s) noexcept : WaitPoint("HttpServer.wait_closed"), server(s) {}
        void describe(AwaitDescription& to) const override;
    };
    Ended ended_{*this};
    EventLoop& loop_ = get_running_loop();
    Handle grace_;
    Handle look_, first_time_;
    std::string date_;
    std::int64_t date_until_ = INT64_MIN;  // of the loop's time
};

/// The time limit of one wait for a peer's bytes after another. Most end later than the one before, and so its timer stands, and sees when it is due
/// how much time is left.
class ReadDeadline {
public:
    ReadDeadline(EventLoop& loop, Transport& transport) noexcept : loop_(loop), transport_(transport) {}
    ReadDeadline(const ReadDeadline&) = delete;
    ReadDeadline& operator=(const ReadDeadline&) = delete;
    ~ReadDeadline() { timer_.cancel(); }

    /// Whoever waits for the transport is woken then, in the loop's nanoseconds, unless `end` comes before.
    void begin(std::int64_t when);
    void end() noexcept { when_ = Backend::forever; }
    /// Whether it has woken who waited since `begin`.
    bool has_passed() const noexcept { return has_passed_; }

private:
    void arm();
    void look();

    EventLoop& loop_;
    Transport& transport_;
    std::int64_t when_ = Backend::forever;  // which no wait has an end at
    std::int64_t due_ = Backend::forever;   // the timer
    bool has_passed_ = false;
    Handle timer_;
};

/// Reads requests, one after the other, has them answered, and writes the answers: in one task, and a second while an answer is streamed.
class HttpConnection final : public BodySource {
public:
    HttpConnection(HttpServerState& server, StreamReader reader, StreamWriter writer);
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;
    ~HttpConnection();

    /// Until the connection ends. Throws only CancelledError, and what leaves the loop.
    Coro<> run();

    // For the server.

    /// No request may follow.
    void end_soon() noexcept;
    void abort() noexcept;
    /// Whether nobody would miss it: it waits for a request, and has nothing to send.
    bool can_make_room() const noexcept;
    std::int64_t idle_since() const noexcept { return begun_; }
    void make_room() noexcept;

    // For the request.

    Coro<std::optional<std::string>> next_piece() override;
    Coro<> read_all(std::string& to) override;
    Address peername() const override { return writer_.peername(); }
    const DecodeLimits* decode_limits() const noexcept override {
        return server_.options.auto_decompress ? &server_.decode_limits : nullptr;
    }
    bool is_secure() const override { return server_.is_secure; }
    const TrustedProxies& proxies() const override { return server_.proxies; }

    HttpConnection *newer = nullptr, *older = nullptr;  // in the server's list

private:
    // What the bytes that have come are: not enough, a request, or none.
    enum class Found : std::uint8_t { nothing, request, error };

    // Requests.
    Found find_request();
    Coro<Found> wait_for_request();
    void begin_request(RequestHead&& head);
    void refuse(int status, std::string_view why);

    // Their bodies.
    enum class Piece : std::uint8_t { none, some, last };
    Piece take_piece(std::string& to);
    Coro<> more_body();
    void send_continue();
    bool may_drain() const noexcept;
    Coro<bool> drain();

    /// Whether it waits for a request, and nothing has come.
    bool may_end() const noexcept;

    // Handlers that end with their client.
    bool wants_cancellation() const noexcept;
    Coro<Response> finish_watched(Coro<Response> handler);

    /// A line for the access log, once for each request.
    void log(int status) noexcept;
    void log_refused(int status) noexcept;

    // Answers.
    void begin_answer(Response& answer);
    void write_head_of(Response& answer);
    void keep_for_log(const ResponseHead& head, std::string_view type);
    void send_now(bool is_followed = false) noexcept;
    Coro<> send(std::string_view bytes, bool is_body = false);
    Coro<> flush();
    /// By the system itself, if it can. False: what is left is to be read.
    Coro<bool> send_file(FilePart& part);
    Coro<> send_watched(Response::Pieces pieces);
    Coro<> send_pieces(Response::Pieces pieces);
    Coro<> watch();
    /// Gives up: the client sees that the answer is not whole.
    void lose() noexcept;
    class Patience;
    void report(const char* what, const std::exception_ptr& error) const noexcept;
    Coro<> finish();

    /// Waits for bytes, the end, or an error. False: not before `deadline`.
    Coro<bool> more(std::int64_t deadline);
    bool has_news() const noexcept {
        return !transport_.unread().empty() || transport_.eof() || transport_.exception();
    }
    std::int64_t now() const noexcept { return loop_.now(); }

    EventLoop& loop_;
    HttpServerState& server_;
    StreamReader reader_;
    StreamWriter writer_;
    Transport& transport_;
    ReadDeadline read_deadline_;
    AnyTask task_;
    Http1Parser parser_;
    std::string out_;       // what is to be written next
    std::string lines_;     // header fields that are not the handler's
    std::int64_t begun_;    // when the wait for a request began
    bool is_first_ = true;  // no request has come yet
    bool is_idle_ = false;  // waits for a request of which nothing has come
    bool is_lost_ = false;  // nothing can be sent any more

    // Of the current request.
    std::optional<Request> request_;
    bool keeps_alive_ = false;
    bool is_body_over_ = true;
    bool is_broken_ = false;        // the rest of the input cannot be read
    bool awaits_continue_ = false;  // the client may not send the body before we say so
    std::uint64_t body_read_ = 0;
    std::int64_t body_waited_ = 0;

    // Of its answer.
    bool is_chunked_ = false;
    bool ends_body_ = false;                  // the connection's end does
    std::optional<std::uint64_t> announced_;  // the length of the body
    int status_ = 0;                          // once there is a head
    std::uint64_t with_head_ = 0;             // of the body, in one write with it
    std::uint64_t body_sent_ = 0;             // that was given to the system

    bool watches_ = false;       // its handler ends with the client
    Task<> watching_;            // that it is there, once the body has been read
    bool is_logged_ = true;      // nothing is owed to the access log
    std::int64_t received_ = 0;  // when the request came
    std::string received_date_;  // the same, for the access log
    Headers answered_;           // the answer's fields, for the access log
};

/// A connection from its beginning to its end.
Coro<> serve_connection(Shared<HttpServerState> server, StreamReader reader, StreamWriter writer);

}  // namespace hocket::http
