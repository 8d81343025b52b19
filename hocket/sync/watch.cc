// SPDX-License-Identifier: MIT
// The end of something that is watched.
#include <hocket/sync/watch.h>

namespace hocket {

void Watched::forget() noexcept {
    for (WatchBase* w = watches_; w; w = w->next_) w->target_ = nullptr;
}

}  // namespace hocket
