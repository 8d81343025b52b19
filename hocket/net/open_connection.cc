// SPDX-License-Identifier: MIT
// Connecting: one address after the other.
#include <hocket/net/open_connection.h>

#include <hocket/base/exception_group.h>
#include <hocket/core/operation.h>
#include <hocket/net/resolve.h>
#include <hocket/net/socket.h>
#include <hocket/net/socket_transport.h>

#include <cerrno>
#include <exception>
#include <vector>

namespace hocket {

namespace {

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

    TransportHandle transport(new SocketTransport(network, socket.get(), address, options.limit));
    static_cast<void>(socket.release());
    co_return Streams(StreamReader(transport), StreamWriter(transport));
}

std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const OSError& e) {
        return e.what();
    }
}

// Several addresses, each with an error of its own.
[[noreturn]] void throw_all(const std::string& host, const std::vector<std::exception_ptr>& errors, int last_number) {
    bool alike = true;
    std::string all;
    for (const std::exception_ptr& e : errors) {
        alike = alike && text_of(e) == text_of(errors.front());
        all += (all.empty() ? "" : "; ") + text_of(e);
    }
    if (alike) std::rethrow_exception(errors.front());
    throw OSError(last_number, "connect to " + host + " (" + all + ")");
}

// `host`: what the user called the addresses.
Coro<Streams> connect_to_one_of(std::string host, std::vector<Address> addresses, ConnectionOptions options) {
    Network& network = Network::of(get_running_loop());
    std::vector<std::exception_ptr> errors;
    int number = ENOENT;
    for (const Address& address : addresses) {
        try {
            co_return co_await connect_to(network, address, options);
        } catch (const OSError& e) {
            number = e.error_number();
            errors.push_back(std::current_exception());
        }
    }
    if (errors.empty()) throw OSError(number, "connect to " + host);
    if (options.all_errors) throw ExceptionGroup("connect to " + host, std::move(errors));
    throw_all(host, errors, number);
}

}  // namespace

Coro<Streams> open_connection(Address address, ConnectionOptions options) {
    if (!options.all_errors) {
        co_return co_await connect_to(Network::of(get_running_loop()), std::move(address), std::move(options));
    }
    std::string name = address.str();
    std::vector<Address> one{std::move(address)};
    co_return co_await connect_to_one_of(std::move(name), std::move(one), std::move(options));
}

Coro<Streams> open_connection(std::string host, std::uint16_t port, ConnectionOptions options) {
    std::vector<Address> addresses = co_await getaddrinfo(host, port, {.family = options.family});
    co_return co_await connect_to_one_of(std::move(host), std::move(addresses), std::move(options));
}

}  // namespace hocket
