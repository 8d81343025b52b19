// SPDX-License-Identifier: MIT
// What becomes of a request: a connection, an exchange, redirects, a time limit.
#include <hocket/http/client_session.h>

#include <hocket/base/memory.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/timeout.h>
#include <hocket/http/client_auth_internal.h>
#include <hocket/http/client_dialer_internal.h>
#include <hocket/http/client_request_internal.h>
#include <hocket/http/client_route_internal.h>
#include <hocket/http/client_trace_internal.h>
#include <hocket/http/http_date.h>
#include <hocket/http/netrc_internal.h>
#include <hocket/http/reading_internal.h>
#include <hocket/net/tls_error.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace hocket::http {

class SessionState final : public Pooled {
public:
    explicit SessionState(SessionOptions given)
        : trace(given.trace ? Shared<const TraceSink>(Shared<TraceSink>::make(std::move(given.trace))) : nullptr),
          options(checked(std::move(given))),
          routes(options),
          base(options.base_url.empty() ? Url() : Url::parse(options.base_url)),
          jar(options.cookie_jar ? *options.cookie_jar : CookieJar()),
          pool(*new ConnectionPool(options)) {}
    SessionState(const SessionState&) = delete;
    SessionState& operator=(const SessionState&) = delete;

    void share() noexcept { ++refs_; }
    void drop() noexcept {
        if (--refs_ == 0) delete this;
    }

    const Shared<const TraceSink> trace;  // null: nobody listens
    std::uint64_t requests = 0;           // that were traced
    const SessionOptions options;
    ClientRoutes routes;
    const Url base;  // empty: every URL is absolute
    CookieJar jar;
    DigestMemory digests;
    ConnectionPool& pool;

private:
    ~SessionState() { pool.drop(); }
    static SessionOptions checked(SessionOptions given) {
        static_cast<void>(write_cookies(given.cookies));  // throws for what cannot be sent
        return given;
    }

    std::uint32_t refs_ = 1;
};

