// SPDX-License-Identifier: MIT
// A session's requests: what is made of their options, their time limit, their middlewares.
#include <hocket/http/client_session.h>

#include <hocket/flow/timeout.h>
#include <hocket/http/client_exchange_internal.h>
#include <hocket/http/client_session_internal.h>

#include <cstdint>
#include <vector>

namespace hocket::http {

namespace {

Url resolve(const SessionState& session, const std::string& url) {
    return session.defaults.base.empty() ? Url::parse(url) : session.defaults.base.join(url);
}

Shared<ClientTrace> begin_trace(SessionState& session, const RequestName& name) {
    if (!session.trace) return nullptr;
    auto trace = Shared<ClientTrace>::make(session.trace, ++session.requests, name.method, name.url);
    trace->tell(Trace::request_start);
    return trace;
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

bool is_strict(const SessionState& session, const RequestOptions& options) {
    return options.raise_for_status.value_or(session.options.raise_for_status);
}

// What is thrown to the caller for the exception that is being handled, and is told before.
[[noreturn]] void fail(const ClientRequest& request, const Terms& terms, const Timeout& limit) {
    try {
        try {
            throw;
        } catch (const PhaseTimeout&) {  // another limit, that has passed inside
            throw;
        } catch (const TimeoutError&) {
            if (!limit.expired()) throw;
        }
        throw TimeoutError(request.name().text() + ": " + terms.deadline.text());
    } catch (const std::exception& e) {
        tell(terms.trace, Trace::request_error, 0, e.what());
        throw;
    } catch (const CancelledError&) {
        tell(terms.trace, Trace::request_error, 0, "cancelled");
        throw;
    }
}

// A request as the program makes it, and what is made of that. In a block of its own, since it is handed on as it is, and its coroutine is to find
// place in the free lists.
struct Wanted final : Pooled {
    Wanted(std::string&& m, std::string&& u, RequestOptions&& o)
        : method(std::move(m)), url(std::move(u)), options(std::move(o)) {}

    std::string method, url;
    RequestOptions options;
    Url target = {};
    Terms terms = {};
    FormBody form = {};
};
static_assert(sizeof(Wanted) <= FramePool::largest);

// `raises`: whether a status of 400 or more is an error, and nobody else sees to that.
Coro<ClientResponse> run_request(SessionHandle session, Unique<Wanted> wanted, bool raises) {
    SessionState& state = *session;
    if (state.pool.is_closed()) throw RuntimeError("Session is closed");
    wanted->target = resolve(state, wanted->url);
    RequestOptions& options = wanted->options;
    Terms& terms = wanted->terms = make_terms(state.options, options, wanted->target);
    if (terms.deadline.limit.count() != 0) terms.deadline.when = get_running_loop().time_after(terms.deadline.limit);
    if (!options.multipart.empty())
        wanted->form = co_await make_form_in_time(std::move(options.multipart), wanted->method, wanted->target, terms);
    ClientRequest request(wanted->method, std::move(wanted->target), state.options, state.defaults, options,
                          std::move(wanted->form));
    terms.trace = begin_trace(state, request.name());
    Timeout limit;
    try {
        ClientResponse response = co_await timeout_at(terms.deadline.when, [&](Timeout& entered) {
            limit = entered;
            return follow(state, request, options, terms);
        });
        if (raises) response.raise_for_status();
        tell(terms.trace, Trace::request_end, response.status());
        co_return response;
    } catch (...) {
        fail(request, terms, limit);
    }
}

// The middlewares from `index` on, and then the request itself.
Coro<ClientResponse> run_from(SessionHandle session, std::size_t index, OutgoingRequest request) {
    const std::vector<ClientMiddleware>& all = session->options.middlewares;
    if (index == all.size()) {
        auto wanted =
            Unique<Wanted>::make(std::move(request.method), std::move(request.url), std::move(request.options));
        co_return co_await run_request(session, std::move(wanted), false);
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

HOCKET_CORO_WRAPPER Coro<ClientResponse> start(const SessionHandle& session, std::string&& method, std::string&& url,
                                               RequestOptions&& options) {
    if (!session || session->options.middlewares.empty()) {
        const bool raises = session && is_strict(*session, options);
        return run_request(session, Unique<Wanted>::make(std::move(method), std::move(url), std::move(options)),
                           raises);
    }
    return run_with_middlewares(session,
                                {.method = std::move(method), .url = std::move(url), .options = std::move(options)});
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
