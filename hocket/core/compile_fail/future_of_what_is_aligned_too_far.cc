// SPDX-License-Identifier: MIT
// Futures stand in pooled memory, which is aligned as the system's is.
#include <hocket/core/future.h>

#include <memory>

struct alignas(64) Line {
    char bytes[64];
};

// error: hocket: a future's result is aligned to 16 bytes at most: let it be a pointer
#ifdef HOCKET_FIXED
hocket::Future<std::unique_ptr<Line>> line;
#else
hocket::Future<Line> line;
#endif
