// SPDX-License-Identifier: MIT
// A position in a file is a number.
#include <hocket/os/file.h>

#include <cstdint>

// error: (no viable conversion|could not convert|cannot convert|cannot initialize|invalid conversion)
hocket::Coro<std::int64_t> go_to(hocket::fs::File& file) {
#ifdef HOCKET_FIXED
    co_return co_await file.seek(100);
#else
    co_return co_await file.seek("offset");
#endif
}
