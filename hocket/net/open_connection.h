// SPDX-License-Identifier: MIT
// Connections to servers.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/net/address.h>
#include <hocket/net/stream_reader.h>
#include <hocket/net/stream_writer.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace hocket {

/// `open_connection(host, port, {.limit = 1 << 20})`
struct ConnectionOptions {
    std::size_t limit = Transport::default_limit;       ///< of the reader: see StreamReader::readuntil
    AddressFamily family = AddressFamily::unspecified;  ///< try only addresses of this one
    Address local_address = {};                         ///< bind to it first
    bool all_errors = false;                            ///< throw an ExceptionGroup of what each address failed with
};

using Streams = std::pair<StreamReader, StreamWriter>;

/// `auto [reader, writer] = co_await open_connection("127.0.0.1", 8080)` (`asyncio.open_connection`): resolves `host` and tries its addresses in
/// turn. TCP_NODELAY is on.
///
/// Throws GaiError, or the OSError of the first address if all fail alike: `connect to 127.0.0.1:81: Connection refused`; else one with the
/// last error's number that names each; with `all_errors`, ExceptionGroup. A cancel closes what was opened.
HOCKET_EXPORT Coro<Streams> open_connection(std::string host, std::uint16_t port, ConnectionOptions options = {});
/// The same to one address: TCP, or UNIX-domain (`asyncio.open_unix_connection`).
HOCKET_EXPORT Coro<Streams> open_connection(Address address, ConnectionOptions options = {});

}  // namespace hocket
