// SPDX-License-Identifier: MIT
// What is received needs memory that can be written.
#include <hocket/net/sock_calls.h>

#include <string>

// error: (no matching function for call to '.*sock_recv_into|could not convert|no known conversion|no viable conversion)
hocket::Coro<std::size_t> receive(int fd) {
#ifdef HOCKET_FIXED
    std::string buffer(1024, ' ');
#else
    const std::string buffer(1024, ' ');
#endif
    co_return co_await hocket::sock_recv_into(fd, buffer);
}
