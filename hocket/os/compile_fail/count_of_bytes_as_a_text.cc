// SPDX-License-Identifier: MIT
// How much is read of a file is a number.
#include <hocket/os/file.h>

#include <string>

// error: (no viable conversion|could not convert|cannot convert|cannot initialize|invalid conversion)
hocket::Coro<std::string> read(hocket::fs::File& file) {
#ifdef HOCKET_FIXED
    co_return co_await file.read(100);
#else
    co_return co_await file.read("count");
#endif
}
