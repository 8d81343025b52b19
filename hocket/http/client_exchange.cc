// SPDX-License-Identifier: MIT
// What becomes of a request: a connection, an exchange, repetitions, a challenge, redirects.
#include <hocket/http/client_exchange_internal.h>

#include <hocket/http/client_dialer_internal.h>
#include <hocket/http/http_date.h>
#include <hocket/http/netrc_internal.h>
#include <hocket/http/reading_internal.h>
#include <hocket/net/tls_error.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace hocket::http {

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

Shared<const ClientRoute> find_route(SessionState& session, const RequestName& name, const Terms& terms) {
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

constexpr std::size_t most_kept = 4 << 10;  // memory for the next request's head

// Whether a kept connection may be used. Each that is lost before its answer takes a request one step further.
enum class Reuse : std::uint8_t {
    unasked,  // also one of which the system was not asked whether it is still good
    asked,
    no,
};

Reuse first_reuse(const ClientRequest& request) {
    const std::string& method = request.name().method;
    return (method == "GET" || method == "HEAD") && can_repeat(request) ? Reuse::unasked : Reuse::asked;
}

// One request and the head of its response. Each sending has the cookies and the signature of its own time.
Coro<ClientResponse> exchange_once(SessionState& session, ClientRequest& request, ClientAuth& auth, const Terms& terms,
                                   Attempt& attempt) {
    ConnectionPool& pool = session.pool;
    const RequestName& name = request.name();
    const Shared<const ClientRoute> route = find_route(session, name, terms);
    for (Reuse reuse = first_reuse(request);;) {
        request.set_cookies(session.jar.filter_cookies(name.url));
        auth.sign(request);
        std::string head = std::exchange(session.spare_text, {});
        head.clear();
        request.write_head_to(head, *route);
        Lease lease;
        if (reuse != Reuse::no) lease = pool.reuse(*route, reuse == Reuse::unasked);
        if (!lease) lease = co_await connect(session, name, *route, terms, reuse == Reuse::no, attempt);
        attempt.is_sent = true;
        if (lease->is_used_again) tell(terms.trace, Trace::reuse);
        set_limits(lease, name, terms);
        std::optional<ResponseHandle> response;
        bool is_refused = false;
        try {
            lease->send(head, request.body());
            if (head.capacity() <= most_kept) session.spare_text = std::move(head);
            tell(terms.trace, Trace::request_sent);
            ResponseHead answer;
            co_await lease->read_head(name.method, request.keeps_alive(), answer);
            tell(terms.trace, Trace::response_start, answer.status);
            is_refused = answer.status >= 400 || answer.status == 307 || answer.status == 308;
            if (is_refused) lease->stop_sending();
            response.emplace(new ResponseState(name, std::move(answer), std::move(lease), terms.deadline, terms.trace));
            if (request.decodes()) (*response)->decode_within(*request.decodes());
        } catch (const Lost& lost) {
            if (lease->body_error()) std::rethrow_exception(lease->body_error());
            attempt.is_answered = !lost.before_answer;
            const bool try_again =
                lost.before_answer && lease->is_used_again && reuse != Reuse::no && can_repeat(request);
            if (!try_again || pool.is_closed()) throw_lost(request, pool, lost);
            reuse = lease->is_unasked ? Reuse::asked : Reuse::no;
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
    const RetryOptions& retry = *terms.retry;
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
    if (terms.retry->attempts > 1) return exchange_often(session, request, auth, terms);
    return exchange_once(session, request, auth, terms, attempt);
}

}  // namespace

Coro<ClientResponse> follow(SessionState& session, ClientRequest& request, const RequestOptions& options,
                            const Terms& terms) {
    const bool follows = options.allow_redirects.value_or(session.options.allow_redirects);
    const int most = options.max_redirects.value_or(session.options.max_redirects);
    std::vector<Url> history;
    if (request.auth().scheme() == Auth::Scheme::netrc) {
        std::optional<BasicAuth> found = co_await read_netrc(request.auth().secret(), request.name().url.hostname());
        request.set_auth(found ? Auth(std::move(*found)) : Auth());
    }
    ClientAuth auth(session.digests);
    for (;;) {
        Attempt attempt;
        ClientResponse response = co_await exchange(session, request, auth, terms, attempt);
        session.jar.update_from_response(response.headers(), response.url());
        const bool answers =
            auth.takes_challenge(request, response.state()->head);  // and is remembered for the next request
        if (answers && request.body().can_repeat()) continue;
        std::optional<Url> next;
        if (follows) next = request.redirected(response.state()->head);
        if (!next) {
            response.state()->history = std::move(history);
            co_return response;
        }
        if (history.size() >= static_cast<std::size_t>(std::max(most, 0))) {
            const Url& first = history.empty() ? response.url() : history.front();
            throw TooManyRedirects(request.name().method + ' ' + first.str() + ": more than " +
                                       std::to_string(std::max(most, 0)) + " redirects, the last to " +
                                       without_user(*next).str(),
                                   response.status());
        }
        history.push_back(response.url());
        request.go_to(*next, response.status());
        auth = ClientAuth(session.digests);
        if (terms.trace) {
            terms.trace->aim(request.name().method, request.name().url);
            terms.trace->tell(Trace::redirect, response.status());
        }
    }
}

}  // namespace hocket::http
