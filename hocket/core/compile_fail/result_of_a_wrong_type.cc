// SPDX-License-Identifier: MIT
// A future's result is made from what is given.
#include <hocket/core/future.h>

// error: hocket: the future's result cannot be made from these arguments
void answer(const hocket::Future<int>& f) {
#ifdef HOCKET_FIXED
    f.set_result(42);
#else
    f.set_result("forty-two");
#endif
}
