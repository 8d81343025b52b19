// SPDX-License-Identifier: MIT
// The heap's moves.
#include <hocket/core/timer_heap.h>

namespace hocket {

void TimerHeap::push(Timer& t, std::int64_t when) {
    entries_.push_back({});
    t.sequence = ++sequence_;
    up(entries_.size() - 1, {when, &t});
}

Timer* TimerHeap::pop() noexcept {
    Timer* t = entries_[0].timer;
    remove(*t);
    return t;
}

void TimerHeap::remove(Timer& t) noexcept {
    const std::size_t i = std::exchange(t.position, Timer::nowhere);
    const Entry last = entries_.back();
    entries_.pop_back();
    if (i == entries_.size()) return;
    if (i > 0 && before(last, entries_[(i - 1) / 4])) {
        up(i, last);
    } else {
        down(i, last);
    }
}

void TimerHeap::up(std::size_t i, Entry e) noexcept {
    while (i > 0) {
        const std::size_t parent = (i - 1) / 4;
        if (!before(e, entries_[parent])) break;
        place(i, entries_[parent]);
        i = parent;
    }
    place(i, e);
}

void TimerHeap::down(std::size_t i, Entry e) noexcept {
    const std::size_t n = entries_.size();
    for (std::size_t child = 4 * i + 1; child < n; child = 4 * i + 1) {
        std::size_t best = child;
        const std::size_t end = child + 4 < n ? child + 4 : n;
        while (++child < end) {
            if (before(entries_[child], entries_[best])) best = child;
        }
        if (!before(entries_[best], e)) break;
        place(i, entries_[best]);
        i = best;
    }
    place(i, e);
}

}  // namespace hocket
