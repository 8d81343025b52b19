// SPDX-License-Identifier: MIT
// A future is made without its result, which is set later.
#include <hocket/core/future.h>

// error(clang): no matching constructor for initialization of 'hocket::Future<int>'
// error(gcc): no matching function for call to 'hocket::Future<int>::Future
hocket::Future<int> answer() {
#ifdef HOCKET_FIXED
    hocket::Future<int> f;
    f.set_result(42);
#else
    hocket::Future<int> f(42);
#endif
    return f;
}