namespace {

[[noreturn]] void throw_lost(const ClientRequest& request, const ConnectionPool& pool, const Lost& lost) {
    const std::string prefix = request.name().text() + ": ";
    if (pool.is_closed()) throw ClientConnectionError(prefix + "the session was closed");
    throw ServerDisconnectedError(prefix + lost.why);
}

[[noreturn]] void throw_no_connection(const std::string& prefix, const NoConnection& e) {
    switch (e.kind) {
        case NoConnection::Kind::proxy:
        case NoConnection::Kind::refused: throw ClientProxyError(prefix + e.why);
        case NoConnection::Kind::proxy_status: throw ClientHttpProxyError(prefix + e.why, e.status);
        case NoConnection::Kind::protocol:
        case NoConnection::Kind::proxy_tls: throw ClientTlsError(prefix + e.why);
        case NoConnection::Kind::fingerprint: throw ServerFingerprintMismatch(prefix + e.why);
    }
    throw ClientConnectionError(prefix + e.why);
}

// What is known of an exchange that has failed.
struct Attempt {
    bool is_sent = false;      // it may have reached the server
    bool is_answered = false;  // a part of an answer has come
    bool is_refused = false;   // by a proxy, which will do so again
};

Coro<Lease> connect(const SessionState& session, const RequestName& name, const ClientRoute& route, const Terms& terms,
                    bool fresh, Attempt& attempt) {
    try {
        Lease lease = co_await session.pool.acquire(session.options, route, terms, fresh);
        if (lease) co_return lease;
    } catch (const TlsCertVerificationError& e) {
        throw ClientCertificateError(name.text() + ": " + e.what());
    } catch (const TlsError& e) {
        throw ClientTlsError(name.text() + ": " + e.what());
    } catch (const OSError& e) {
        throw ClientConnectionError(name.text() + ": " + e.what());
    } catch (const NoConnection& e) {
        attempt.is_refused = e.kind == NoConnection::Kind::refused;
        throw_no_connection(name.text() + ": ", e);
    } catch (const PoolTimeout& e) {
        throw PoolTimeout(name.text() + ": " + e.what());
    } catch (const ConnectTimeout& e) {
        throw ConnectTimeout(name.text() + ": " + e.what());
    }
    throw ClientConnectionError(name.text() + ": the session was closed");
}

ClientRoute find_route(SessionState& session, const RequestName& name, const Terms& terms) {
    try {
        return session.routes.find(name.url, terms);
    } catch (const OSError& e) {
        throw ClientTlsError(name.text() + ": " + e.what());
    }
}

void set_limits(const Lease& lease, const RequestName& name, const Terms& terms) {
    const bool has_limit = terms.timeouts.sock_read.count() != 0 || terms.timeouts.write.count() != 0;
    lease->set_limits({.read = terms.timeouts.sock_read,
                       .write = terms.timeouts.write,
                       .request = has_limit ? Shared<const std::string>::make(name.text()) : nullptr});
}

// Sent twice, it does no more than once, and its body is there a second time.
bool can_repeat(const ClientRequest& request) { return request.is_idempotent() && request.body().can_repeat(); }

// A body that is still sent when the head of the answer is there. Who refuses wants no more of it. Where a success is whole already, nobody need
// read it: so the request itself waits until all is sent.
Coro<> see_to_body(ResponseHandle response, bool is_refused) {
    if (is_refused) co_return co_await response->end_sending();
    if (!response->is_over()) co_return;
    std::exception_ptr error;
    try {
        co_return co_await response->finish_sending();
    } catch (...) {
        error = std::current_exception();
    }
    response->close();
    co_await response->end_sending();
    std::rethrow_exception(error);
}

// One request and the head of its response. Each sending has the cookies and the signature of its own time.
Coro<ClientResponse> exchange_once(SessionState& session, ClientRequest& request, ClientAuth& auth, const Terms& terms,
                                   Attempt& attempt) {
    ConnectionPool& pool = session.pool;
    const RequestName& name = request.name();
    const ClientRoute route = find_route(session, name, terms);
    for (bool again = false;; again = true) {
        request.set_cookies(session.jar.filter_cookies(name.url));
        auth.sign(request);
        const std::string head = request.head(route);
        Lease lease;
        if (!again) lease = pool.reuse(route);
        if (!lease) lease = co_await connect(session, name, route, terms, again, attempt);
        attempt.is_sent = true;
        if (lease->is_used_again) tell(terms.trace, Trace::reuse);
        set_limits(lease, name, terms);
        std::optional<ResponseHandle> response;
        bool is_refused = false;
        try {
            lease->send(head, request.body());
            tell(terms.trace, Trace::request_sent);
            ResponseHead answer = co_await lease->read_head(name.method, request.keeps_alive());
            tell(terms.trace, Trace::response_start, answer.status);
            is_refused = answer.status >= 400 || answer.status == 307 || answer.status == 308;
            if (is_refused) lease->stop_sending();
            response.emplace(new ResponseState(name, std::move(answer), std::move(lease), terms.deadline, terms.trace));
            if (request.decodes()) (*response)->decode_within(*request.decodes());
        } catch (const Lost& lost) {
            if (lease->body_error()) std::rethrow_exception(lease->body_error());
            attempt.is_answered = !lost.before_answer;
            const bool try_again = lost.before_answer && lease->is_used_again && !again && can_repeat(request);
            if (!try_again || pool.is_closed()) throw_lost(request, pool, lost);
        } catch (const TlsError& e) {
            throw ClientTlsError(name.text() + ": " + e.what());
        } catch (const ProtocolError& e) {
            throw ClientResponseError(name.text() + ": " + e.what());
        }
        if (!response) continue;
        if ((*response)->is_sending()) co_await see_to_body(*response, is_refused);
        co_return ClientResponse(std::move(*response));
    }
}

// ---- Repetitions

// RFC 9110, 10.2.3: seconds, or a date; one that has passed is no wait.
std::optional<Duration> retry_after(const ResponseHead& head) {
    const auto field = head.headers.get("Retry-After");
    if (!field || (head.status != 429 && head.status != 503)) return std::nullopt;
    if (const auto seconds = read_number<std::uint32_t>(*field)) return std::chrono::seconds(*seconds);
    const std::int64_t now = get_running_loop().backend().wall_time() / 1'000'000'000;
    const auto date = parse_http_date(*field, now);
    if (!date) return std::nullopt;
    return std::chrono::seconds(std::max<std::int64_t>(*date - now, 0));
}

// Up to `backoff`, doubled with each attempt: a random part, lest all come again at once.
Duration backoff_before(int next_attempt, const RetryOptions& retry) {
    std::int64_t most = std::max<std::int64_t>(retry.backoff.count(), 0);
    const std::int64_t limit = std::max<std::int64_t>(retry.max_backoff.count(), 0);
    for (int i = 2; i < next_attempt && most < limit; ++i) most *= 2;
    most = std::min(most, limit);
    const std::uint64_t random = get_running_loop().backend().entropy();
    return std::chrono::nanoseconds(static_cast<std::int64_t>(random % (static_cast<std::uint64_t>(most) + 1)));
}

// What an exchange that failed leaves to try: why, and how long to wait before; nothing: a while.
struct Repetition {
    std::string why = {};
    std::optional<Duration> pause = {};
};

Coro<ClientResponse> exchange_often(SessionState& session, ClientRequest& request, ClientAuth& auth,
                                    const Terms& terms) {
    const RetryOptions& retry = terms.retry;
    for (int number = 1;; ++number) {
        const bool is_last = number >= retry.attempts;
        Attempt attempt;
        Repetition repetition;
        try {
            ClientResponse response = co_await exchange_once(session, request, auth, terms, attempt);
            const auto wanted = retry_after(response.state()->head);
            const bool is_asked = retry.on_retry_after && can_repeat(request) && wanted &&
                                  wanted->count() <= retry.max_retry_after.count();
            if (is_last || !is_asked) co_return response;
            session.jar.update_from_response(response.headers(), response.url());
            repetition = {.why = std::to_string(response.status()), .pause = wanted};
        } catch (const ClientTlsError&) {
            throw;
        } catch (const ClientConnectionError& e) {
            const bool may_repeat = !attempt.is_sent || (can_repeat(request) && !attempt.is_answered);
            if (is_last || !may_repeat || attempt.is_refused || session.pool.is_closed()) throw;
            repetition.why = e.what();
        } catch (const ConnectTimeout& e) {
            if (is_last || (attempt.is_sent && !can_repeat(request))) throw;
            repetition.why = e.what();
        }
        tell(terms.trace, Trace::retry, 0, repetition.why);
        co_await session.pool.pause(repetition.pause ? *repetition.pause : backoff_before(number + 1, retry));
    }
}

HOCKET_CORO_WRAPPER Coro<ClientResponse> exchange(SessionState& session, ClientRequest& request, ClientAuth& auth,
                                                  const Terms& terms, Attempt& attempt) {
    if (terms.retry.attempts > 1) return exchange_often(session, request, auth, terms);
    return exchange_once(session, request, auth, terms, attempt);
}

// Sends it, and once more where the answer asks who sends it.
Coro<ClientResponse> exchange_with_state(SessionState& session, ClientRequest& request, const Terms& terms) {
    ClientAuth auth(session.digests);
    Attempt attempt;
    for (;;) {
        ClientResponse response = co_await exchange(session, request, auth, terms, attempt);
        session.jar.update_from_response(response.headers(), response.url());
        const bool answers =
            auth.takes_challenge(request, response.state()->head);  // and is remembered for the next request
        if (!answers || !request.body().can_repeat()) co_return response;
    }
}

Coro<ClientResponse> follow(SessionState& session, ClientRequest& request, const RequestOptions& options,
                            const Terms& terms) {
    std::vector<Url> history;
    if (request.auth().scheme() == Auth::Scheme::netrc) {
        std::optional<BasicAuth> found = co_await read_netrc(request.auth().secret(), request.name().url.hostname());
        request.set_auth(found ? Auth(std::move(*found)) : Auth());
    }
    for (;;) {
        ClientResponse response = co_await exchange_with_state(session, request, terms);
        std::optional<Url> next;
        if (options.allow_redirects) next = request.redirected(response.state()->head);
        if (!next) {
            response.state()->history = std::move(history);
            co_return response;
        }
        if (history.size() >= static_cast<std::size_t>(std::max(options.max_redirects, 0))) {
            const Url& first = history.empty() ? response.url() : history.front();
            throw TooManyRedirects(request.name().method + ' ' + first.str() + ": more than " +
                                       std::to_string(options.max_redirects) + " redirects, the last to " +
                                       without_user(*next).str(),
                                   response.status());
        }
        history.push_back(response.url());
        request.go_to(*next, response.status());
        if (terms.trace) {
            terms.trace->aim(request.name().method, request.name().url);
            terms.trace->tell(Trace::redirect, response.status());
        }
    }
}

Url resolve(const SessionState& session, const std::string& url) {
    return session.base.empty() ? Url::parse(url) : session.base.join(url);
}

Shared<ClientTrace> begin_trace(SessionState& session, const RequestName& name) {
    if (!session.trace) return nullptr;
    auto trace = Shared<ClientTrace>::make(session.trace, ++session.requests, name.method, name.url);
    trace->tell(Trace::request_start);
    return trace;
}

// Within the request's time; another limit that passes inside is an error of its own.
Coro<ClientResponse> follow_in_time(SessionState& session, ClientRequest& request, const RequestOptions& options,
                                    const Terms& terms) {
    Timeout limit;
    try {
        co_return co_await timeout_at(terms.deadline.when, [&](Timeout& entered) {
            limit = entered;
            return follow(session, request, options, terms);
        });
    } catch (const PhaseTimeout&) {
        throw;
    } catch (const TimeoutError&) {
        if (!limit.expired()) throw;
    }
    throw TimeoutError(request.name().text() + ": " + terms.deadline.text());
}

Coro<FormBody> make_form_in_time(FormData form, const std::string& method, const Url& url, const Terms& terms) {
    Timeout limit;
    try {
        co_return co_await timeout_at(terms.deadline.when, [&](Timeout& entered) {
            limit = entered;
            return make_form_body(std::move(form));
        });
    } catch (const TimeoutError&) {
        if (!limit.expired()) throw;
    }
    throw TimeoutError(method + ' ' + without_user(url).str() + ": " + terms.deadline.text());
}

// `raises`: whether a status of 400 or more is an error, and nobody else sees to that.
Coro<ClientResponse> run_in_time(SessionState& session, ClientRequest& request, const RequestOptions& options,
                                 const Terms& terms, bool raises) {
    ClientResponse response = co_await follow_in_time(session, request, options, terms);
    if (raises) response.raise_for_status();
    co_return response;
}

// What becomes of the request is told, too.
Coro<ClientResponse> run_traced(SessionState& session, ClientRequest& request, const RequestOptions& options,
                                const Terms& terms, bool raises) {
    try {
        ClientResponse response = co_await run_in_time(session, request, options, terms, raises);
        terms.trace->tell(Trace::request_end, response.status());
        co_return response;
    } catch (const std::exception& e) {
        terms.trace->tell(Trace::request_error, 0, e.what());
        throw;
    } catch (const CancelledError&) {
        terms.trace->tell(Trace::request_error, 0, "cancelled");
        throw;
    }
}

bool is_strict(const SessionState& session, const RequestOptions& options) {
    return options.raise_for_status.value_or(session.options.raise_for_status);
}

Coro<ClientResponse> run_request(SessionHandle session, std::string method, std::string url, RequestOptions options,
                                 bool raises) {
    if (session->pool.is_closed()) throw RuntimeError("Session is closed");
    const Url target = resolve(*session, url);
    Terms terms = make_terms(session->options, options, target.origin());
    if (terms.deadline.limit.count() != 0) terms.deadline.when = get_running_loop().time_after(terms.deadline.limit);
    FormBody form;
    if (!options.multipart.empty())
        form = co_await make_form_in_time(std::move(options.multipart), method, target, terms);
    ClientRequest request(method, target, session->options, session->base, options, std::move(form));
    terms.trace = begin_trace(*session, request.name());
    if (terms.trace) co_return co_await run_traced(*session, request, options, terms, raises);
    co_return co_await run_in_time(*session, request, options, terms, raises);
}

// The middlewares from `index` on, and then the request itself.
Coro<ClientResponse> run_from(SessionHandle session, std::size_t index, OutgoingRequest request) {
    const std::vector<ClientMiddleware>& all = session->options.middlewares;
    if (index == all.size()) {
        co_return co_await run_request(session, std::move(request.method), std::move(request.url),
                                       std::move(request.options), false);
    }
    const NextRequest::Call next = [](const void* handle, std::size_t at, OutgoingRequest outgoing) {
        return run_from(*static_cast<const SessionHandle*>(handle), at, std::move(outgoing));
    };
    co_return co_await all[index](std::move(request), NextRequest(next, &session, index + 1));
}

// The middlewares see every status; who called gets an error for some, if that is wanted.
Coro<ClientResponse> run_with_middlewares(SessionHandle session, OutgoingRequest request) {
    const bool raises = is_strict(*session, request.options);
    ClientResponse response = co_await run_from(session, 0, std::move(request));
    if (raises) response.raise_for_status();
    co_return response;
}

HOCKET_CORO_WRAPPER Coro<ClientResponse> start(const SessionHandle& session, std::string method, std::string&& url,
                                               RequestOptions&& options) {
    if (!session || session->options.middlewares.empty()) {
        const bool raises = session && is_strict(*session, options);
        return run_request(session, std::move(method), std::move(url), std::move(options), raises);
    }
    OutgoingRequest outgoing{.method = std::move(method), .url = std::move(url), .options = std::move(options)};
    return run_with_middlewares(session, std::move(outgoing));
}

}  // namespace

