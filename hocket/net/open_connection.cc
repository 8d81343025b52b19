// SPDX-License-Identifier: MIT
// Connecting: one address after the other, or several at a time.
#include <hocket/net/open_connection.h>

#include <hocket/base/exception_group.h>
#include <hocket/core/operation.h>
#include <hocket/flow/staggered.h>
#include <hocket/net/resolve.h>
#include <hocket/net/socket.h>
#include <hocket/net/socket_transport.h>
#include <hocket/net/tls_transport_internal.h>

#include <cerrno>
#include <exception>
#include <vector>

namespace hocket {

namespace {

Streams streams_of(Network& network, Descriptor socket, const Address& peer, std::size_t limit) {
    TransportHandle transport(new SocketTransport(network, socket.get(), peer, limit));
    static_cast<void>(socket.release());
    return Streams(StreamReader(transport), StreamWriter(transport));
}

Coro<Streams> connect_to(Network& network, Address address, ConnectionOptions options) {
    Transport::check_limit(options.limit);
    Descriptor socket = stream_socket(network, address);
    if (address.is_ip()) set_option(network, socket.get(), SocketOption::no_delay);
    if (options.local_address) bind_socket(network, socket.get(), options.local_address);

    RawAddress raw = address.raw();
    PendingOperation connect(Opcode::connect, socket.get());
    connect.data = raw.bytes;
    connect.size = raw.size;
    const int result = co_await std::move(connect);
    if (result < 0) throw OSError(-result, "connect to " + address.str());
    co_return streams_of(network, std::move(socket), address, options.limit);
}

std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const OSError& e) {
        return e.what();
    }
}

int number_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const OSError& e) {
        return e.error_number();
    }
}

// Each address has an error of its own.
[[noreturn]] void throw_all(const std::string& host, std::vector<std::exception_ptr> errors, bool as_group) {
    if (errors.empty()) throw OSError(ENOENT, "connect to " + host);
    const int last_number = number_of(errors.back());
    if (as_group) throw ExceptionGroup("connect to " + host, std::move(errors));
    bool alike = true;
    std::string all;
    for (const std::exception_ptr& e : errors) {
        alike = alike && text_of(e) == text_of(errors.front());
        all += (all.empty() ? "" : "; ") + text_of(e);
    }
    if (alike) std::rethrow_exception(errors.front());
    throw OSError(last_number, "connect to " + host + " (" + all + ")");
}

// The families in turn, after the first ones of the first: `first_count` of them (RFC 8305, section 4).
std::vector<Address> interleaved(std::vector<Address> addresses, unsigned first_count) {
    std::vector<Address> one, other, in_turn;  // the first family, and the others
    for (Address& a : addresses) {
        const bool first = one.empty() || a.family() == one.front().family();
        (first ? one : other).push_back(std::move(a));
    }
    std::size_t i = 0, j = 0;
    for (; first_count > 1 && i < one.size(); --first_count) in_turn.push_back(std::move(one[i++]));
    while (i < one.size() || j < other.size()) {
        if (i < one.size()) in_turn.push_back(std::move(one[i++]));
        if (j < other.size()) in_turn.push_back(std::move(other[j++]));
    }
    return in_turn;
}

struct Attempt {
    Network* network;
    Address address;
    const ConnectionOptions* options;
    HOCKET_CORO_WRAPPER Coro<Streams> operator()() const { return connect_to(*network, address, *options); }
};

// Those that lose are cancelled, and what they opened is closed.
Coro<Streams> race(std::string host, std::vector<Address> addresses, ConnectionOptions options) {
    Network& network = Network::of(get_running_loop());
    std::vector<Attempt> attempts;
    attempts.reserve(addresses.size());
    for (Address& address : addresses) attempts.push_back({&network, std::move(address), &options});
    auto outcome = co_await staggered_race(std::move(attempts), options.happy_eyeballs_delay);
    if (!outcome.winner_result) throw_all(host, std::move(outcome.exceptions), options.all_errors);
    co_return *std::move(outcome.winner_result);
}

// `host`: what the user called the addresses.
Coro<Streams> try_in_turn(std::string host, std::vector<Address> addresses, ConnectionOptions options) {
    Network& network = Network::of(get_running_loop());
    std::vector<std::exception_ptr> errors;
    for (const Address& address : addresses) {
        try {
            co_return co_await connect_to(network, address, options);
        } catch (const OSError&) {
            errors.push_back(std::current_exception());
        }
    }
    throw_all(host, std::move(errors), options.all_errors);
}

