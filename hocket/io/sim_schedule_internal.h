// SPDX-License-Identifier: MIT
// A simulation's time, and what is to happen in it.
#pragma once

#include <hocket/base/owners.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hocket::sim {

/// A span of nanoseconds as a story has it: `1.2 ms`.
inline std::string milliseconds_text(std::int64_t span) {
    const std::int64_t tenths = span / 100'000;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

/// Something that happens at a time: a packet arrives, a completion is seen.
class ScheduledEvent {
public:
    ScheduledEvent() = default;
    ScheduledEvent(const ScheduledEvent&) = delete;
    ScheduledEvent& operator=(const ScheduledEvent&) = delete;
    virtual ~ScheduledEvent() = default;
    /// `self` is its owner, and may be moved to where the event waits for what it lacks.
    virtual void happen(Unique<ScheduledEvent>& self) = 0;
    /// Whether one that had to wait for a link or a host happens after that.
    virtual bool outlasts_wait() const noexcept { return true; }
};

/// What happens when, in nanoseconds. Events of the same time happen in the order in which they were added.
class Schedule {
public:
    static constexpr std::int64_t start = 1'000'000'000'000;  ///< `now` in the beginning: 1000 s
    std::int64_t wall_start = 946'684'800'000'000'000;        ///< the wall clock then: 2000-01-01 00:00 UTC

    std::int64_t now() const noexcept { return now_; }
    bool empty() const noexcept { return events_.empty(); }
    /// When the next event is due. There is one.
    std::int64_t next() const noexcept { return events_.front().when; }
    /// When the last is. There is one.
    std::int64_t last() const noexcept { return std::ranges::max_element(events_, {}, &Entry::when)->when; }
    void add(std::int64_t when, Unique<ScheduledEvent> event) {
        events_.push_back({std::max(when, now_), added_++, std::move(event)});
        std::push_heap(events_.begin(), events_.end(), later);
    }
    /// Time passes; events that were due before are for `run_due`.
    void advance_to(std::int64_t when) noexcept { now_ = std::max(now_, when); }
    /// Makes happen what is due by now; how many those were.
    std::size_t run_due() {
        std::size_t count = 0;
        for (; !events_.empty() && events_.front().when <= now_; ++count) {
            std::pop_heap(events_.begin(), events_.end(), later);
            Unique<ScheduledEvent> event = std::move(events_.back().event);
            events_.pop_back();
            event->happen(event);
        }
        return count;
    }
    /// The rest never happens.
    void clear() noexcept { events_.clear(); }

private:
    struct Entry {
        std::int64_t when;
        std::uint64_t order;
        Unique<ScheduledEvent> event;
    };
    static bool later(const Entry& a, const Entry& b) noexcept {
        return a.when != b.when ? a.when > b.when : a.order > b.order;
    }

    std::vector<Entry> events_;  // a heap, the earliest first
    std::int64_t now_ = start;
    std::uint64_t added_ = 0;
};

}  // namespace hocket::sim
