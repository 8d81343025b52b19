// SPDX-License-Identifier: MIT
// Frames are found by their address, so what a promise holds has no alignment of its own.
#include <hocket/core/coro.h>

#include <memory>
#include <utility>

struct alignas(64) Line {
    char bytes[64];
};

// error: hocket: what a coroutine returns is aligned to 16 bytes at most: return a pointer to it
#ifdef HOCKET_FIXED
hocket::Coro<std::unique_ptr<Line>> read_line() { co_return std::make_unique<Line>(); }
#else
hocket::Coro<Line> read_line() { co_return Line(); }
#endif
