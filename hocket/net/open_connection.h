// SPDX-License-Identifier: MIT
// Connections to servers.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/core/coro.h>
#include <hocket/net/address.h>
#include <hocket/net/stream_reader.h>
#include <hocket/net/stream_writer.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hocket {

/// `open_connection(host, port, {.limit = 1 << 20})`
struct ConnectionOptions {
    std::size_t limit = Transport::default_limit;       ///< of the reader: see StreamReader::readuntil
    AddressFamily family = AddressFamily::unspecified;  ///< try only addresses of this one
    Address local_address = {};                         ///< bind to it first
    bool all_errors = false;                            ///< throw an ExceptionGroup of what each address failed with
    /// Begin with the next address when the one before has not answered for so long, and take the first that does: happy eyeballs
    /// (RFC 8305, which recommends 250 ms). Nothing: one after the other.
    std::optional<Duration> happy_eyeballs_delay = {};
    /// Take the families in turn, after so many addresses of the first. 0: in the order in which the system gives them. Nothing: 1 with happy
    /// eyeballs, else 0.
    std::optional<unsigned> interleave = {};
    int sock = -1;        ///< a connected stream socket, in place of an address; of `family` if that is one
    TlsContext tls = {};  ///< secured by this, if it is not empty
    std::optional<std::string> server_hostname = {};     ///< whom TLS expects there, if not `host`
    std::optional<Duration> tls_handshake_timeout = {};  ///< 60 s, if not given
    std::optional<Duration> tls_shutdown_timeout = {};   ///< 30 s, if not given: how long a close may take
};

using Streams = std::pair<StreamReader, StreamWriter>;

/// `auto [reader, writer] = co_await open_connection("127.0.0.1", 8080)` (`asyncio.open_connection`): resolves `host` and tries its addresses in
/// turn. TCP_NODELAY is on.
///
/// Throws GaiError, or the OSError of the first address if all fail alike: `connect to 127.0.0.1:81: Connection refused`; else one with the
/// last error's number that names each; with `all_errors`, ExceptionGroup. What TLS may throw: see StreamWriter::start_tls; another address is
/// not tried then. Throws ValueError for options that make no sense together: those of TLS without `tls`, a host and `sock`. A cancel closes
/// what was opened.
HOCKET_EXPORT Coro<Streams> open_connection(std::string host, Port port, ConnectionOptions options = {});
/// The same with addresses that the program has found itself: `host` is what errors, and TLS, call the place. No counterpart in asyncio.
HOCKET_EXPORT Coro<Streams> open_connection(std::string host, std::vector<Address> addresses,
                                            ConnectionOptions options = {});
/// The same to one address: TCP, or UNIX-domain (`asyncio.open_unix_connection`), where TLS has to be told the `server_hostname`.
HOCKET_EXPORT Coro<Streams> open_connection(Address address, ConnectionOptions options = {});
/// `open_connection({.sock = fd})`: the streams of a socket that is connected already. They take it over, and make it non-blocking. Does not
/// suspend, but for TLS. Throws ValueError for what is no stream socket, OSError; the descriptor stays the caller's then.
HOCKET_EXPORT Coro<Streams> open_connection(ConnectionOptions options);

/// `connect_accepted_socket(fd, {.limit = 1 << 20})`
struct AcceptedOptions {
    std::size_t limit = Transport::default_limit;        ///< of the reader: see StreamReader::readuntil
    TlsContext tls = {};                                 ///< of a server: secured by this, if it is not empty
    std::optional<Duration> tls_handshake_timeout = {};  ///< 60 s, if not given
    std::optional<Duration> tls_shutdown_timeout = {};   ///< 30 s, if not given: how long a close may take
};
/// The streams of a connection that was accepted elsewhere (`loop.connect_accepted_socket`): they take `sock` over as above. With `tls`, waits for
/// the handshake, and throws what StreamWriter::start_tls does.
HOCKET_EXPORT Coro<Streams> connect_accepted_socket(int sock, AcceptedOptions options = {});

}  // namespace hocket
