// SPDX-License-Identifier: MIT
// Setting an event.
#include <hocket/sync/event.h>

namespace hocket {

void Event::set() {
    if (set_) return;
    set_ = true;
    waiters_.wake_all();
}

}  // namespace hocket
