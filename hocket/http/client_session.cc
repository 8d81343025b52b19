// SPDX-License-Identifier: MIT
// What becomes of a request: a connection, an exchange, redirects, a time limit.
#include <hocket/http/client_session.h>

#include <hocket/base/memory.h>
#include <hocket/flow/timeout.h>
#include <hocket/http/client_auth_internal.h>
#include <hocket/http/client_request_internal.h>
#include <hocket/http/netrc_internal.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace hocket::http {

class SessionState final : public Pooled {
public:
    explicit SessionState(SessionOptions given)
        : options(checked(std::move(given))),
          base(options.base_url.empty() ? Url() : Url::parse(options.base_url)),
          jar(options.cookie_jar ? *options.cookie_jar : CookieJar()),
          pool(*new ConnectionPool(options)) {}
    SessionState(const SessionState&) = delete;
    SessionState& operator=(const SessionState&) = delete;

    void share() noexcept { ++refs_; }
    void drop() noexcept {
        if (--refs_ == 0) delete this;
    }

    const SessionOptions options;
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

Coro<Lease> connect(ConnectionPool& pool, const ClientRequest& request, std::string origin, bool fresh) {
    try {
        Lease lease = co_await pool.acquire(request.name().url, std::move(origin), fresh);
        if (lease) co_return lease;
    } catch (const OSError& e) {
        throw ClientConnectionError(request.name().text() + ": " + e.what());
    }
    throw ClientConnectionError(request.name().text() + ": the session was closed");
}

// One request and the head of its response.
Coro<ClientResponse> exchange(ConnectionPool& pool, const ClientRequest& request, Deadline deadline) {
    const std::string head = request.head();
    const std::string origin = request.name().url.origin();
    for (bool again = false;; again = true) {
        Lease lease;
        if (!again) lease = pool.reuse(origin);
        if (!lease) lease = co_await connect(pool, request, origin, again);
        try {
            lease->send(head, request.body());
            ResponseHead response = co_await lease->read_head(request.name().method, request.keeps_alive());
            if (response.status >= 400) lease->stop_sending();
            ResponseHandle state(new ResponseState(request.name(), std::move(response), std::move(lease), deadline));
            if (request.decodes()) state->decode_within(*request.decodes());
            co_return ClientResponse(std::move(state));
        } catch (const Lost& lost) {
            if (lease->body_error()) std::rethrow_exception(lease->body_error());
            const bool try_again = lost.before_answer && lease->is_used_again && !again && request.is_idempotent() &&
                                   request.body().can_repeat();
            if (!try_again || pool.is_closed()) throw_lost(request, pool, lost);
        } catch (const ProtocolError& e) {
            throw ClientResponseError(request.name().text() + ": " + e.what());
        }
    }
}

// Sends it, and once more where the answer asks who sends it.
Coro<ClientResponse> exchange_with_state(SessionState& session, ClientRequest& request, Deadline deadline) {
    ClientAuth auth(session.digests);
    for (;;) {
        request.set_cookies(session.jar.filter_cookies(request.name().url));
        auth.sign(request);
        ClientResponse response = co_await exchange(session.pool, request, deadline);
        session.jar.update_from_response(response.headers(), response.url());
        const bool answers =
            auth.takes_challenge(request, response.state()->head);  // and is remembered for the next request
        if (!answers || !request.body().can_repeat()) co_return response;
    }
}

Coro<ClientResponse> follow(SessionState& session, ClientRequest& request, const RequestOptions& options,
                            Deadline deadline) {
    std::vector<Url> history;
    if (request.auth().scheme() == Auth::Scheme::netrc) {
        std::optional<BasicAuth> found = co_await read_netrc(request.auth().secret(), request.name().url.hostname());
        request.set_auth(found ? Auth(std::move(*found)) : Auth());
    }
    for (;;) {
        ClientResponse response = co_await exchange_with_state(session, request, deadline);
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
    }
}

Url resolve(const SessionState& session, const std::string& url) {
    return session.base.empty() ? Url::parse(url) : session.base.join(url);
}

Coro<ClientResponse> run_request(SessionHandle session, std::string method, std::string url, RequestOptions options) {
    if (session->pool.is_closed()) throw RuntimeError("Session is closed");
    FormBody form;
    if (!options.multipart.empty()) form = co_await make_form_body(std::move(options.multipart));
    ClientRequest request(method, resolve(*session, url), session->options, session->base, options, std::move(form));
    Deadline deadline;
    deadline.limit = options.timeout.count() == default_timeout.count() ? session->options.timeout : options.timeout;
    if (deadline.limit.count() > 0) deadline.when = get_running_loop().time_after(deadline.limit);
    try {
        ClientResponse response = co_await timeout_at(deadline.when, follow(*session, request, options, deadline));
        if (options.raise_for_status.value_or(session->options.raise_for_status)) response.raise_for_status();
        co_return response;
    } catch (const TimeoutError&) {
        throw TimeoutError(request.name().text() + ": " + deadline.text());
    }
}

}  // namespace

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
    return run_request(state_, std::move(method), std::move(url), std::move(options));
}

HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::get(std::string url, RequestOptions options) const {
    return request("GET", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::head(std::string url, RequestOptions options) const {
    return request("HEAD", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::options(std::string url, RequestOptions options) const {
    return request("OPTIONS", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::post(std::string url, RequestOptions options) const {
    return request("POST", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::put(std::string url, RequestOptions options) const {
    return request("PUT", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::patch(std::string url, RequestOptions options) const {
    return request("PATCH", std::move(url), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<ClientResponse> ClientSession::delete_(std::string url, RequestOptions options) const {
    return request("DELETE", std::move(url), std::move(options));
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