// Takes over a socket that the program gives.
Streams streams_of_given(int fd, AddressFamily family, std::size_t limit) {
    Transport::check_limit(limit);
    Network& network = Network::of(get_running_loop());
    Descriptor socket = given_socket(network, fd, family);
    const Address peer = remote_address(network, fd);
    if (peer.is_ip()) set_option(network, fd, SocketOption::no_delay);
    return streams_of(network, std::move(socket), peer, limit);
}

Coro<Streams> connect_to_address(Address address, ConnectionOptions options) {
    if (!options.all_errors) {
        co_return co_await connect_to(Network::of(get_running_loop()), std::move(address), std::move(options));
    }
    std::string name = address.str();
    std::vector<Address> one{std::move(address)};
    co_return co_await try_in_turn(std::move(name), std::move(one), std::move(options));
}

Coro<Streams> connect_to_addresses(std::string host, std::vector<Address> addresses, ConnectionOptions options) {
    if (const unsigned first_count = options.interleave.value_or(options.happy_eyeballs_delay ? 1 : 0))
        addresses = interleaved(std::move(addresses), first_count);
    if (options.happy_eyeballs_delay)
        co_return co_await race(std::move(host), std::move(addresses), std::move(options));
    co_return co_await try_in_turn(std::move(host), std::move(addresses), std::move(options));
}

Coro<Streams> connect_to_host(std::string host, Port port, ConnectionOptions options) {
    Transport::check_limit(options.limit);
    std::vector<Address> addresses = co_await getaddrinfo(host, std::move(port), {.family = options.family});
    co_return co_await connect_to_addresses(std::move(host), std::move(addresses), std::move(options));
}

// What TLS is to be, if there is to be any; `host` is whom it expects if the options do not say.
std::optional<TlsSetup> tls_of(const ConnectionOptions& options, std::string host) {
    if (!options.tls) {
        if (options.server_hostname) throw ValueError("server_hostname is only meaningful with tls");
        check_no_tls_timeouts(options.tls_handshake_timeout, options.tls_shutdown_timeout);
        return std::nullopt;
    }
    if (!options.server_hostname && host.empty())
        throw ValueError("you have to pass server_hostname when using tls without a host");
    return tls_setup(TlsSide::client, options.tls, options.server_hostname.value_or(std::move(host)),
                     options.tls_handshake_timeout, options.tls_shutdown_timeout);
}

Coro<Streams> secured(Coro<Streams> connecting, std::optional<TlsSetup> tls) {
    Streams streams = co_await std::move(connecting);
    if (tls) co_await start_tls(streams.second.transport(), *std::move(tls));
    co_return std::move(streams);
}

Coro<Streams> take_over(ConnectionOptions options) {
    co_return streams_of_given(options.sock, options.family, options.limit);
}

}  // namespace

Coro<Streams> open_connection(Address address, ConnectionOptions options) {
    if (options.sock >= 0) throw ValueError("address and sock can not be specified at the same time");
    std::optional<TlsSetup> tls = tls_of(options, address.is_ip() ? address.host() : std::string());
    co_return co_await secured(connect_to_address(std::move(address), std::move(options)), std::move(tls));
}

Coro<Streams> open_connection(std::string host, Port port, ConnectionOptions options) {
    if (options.sock >= 0) throw ValueError("host/port and sock can not be specified at the same time");
    std::optional<TlsSetup> tls = tls_of(options, host);
    co_return co_await secured(connect_to_host(std::move(host), std::move(port), std::move(options)), std::move(tls));
}

Coro<Streams> open_connection(std::string host, std::vector<Address> addresses, ConnectionOptions options) {
    if (options.sock >= 0) throw ValueError("addresses and sock can not be specified at the same time");
    std::optional<TlsSetup> tls = tls_of(options, host);
    co_return co_await secured(connect_to_addresses(std::move(host), std::move(addresses), std::move(options)),
                               std::move(tls));
}

Coro<Streams> open_connection(ConnectionOptions options) {
    if (options.sock < 0) throw ValueError("neither an address nor sock was specified");
    std::optional<TlsSetup> tls = tls_of(options, std::string());
    co_return co_await secured(take_over(std::move(options)), std::move(tls));
}

Coro<Streams> connect_accepted_socket(int sock, AcceptedOptions options) {
    std::optional<TlsSetup> tls;
    if (options.tls) {
        tls = tls_setup(TlsSide::server, std::move(options.tls), std::nullopt, options.tls_handshake_timeout,
                        options.tls_shutdown_timeout);
    } else {
        check_no_tls_timeouts(options.tls_handshake_timeout, options.tls_shutdown_timeout);
    }
    Streams streams = streams_of_given(sock, AddressFamily::unspecified, options.limit);
    if (tls) co_await start_tls(streams.second.transport(), *std::move(tls));
    co_return std::move(streams);
}

}  // namespace hocket