HOCKET_CORO_WRAPPER Coro<ClientResponse> NextRequest::operator()(OutgoingRequest request) const {
    return call_(state_, index_, std::move(request));
}

HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientMiddleware::operator()(OutgoingRequest request, NextRequest next) const {
    return (*function_)(std::move(request), next);
}

SessionHandle::SessionHandle(SessionOptions options) : state_(new SessionState(std::move(options))) {}

SessionHandle::SessionHandle(const SessionHandle& other) noexcept : state_(other.state_) {
    if (state_) state_->share();
}

SessionHandle::~SessionHandle() {
    if (state_) state_->drop();
}

SessionState& SessionHandle::operator*() const {
    if (!state_) throw RuntimeError("this ClientSession was moved away");
    return *state_;
}

ClientSession::ClientSession(SessionOptions options) : state_(std::move(options)) {}

ClientSession::~ClientSession() {
    if (state_) state_->pool.retire();
}

ClientSession& ClientSession::operator=(ClientSession&& other) noexcept {
    const ClientSession before(std::move(*this));
    state_ = std::move(other.state_);
    return *this;
}

HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::request(std::string method, std::string url,
                                                                RequestOptions options) const {
    return start(state_, std::move(method), std::move(url), std::move(options));
}

HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::get(std::string url, RequestOptions options) const {
    return start(state_, "GET", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::head(std::string url, RequestOptions options) const {
    return start(state_, "HEAD", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::options(std::string url, RequestOptions options) const {
    return start(state_, "OPTIONS", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::post(std::string url, RequestOptions options) const {
    return start(state_, "POST", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::put(std::string url, RequestOptions options) const {
    return start(state_, "PUT", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::patch(std::string url, RequestOptions options) const {
    return start(state_, "PATCH", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::delete_(std::string url, RequestOptions options) const {
    return start(state_, "DELETE", std::move(url), std::move(options));
}

// ---- Without a session

namespace {

// A session's state lives with its requests and responses.
Coro<ClientResponse> request_alone(std::string method, std::string url, RequestOptions options) {
    const ClientSession session({.keepalive_timeout = Duration(), .trust_env = true});
    co_return co_await session.request(std::move(method), std::move(url), std::move(options));
}

}  // namespace

HOCKET_CORO_WRAPPER Coro<ClientResponse> request(std::string method, std::string url, RequestOptions options) {
    return request_alone(std::move(method), std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> get(std::string url, RequestOptions options) {
    return request_alone("GET", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> head(std::string url, RequestOptions options) {
    return request_alone("HEAD", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> options(std::string url, RequestOptions options) {
    return request_alone("OPTIONS", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> post(std::string url, RequestOptions options) {
    return request_alone("POST", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> put(std::string url, RequestOptions options) {
    return request_alone("PUT", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> patch(std::string url, RequestOptions options) {
    return request_alone("PATCH", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> delete_(std::string url, RequestOptions options) {
    return request_alone("DELETE", std::move(url), std::move(options));
}

Coro<> ClientSession::close() const {
    const SessionHandle session = state_;
    session->pool.close();
    co_return;
}

CookieJar ClientSession::cookie_jar() const { return state_->jar; }

bool ClientSession::closed() const { return state_->pool.is_closed(); }

Coro<ClientSession&> ClientSession::aenter() { co_return *this; }
Coro<> ClientSession::aexit(std::exception_ptr) const { co_await close(); }

}  // namespace hocket::http
