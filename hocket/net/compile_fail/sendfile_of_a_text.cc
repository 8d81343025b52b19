// SPDX-License-Identifier: MIT
// What is sent as a file is an open file: the name of one, or bytes in memory, are none.
#include <hocket/net/stream_writer.h>

// error: no matching (member )?function for call to '.*sendfile
hocket::Coro<> send(hocket::StreamWriter writer, std::string bytes, int file) {
#ifdef HOCKET_FIXED
    co_await writer.sendfile(file);
    co_await writer.write(bytes);
#else
    co_await writer.sendfile(bytes);
#endif
}
