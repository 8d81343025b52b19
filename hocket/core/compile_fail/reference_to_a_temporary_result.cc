// SPDX-License-Identifier: MIT
// A future of a reference refers to an object that somebody keeps.
#include <hocket/core/future.h>

// error: hocket: a future of a reference is given the object that it refers to
void answer(const hocket::Future<int&>& future) {
#ifdef HOCKET_FIXED
    static int kept = 5;
    future.set_result(kept);
#else
    future.set_result(5);
#endif
}
