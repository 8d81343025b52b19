// SPDX-License-Identifier: MIT
// From options and URL to a route.
#include <hocket/http/client_route_internal.h>

#include <hocket/net/stream_writer.h>

#include <cstdlib>
#include <utility>

namespace hocket::http {

namespace {

Duration limit_of(Duration request, Duration session) {
    const Duration limit = request.count() == default_timeout.count() ? session : request;
    return limit.count() > 0 ? limit : Duration();
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// While there is a connection, its context lives, and no other one has its address.
std::string address_of(const TlsContext& context) {
    return std::to_string(reinterpret_cast<std::uintptr_t>(&context.state()));
}

const char* environment(const char* name) { return std::getenv(name); }

ProxySettings proxies_of(const SessionOptions& options) {
    if (!options.proxy.empty()) {
        if (!options.unix_socket.empty() || options.connector)
            throw ValueError("a ClientSession has a proxy, or a UNIX socket, or a connector");
        return ProxySettings::always(Proxy::parse(options.proxy));
    }
    return options.trust_env ? ProxySettings::read(environment) : ProxySettings();
}

}  // namespace

std::string parse_fingerprint(std::string_view text) {
    constexpr std::size_t sha256_size = 32;
    std::string bytes;
    while (!text.empty()) {
        if (!bytes.empty() && text.front() == ':') text.remove_prefix(1);
        const int high = text.size() < 2 ? -1 : hex_digit(text[0]);
        const int low = text.size() < 2 ? -1 : hex_digit(text[1]);
        if (high < 0 || low < 0) throw ValueError("fingerprint is not in hexadecimal digits");
        bytes += static_cast<char>(high * 16 + low);
        text.remove_prefix(2);
    }
    if (!bytes.empty() && bytes.size() != sha256_size)
        throw ValueError("fingerprint has " + std::to_string(bytes.size()) + " bytes; a SHA-256 has 32");
    return bytes;
}

Terms make_terms(const SessionOptions& session, const RequestOptions& options) {
    Terms terms;
    terms.deadline.limit = limit_of(options.timeout, session.timeout);
    terms.timeouts = {.pool = limit_of(options.timeouts.pool, session.timeouts.pool),
                      .connect = limit_of(options.timeouts.connect, session.timeouts.connect),
                      .sock_read = limit_of(options.timeouts.sock_read, session.timeouts.sock_read),
                      .write = limit_of(options.timeouts.write, session.timeouts.write)};
    terms.retry = options.retry.value_or(session.retry);
    if (options.proxy) terms.proxy = options.proxy->empty() ? Proxy() : Proxy::parse(*options.proxy);
    // What is said of one request goes before what the session says, be it of the one kind or of the other.
    const bool is_careless = options.dangerously_accept_any_certificate.value_or(false);
    if ((options.tls && is_careless) || (session.tls && session.dangerously_accept_any_certificate))
        throw ValueError("of tls and dangerously_accept_any_certificate, one: a TlsContext says what it accepts");
    terms.tls = options.tls || is_careless ? options.tls : session.tls;
    terms.any_certificate =
        !terms.tls && options.dangerously_accept_any_certificate.value_or(session.dangerously_accept_any_certificate);
    const std::string& fingerprint = options.fingerprint.empty() ? session.fingerprint : options.fingerprint;
    if (!fingerprint.empty()) terms.fingerprint = parse_fingerprint(fingerprint);
    if (terms.tls && terms.tls.is_server())
        throw ValueError("tls: a client cannot use a context made by TlsContext::server");
    return terms;
}

std::string ClientRoute::server() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

ClientRoutes::ClientRoutes(const SessionOptions& options)
    : proxies_(proxies_of(options)),
      is_direct_(!options.unix_socket.empty() || options.connector),
      has_connector_(static_cast<bool>(options.connector)) {
    // What is wrong is said when the session is made.
    if (!options.unix_socket.empty()) static_cast<void>(Address::parse("unix:" + options.unix_socket));
    static_cast<void>(make_terms(options, {}));
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

ClientRoute ClientRoutes::find(const Url& url, const Terms& terms) {
    ClientRoute route{.key = url.origin(), .host = url.hostname(), .port = url.port()};
    if (has_connector_) {
        route.origin = Url::parse(route.key);
        return route;
    }
    if (!is_direct_) route.proxy = terms.proxy ? *terms.proxy : proxies_.of(url);
    if (route.proxy) {
        const std::string& user = route.proxy.user;
        route.key +=
            "\nby " + route.proxy.name() + ' ' + std::to_string(user.size()) + ' ' + user + ':' + route.proxy.password;
        if (route.proxy.kind == Proxy::Kind::https) {
            route.proxy_tls = terms.tls ? terms.tls : own_context(false);
            route.key += "\nby tls " + address_of(route.proxy_tls);
        }
    }
    if (url.scheme() != "https") return route;
    // Who pins a certificate need not believe in those who sign.
    route.tls = terms.tls ? terms.tls : own_context(terms.any_certificate || !terms.fingerprint.empty());
    route.fingerprint = terms.fingerprint;
    route.key +=
        "\ntls " + std::to_string(reinterpret_cast<std::uintptr_t>(&route.tls.state())) + ' ' + route.fingerprint;
    return route;
}

}  // namespace hocket::http
