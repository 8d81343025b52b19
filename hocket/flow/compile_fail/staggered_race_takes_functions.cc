// SPDX-License-Identifier: MIT
// A race begins its coroutines itself: it takes functions.
#include <hocket/flow/staggered.h>

#include <vector>

hocket::Coro<int> near() { co_return 1; }
hocket::Coro<int> far() { co_return 2; }

// error: hocket: staggered_race takes a range of functions that return coroutines
hocket::Coro<> fastest() {
#ifdef HOCKET_FIXED
    std::vector<hocket::Coro<int> (*)()> starts{near, far};
    co_await hocket::staggered_race(std::move(starts), std::nullopt);
#else
    std::vector<hocket::Coro<int> > coros;
    coros.push_back(near());
    co_await hocket::staggered_race(std::move(coros), std::nullopt);
#endif
}
