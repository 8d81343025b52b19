// SPDX-License-Identifier: MIT
// The steps to a server: a socket, the proxy's consent, the handshake.
#include <hocket/http/client_dialer_internal.h>

#include <hocket/http/hexadecimal_internal.h>
#include <hocket/http/http1_parser.h>
#include <hocket/http/http1_writer.h>
#include <hocket/http/socks5_internal.h>
#include <hocket/http/text.h>
#include <hocket/net/open_connection.h>
#include <hocket/net/resolve.h>
#include <hocket/net/tls_error.h>
#include <hocket/net/tls_info.h>

#include <openssl/evp.h>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace hocket::http {

namespace {

constexpr Duration happy_eyeballs_delay = std::chrono::milliseconds(250);

[[noreturn]] void throw_proxy(const ClientRoute& route, const std::string& why,
                              NoConnection::Kind kind = NoConnection::Kind::proxy) {
    throw NoConnection{kind, "the proxy " + route.proxy.name() + ": " + why};
}

// ---- The first hop

Coro<std::vector<Address>> addresses_of(const SessionOptions& options, const std::string& host, std::uint16_t port,
                                        const Shared<ClientTrace>& trace) {
    if (const auto numeric = Address::numeric(host, port)) co_return std::vector<Address>{*numeric};
    tell(trace, Trace::dns_start, 0, host);
    std::vector<Address> found;
    if (options.resolver) {
        found = co_await options.resolver(host, port);
        if (found.empty()) throw OSError(ENOENT, "resolve " + host + ": the session's resolver gave no address");
    } else {
        found = co_await getaddrinfo(host, port, {.family = options.local_address.family()});
    }
    tell(trace, Trace::dns_end, 0, trace ? found.front().str() : std::string());
    co_return found;
}

Coro<TransportHandle> reach(const SessionOptions& options, const std::string& host, std::uint16_t port,
                            const Shared<ClientTrace>& trace) {
    ConnectionOptions how{.local_address = options.local_address};
    std::vector<Address> addresses;
    if (options.unix_socket.empty()) {
        addresses = co_await addresses_of(options, host, port, trace);
    } else {
        addresses.push_back(Address::parse("unix:" + options.unix_socket));
    }
    if (addresses.size() > 1) how.happy_eyeballs_delay = happy_eyeballs_delay;
    tell(trace, Trace::connect_start, 0, trace ? addresses.front().str() : std::string());
    const Streams streams = co_await open_connection(host, std::move(addresses), std::move(how));
    tell(trace, Trace::connect_end, 0, trace ? streams.second.peername().str() : std::string());
    co_return streams.second.transport();
}

// ---- TLS

std::string sha256(std::string_view bytes) {
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_sha256(),
                   nullptr) != 1)
        throw RuntimeError("OpenSSL has no SHA-256");
    digest.resize(size);
    return digest;
}

void check_protocol(const ClientRoute& route, const TlsInfo& info) {
    const std::string& protocol = info.alpn_protocol;
    if (protocol.empty() || protocol == "http/1.1" || protocol == "http/1.0") return;
    throw NoConnection{NoConnection::Kind::protocol, "TLS with " + route.server() + " agreed on the protocol " +
                                                         in_quotes(protocol) + ", and only HTTP/1 is spoken here"};
}

void check_fingerprint(const ClientRoute& route, const TlsInfo& info) {
    const std::string found = info.peer_certificate ? sha256(info.peer_certificate->der) : std::string();
    if (found == route.fingerprint) return;
    throw NoConnection{NoConnection::Kind::fingerprint, "the certificate of " + route.server() +
                                                            " has the fingerprint " + in_hexadecimal(found) +
                                                            ", and not " + in_hexadecimal(route.fingerprint)};
}

Coro<> secure(const TransportHandle& transport, TlsContext tls, const std::string& host,
              const Shared<ClientTrace>& trace) {
    tell(trace, Trace::tls_start, 0, host);
    StartTlsOptions options;
    options.server_hostname = host;
    co_await start_tls_of(transport, std::move(tls), std::move(options));
    if (!trace) co_return;
    const Shared<const TlsInfo> info = transport->tls();
    trace->tell(Trace::tls_end, 0, info->version + (info->session_reused ? " resumed" : ""));
}

// ---- Proxies

