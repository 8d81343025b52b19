// SPDX-License-Identifier: MIT
// The loop's timers: a 4-ary heap that knows where each stands, in exact order, the first in first out for equal times.
#pragma once

#include <hocket/core/node.h>

#include <cstddef>
#include <vector>

namespace hocket {

struct HOCKET_EXPORT Timer : Node {
    static constexpr std::uint32_t nowhere = ~0u;
    std::uint32_t sequence = 0;
    std::uint32_t position = nowhere;  // in the heap

    bool armed() const noexcept { return position != nowhere; }

protected:
    ~Timer() = default;
};

class HOCKET_EXPORT TimerHeap {
public:
    bool empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }
    std::int64_t first() const noexcept { return entries_[0].when; }
    /// When the last of them is due. Looks at all.
    std::int64_t last() const noexcept {
        std::int64_t last = first();
        for (const Entry& e : entries_) last = last < e.when ? e.when : last;
        return last;
    }
    /// Calls `f(timer, when)` for each, in no order.
    template <class F>
    void for_each(F f) const {
        for (const Entry& e : entries_) f(*e.timer, e.when);
    }
    std::int64_t when(const Timer& t) const noexcept { return entries_[t.position].when; }

    void push(Timer& t, std::int64_t when);
    Timer* pop() noexcept;
    void remove(Timer& t) noexcept;

private:
    struct Entry {
        std::int64_t when;
        Timer* timer;
    };
    // Sequence numbers are compared modulo 2^32: of two timers for one time, the first goes first unless 2^31 others or more were added
    // between them.
    static bool before(const Entry& a, const Entry& b) noexcept {
        if (a.when != b.when) return a.when < b.when;
        return static_cast<std::int32_t>(a.timer->sequence - b.timer->sequence) < 0;
    }
    void place(std::size_t i, Entry e) noexcept {
        entries_[i] = e;
        e.timer->position = static_cast<std::uint32_t>(i);
    }
    void up(std::size_t i, Entry e) noexcept;
    void down(std::size_t i, Entry e) noexcept;

    std::vector<Entry> entries_;
    std::uint32_t sequence_ = 0;
};

}  // namespace hocket
