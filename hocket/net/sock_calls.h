// SPDX-License-Identifier: MIT
// The calls on sockets that the program made itself, one call a wait (`loop.sock_recv` and its kin).
//
// The descriptor stays the caller's: nothing is kept of it between calls, so it may be closed by close(2) whenever none of them is under way on
// it. It may block or not: no call here blocks. Any number of tasks may wait on one descriptor; which of them is served first, the
// system decides.
//
// Each of them suspends, in the running loop. A cancel that comes before the call has had an effect throws CancelledError; else the call's
// result is delivered, and the cancel comes at the task's next wait: nothing that was received is lost. Memory that is passed must live until
// the call returns. Each throws OSError, such as `receive from descriptor 7: Connection reset by peer`, and RuntimeError for the descriptor
// of a transport or server of the loop.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/net/address.h>
#include <hocket/net/socket.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hocket {

/// Up to `n` bytes, as soon as there is one; none at the end of a stream. Of a datagram, what `n` has no room for is lost (recv(2)).
HOCKET_EXPORT Coro<std::string> sock_recv(int fd, std::size_t n);
/// The same into the caller's memory; how many came.
HOCKET_EXPORT Coro<std::size_t> sock_recv_into(int fd, std::span<char> buffer);
/// A datagram of up to `n` bytes and where it came from; of a connected stream socket, no address (recvfrom(2)).
HOCKET_EXPORT Coro<std::pair<std::string, Address>> sock_recvfrom(int fd, std::size_t n);
/// The same into the caller's memory.
HOCKET_EXPORT Coro<std::pair<std::size_t, Address>> sock_recvfrom_into(int fd, std::span<char> buffer);

/// Sends all of `data`, a datagram in one piece (send(2)). After an error, or a cancel, how much was sent is not known.
HOCKET_EXPORT Coro<> sock_sendall(int fd, std::string_view data);
HOCKET_EXPORT Coro<> sock_sendall_owned(int fd, std::string data);
/// The same of a string that is given away, `sock_sendall(fd, "[" + name + "]")`: it lives until this returns, whenever it is awaited.
template <std::same_as<std::string> String>
HOCKET_CORO_WRAPPER Coro<> sock_sendall(int fd, String&& data) {
    return sock_sendall_owned(fd, std::forward<String>(data));
}

/// Sends a datagram to `address`; how many bytes were sent (sendto(2)). Throws ValueError for no address.
HOCKET_EXPORT Coro<std::size_t> sock_sendto(int fd, std::string_view data, Address address);
HOCKET_EXPORT Coro<std::size_t> sock_sendto_owned(int fd, std::string data, Address address);
/// The same of a string that is given away.
template <std::same_as<std::string> String>
HOCKET_CORO_WRAPPER Coro<std::size_t> sock_sendto(int fd, String&& data, Address address) {
    return sock_sendto_owned(fd, std::forward<String>(data), std::move(address));
}

/// Connects the socket to `address` (connect(2)); errors name it: `connect to 127.0.0.1:81: Connection refused`. Cancelled, the system may
/// go on connecting: what is left to do with the descriptor is to close it. Throws ValueError for no address.
HOCKET_EXPORT Coro<> sock_connect(int fd, Address address);
/// The same to the first address of `host` that is of the socket's family: see `getaddrinfo` for what it throws and when it suspends. Throws
/// ValueError for a socket that is neither IPv4 nor IPv6.
HOCKET_EXPORT Coro<> sock_connect(int fd, std::string host, std::uint16_t port);

/// The next connection of a listening socket, and where it comes from (accept(2)). The descriptor does not block, is not inherited by programs
/// that are started, and closes itself at the end of its owner: no connection is left over if nobody takes the result.
HOCKET_EXPORT Coro<std::pair<Descriptor, Address>> sock_accept(int fd);

}  // namespace hocket
