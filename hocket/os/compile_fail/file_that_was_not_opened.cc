// SPDX-License-Identifier: MIT
// A file is what `open` gives: neither bytes in memory nor another object can be taken for one.
#include <hocket/os/file.h>

#include <string>

// error: no matching (function for call to|constructor for initialization of) '.*File
hocket::Coro<> read(std::string bytes) {
#ifdef HOCKET_FIXED
    hocket::fs::File file = co_await hocket::fs::open(bytes);
#else
    hocket::fs::File file(bytes);
#endif
    co_await file.close();
}
