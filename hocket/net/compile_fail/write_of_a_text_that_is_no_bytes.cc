// SPDX-License-Identifier: MIT
// A stream takes bytes: a text of wide characters has to be encoded first.
#include <hocket/net/stream_writer.h>

// error: no matching (member )?function for call to '.*write
hocket::Coro<> greet(hocket::StreamWriter writer) {
#ifdef HOCKET_FIXED
    co_await writer.write("hello");
#else
    co_await writer.write(U"hello");
#endif
}
