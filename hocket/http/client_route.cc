// SPDX-License-Identifier: MIT
// From options and URL to a route.
#include <hocket/http/client_route_internal.h>

#include <hocket/http/percent_internal.h>
#include <hocket/net/stream_writer.h>

#include <cstdlib>
#include <utility>

namespace hocket::http {

namespace {

Duration limit_of(Duration request, Duration session) {
    const Duration limit = request.count() == default_timeout.count() ? session : request;
    return limit.count() == default_timeout.count() ? Duration() : limit;
}

// While there is a connection, its context lives, and no other one has its address.
std::string address_of(const TlsContext& context) {
    return std::to_string(reinterpret_cast<std::uintptr_t>(&context.state()));
}

const char* environment(const char* name) { return std::getenv(name); }

ProxySettings proxies_of(const SessionOptions& options) {
    if (!options.proxy.empty()) return ProxySettings::always(Proxy::parse(options.proxy));
    return options.trust_env ? ProxySettings::read(environment) : ProxySettings();
}

// What one option decides, another cannot: it would be ignored.
void refuse_both(bool one, const char* name, bool other, const char* other_name) {
    if (one && other)
        throw ValueError(std::string("of ")
                             .append(name)
                             .append(" and ")
                             .append(other_name)
                             .append(", one: the other would be ignored"));
}

void check_ways(const SessionOptions& session) {
    const bool has_socket = !session.unix_socket.empty(), has_connector = static_cast<bool>(session.connector);
    refuse_both(!session.proxy.empty(), "proxy", has_socket, "unix_socket");
    refuse_both(!session.proxy.empty(), "proxy", has_connector, "connector");
    refuse_both(has_socket, "unix_socket", has_connector, "connector");
    refuse_both(has_socket, "unix_socket", static_cast<bool>(session.local_address), "local_address");
    refuse_both(has_connector, "connector", static_cast<bool>(session.local_address), "local_address");
    refuse_both(has_connector, "connector", static_cast<bool>(session.resolver), "resolver");
    refuse_both(has_connector, "connector", static_cast<bool>(session.tls), "tls");
    refuse_both(has_connector, "connector", !session.fingerprint.empty(), "fingerprint");
    refuse_both(has_connector, "connector", session.dangerously_accept_any_certificate,
                "dangerously_accept_any_certificate");
}

void check_ways(const SessionOptions& session, const RequestOptions& request) {
    const bool has_proxy = request.proxy && !request.proxy->empty();
    const bool has_connector = static_cast<bool>(session.connector);
    refuse_both(has_proxy, "a request's proxy", !session.unix_socket.empty(), "the session's unix_socket");
    refuse_both(has_proxy, "a request's proxy", has_connector, "the session's connector");
    refuse_both(static_cast<bool>(request.tls), "a request's tls", has_connector, "the session's connector");
    refuse_both(!request.fingerprint.empty(), "a request's fingerprint", has_connector, "the session's connector");
    refuse_both(request.dangerously_accept_any_certificate.value_or(false),
                "a request's dangerously_accept_any_certificate", has_connector, "the session's connector");
}

void check_context(const TlsContext& context) {
    if (context && context.is_server())
        throw ValueError("tls: a client cannot use a context made by TlsContext::server");
}

// Whether a URL without user and password is of that origin, of http or https.
bool is_at(const Url& url, std::string_view origin) {
    return url.str().starts_with(origin) && url.str().size() > origin.size() && url.str()[origin.size()] == '/';
}

constexpr const char* contradiction =
    "of tls and dangerously_accept_any_certificate, one: a TlsContext says what it accepts";

TlsTerms tls_of(const SessionOptions& session) {
    if (session.tls && session.dangerously_accept_any_certificate) throw ValueError(contradiction);
    check_context(session.tls);
    return {.context = session.tls,
            .any_certificate = session.dangerously_accept_any_certificate,
            .fingerprint = parse_fingerprint(session.fingerprint)};
}

// What is said of one request goes before what the session says, be it of the one kind or of the other. Nothing: it says nothing.
std::optional<TlsTerms> tls_of(const RequestOptions& options, const SessionOptions& session) {
    const std::optional<bool>& any = options.dangerously_accept_any_certificate;
    if (!options.tls && !any && options.fingerprint.empty()) return std::nullopt;
    const bool is_careless = any.value_or(false);
    if (options.tls && is_careless) throw ValueError(contradiction);
    check_context(options.tls);
    TlsTerms terms{.context = options.tls || is_careless ? options.tls : session.tls};
    terms.any_certificate = !terms.context && any.value_or(session.dangerously_accept_any_certificate);
    terms.fingerprint = parse_fingerprint(options.fingerprint.empty() ? session.fingerprint : options.fingerprint);
    return terms;
}

}  // namespace

std::string parse_fingerprint(std::string_view text) {
    constexpr std::size_t sha256_size = 32;
    std::string bytes;
    while (!text.empty()) {
        if (!bytes.empty() && text.front() == ':') text.remove_prefix(1);
        const int high = text.size() < 2 ? -1 : hex_value(text[0]);
        const int low = text.size() < 2 ? -1 : hex_value(text[1]);
        if (high < 0 || low < 0) throw ValueError("fingerprint is not in hexadecimal digits");
        bytes += static_cast<char>(high * 16 + low);
        text.remove_prefix(2);
    }
    if (!bytes.empty() && bytes.size() != sha256_size)
        throw ValueError("fingerprint has " + std::to_string(bytes.size()) + " bytes; a SHA-256 has 32");
    return bytes;
}

Terms make_terms(const SessionOptions& session, const RequestOptions& options, const Url& url) {
    check_ways(session, options);
    Terms terms;
    terms.deadline.limit = limit_of(options.timeout, session.timeout);
    terms.timeouts = {.pool = limit_of(options.timeouts.pool, session.timeouts.pool),
                      .connect = limit_of(options.timeouts.connect, session.timeouts.connect),
                      .sock_read = limit_of(options.timeouts.sock_read, session.timeouts.sock_read),
                      .write = limit_of(options.timeouts.write, session.timeouts.write)};
    terms.retry = options.retry ? &*options.retry : &session.retry;
    if (options.proxy)
        terms.proxy = Unique<Proxy>::make(options.proxy->empty() ? Proxy() : Proxy::parse(*options.proxy));
    terms.tls = tls_of(options, session);
    if (terms.tls) terms.origin = url.origin();
    return terms;
}

std::string ClientRoute::server() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

ClientRoutes::ClientRoutes(const SessionOptions& options)
    : proxies_(proxies_of(options)),
      tls_(tls_of(options)),
      is_direct_(!options.unix_socket.empty() || options.connector),
      has_connector_(static_cast<bool>(options.connector)) {
    // What is wrong is said when the session is made.
    if (!options.unix_socket.empty()) static_cast<void>(Address::parse("unix:" + options.unix_socket));
    check_ways(options);
}

TlsContext ClientRoutes::own_context(bool any_certificate) {
    TlsContext& context = any_certificate ? believing_ : verifying_;
    if (context) return context;
    TlsClientOptions options;
    options.alpn_protocols = {"http/1.1"};
    if (any_certificate) {
        options.verify_mode = TlsVerifyMode::none;
        options.check_hostname = false;
    }
    context = TlsContext::client(std::move(options));
    return context;
}

Shared<const ClientRoute> ClientRoutes::find(const Url& url, const Terms& terms) {
    const bool is_usual = !terms.tls && !terms.proxy;
    if (is_usual && last_ && is_at(url, last_->place)) return last_;
    auto route = Shared<const ClientRoute>::make(make(url, terms));
    if (is_usual) last_ = route;
    return route;
}

ClientRoute ClientRoutes::make(const Url& url, const Terms& terms) {
    ClientRoute route{.key = url.origin(), .host = url.hostname(), .port = url.port()};
    route.place = route.key;
    if (has_connector_) {
        route.origin = Url::parse(route.key);
        return route;
    }
    // What a request says of its server's certificate is not said of those to which it is redirected.
    const TlsTerms& tls = terms.tls && route.place == terms.origin ? *terms.tls : tls_;
    if (!is_direct_) route.proxy = terms.proxy ? *terms.proxy : proxies_.of(url);
    if (route.proxy) {
        const std::string& user = route.proxy.user;
        route.key +=
            "\nby " + route.proxy.name() + ' ' + std::to_string(user.size()) + ' ' + user + ':' + route.proxy.password;
        if (route.proxy.kind == Proxy::Kind::https) {
            route.proxy_tls = tls.context ? tls.context : own_context(false);
            route.key += "\nby tls " + address_of(route.proxy_tls);
        }
    }
    if (url.scheme() != "https") return route;
    // Who pins a certificate need not believe in those who sign.
    route.tls = tls.context ? tls.context : own_context(tls.any_certificate || !tls.fingerprint.empty());
    route.is_tls_given = static_cast<bool>(tls.context);
    route.fingerprint = tls.fingerprint;
    route.key += "\ntls " + address_of(route.tls) + ' ' + route.fingerprint;
    return route;
}

}  // namespace hocket::http
