// SPDX-License-Identifier: MIT
// A Future<> only says that something happened.
#include <hocket/core/future.h>

// error: hocket: a Future<void> has no result to set
void answer(const hocket::Future<>& f) {
#ifdef HOCKET_FIXED
    f.set_result();
#else
    f.set_result(42);
#endif
}
