// SPDX-License-Identifier: MIT
// What operations and descriptors are called where a person reads of them. Looked up when it is asked for, and never before.
#pragma once

#include <hocket/core/backend.h>

#include <string>
#include <string_view>

namespace hocket {

/// `recv from `, to be followed by a descriptor.
HOCKET_EXPORT std::string_view operation_words(Opcode code) noexcept;

/// `descriptor 7, TCP to 127.0.0.1:8080`: what `backend` knows of it. `peer`: whom a message goes to, where that is not the socket's own.
HOCKET_EXPORT std::string descriptor_text(Backend& backend, int fd, const sockaddr* peer = nullptr, unsigned size = 0);

/// `127.0.0.1:8080`, `[::1]:8080`, `/run/x`, `@x`; empty for no address.
HOCKET_EXPORT std::string address_text(const sockaddr* address, unsigned size);
/// `TCP`, `UDP`, `UNIX socket`, by the domain and type of socket (man 2).
HOCKET_EXPORT std::string_view socket_kind(int domain, int type) noexcept;
/// `eventfd`, `pipe`, `file /tmp/x`, `device /dev/pts/0`, by what a link in /proc/PID/fd (man 5) says.
HOCKET_EXPORT std::string file_kind(std::string_view link);

}  // namespace hocket