// What comes behind the head is the server's: it stays in the transport (RFC 9110, 9.3.6).
Coro<ResponseHead> answer_to_connect(const TransportHandle& transport, const Limits& limits) {
    Http1Parser parser(Http1Parser::Reads::responses, limits);
    parser.expect_response_to("CONNECT");
    for (;;) {
        const std::string_view unread = transport->unread();
        std::string_view left = unread;
        Event event = parser.next(left);
        transport->consume(unread.size() - left.size());
        if (auto* head = std::get_if<ResponseHead>(&event)) co_return std::move(*head);
        if (transport->exception()) std::rethrow_exception(transport->exception());
        if (transport->eof()) throw ProtocolError("it closed the connection before it answered");
        co_await transport->more();
    }
}

Coro<> open_tunnel(const TransportHandle& transport, const ClientRoute& route, const Limits& limits) {
    RequestHead head{.method = "CONNECT", .target = route.server()};
    head.headers.add("Host", route.server());
    const std::string authorization = route.proxy.authorization();
    if (!authorization.empty()) head.headers.add("Proxy-Authorization", authorization);
    std::string text;
    write_head(text, head);
    transport->write_nowait(text);
    const ResponseHead answer = co_await answer_to_connect(transport, limits);
    if (answer.status >= 200 && answer.status < 300) co_return;
    const std::string reason =
        answer.reason.empty() ? std::string(reason_phrase(answer.status)) : escaped(answer.reason);
    throw NoConnection{NoConnection::Kind::proxy_status,
                       "the proxy " + route.proxy.name() + " refused to connect to " + route.server() + ": " +
                           std::to_string(answer.status) + ' ' + reason,
                       answer.status};
}

Coro<> pass_socks(const TransportHandle& transport, const ClientRoute& route) {
    Socks5 socks(route.host, route.port, {.user = route.proxy.user, .password = route.proxy.password});
    std::string bytes = socks.greeting();
    for (;;) {
        if (!bytes.empty()) transport->write_nowait(bytes);
        const std::string_view unread = transport->unread();
        std::string_view left = unread;
        try {
            bytes = socks.next(left);
        } catch (const ProtocolError& e) {
            throw_proxy(route, e.what(), NoConnection::Kind::refused);
        }
        const bool has_moved = left.size() < unread.size();
        transport->consume(unread.size() - left.size());
        if (socks.is_done()) co_return;
        if (has_moved) continue;
        if (transport->exception()) std::rethrow_exception(transport->exception());
        if (transport->eof()) throw ProtocolError("it closed the connection before it answered");
        co_await transport->more();
    }
}

Coro<TransportHandle> pass_proxy(const SessionOptions& options, const ClientRoute& route,
                                 const Shared<ClientTrace>& trace) {
    const Proxy& proxy = route.proxy;
    try {
        TransportHandle transport = co_await reach(options, proxy.host, proxy.port, trace);
        if (route.proxy_tls) co_await secure(transport, route.proxy_tls, proxy.host, trace);
        if (proxy.kind == Proxy::Kind::socks5) {
            co_await pass_socks(transport, route);
        } else if (!route.is_forwarded()) {
            co_await open_tunnel(transport, route, options.limits);
        }
        tell(trace, Trace::proxy_end, 0, trace ? proxy.name() : std::string());
        co_return transport;
    } catch (const TlsError& e) {
        throw NoConnection{NoConnection::Kind::proxy_tls, "the proxy " + proxy.name() + ": " + e.what()};
    } catch (const OSError& e) {
        throw_proxy(route, e.what());
    } catch (const ProtocolError& e) {
        throw_proxy(route, e.what());
    } catch (const ValueError& e) {  // a name that SOCKS has no room for
        throw_proxy(route, e.what(), NoConnection::Kind::refused);
    }
}

}  // namespace

Coro<TransportHandle> dial(const SessionOptions& options, const ClientRoute& route, const Shared<ClientTrace>& trace) {
    if (options.connector) {
        const Streams streams = co_await options.connector(route.origin);
        co_return streams.second.transport();
    }
    TransportHandle transport;
    if (route.proxy) {
        transport = co_await pass_proxy(options, route, trace);
    } else {
        transport = co_await reach(options, route.host, route.port, trace);
    }
    if (!route.tls) co_return transport;
    co_await secure(transport, route.tls, route.host, trace);
    if (!route.fingerprint.empty()) check_fingerprint(route, *transport->tls());
    if (route.is_tls_given) check_protocol(route, *transport->tls());
    co_return transport;
}

}  // namespace hocket::http
