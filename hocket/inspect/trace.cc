// SPDX-License-Identifier: MIT
// Keeps the last events of loops.
#include <hocket/inspect/trace.h>

#include <hocket/core/awaitable.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/task_base.h>
#include <hocket/inspect/trace_internal.h>
#include <hocket/inspect/watch_internal.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>

namespace hocket::inspect {

namespace {

constinit std::atomic<TraceRing*> first_ring = nullptr;
constinit std::atomic<std::uint64_t> rings_finished = 0;

std::uint64_t address_of(const void* object) noexcept { return reinterpret_cast<std::uintptr_t>(object); }

std::int64_t system_now() noexcept {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

// ---- Rings and loops

TraceRing::TraceRing(std::size_t size) : size_(size), entries_(new Entry[size]) {}

const TraceRing* TraceRing::first() noexcept { return first_ring.load(std::memory_order_acquire); }

// One that nobody uses, or that was finished longest ago where there are many, or else a new one; it is the caller's.
TraceRing& TraceRing::one_for(std::size_t size) {
    for (;;) {
        TraceRing* found = nullptr;
        std::size_t finished = 0;
        for (TraceRing* r = first_ring.load(std::memory_order_acquire); r; r = r->next_) {
            const State state = r->state_.load(std::memory_order_acquire);
            if (r->size_ != size || state == live) continue;
            if (state == State::finished) ++finished;
            const auto age = [](const TraceRing& ring) { return ring.state_ == unused ? 0 : ring.finished_at_.load(); };
            if (!found || age(*r) < age(*found)) found = r;
        }
        if (!found || (found->state_ != unused && finished < most_finished)) break;
        State state = found->state_.load(std::memory_order_acquire);
        if (state != live && found->state_.compare_exchange_strong(state, live)) return *found;
    }
    auto* const made = new TraceRing(size);
    made->state_ = live;
    made->next_ = first_ring.load(std::memory_order_acquire);
    while (!first_ring.compare_exchange_weak(made->next_, made)) continue;
    return *made;
}

void TraceRing::attach(EventLoop& loop) noexcept {
    begin_.store(end_.load(std::memory_order_relaxed), std::memory_order_release);
    number_ = loop.mark() >> 8;
    thread_ = loop.thread_id();
    real_time_ = loop.backend().real_time();
    loop_ = &loop;
    wanted_by_ = 0;
    is_kept_ = false;
    created_ = loop.tasks_created;
    known_.fill({});
}

void TraceRing::begin(EventLoop& loop, For whom, std::size_t events) {
    Watch::begin(loop, Watch::trace);
    Watch* const watch = Watch::of(loop);
    if (!watch) return;  // the program has an observer of its own
    if (!watch->ring) {
        try {
            watch->ring = &one_for(std::bit_ceil(std::clamp(events, least_events, most_events)));
        } catch (...) {
            Watch::end(loop, Watch::trace);
            throw;
        }
        watch->ring->attach(loop);
    }
    watch->ring->wanted_by_ |= whom;
    if (whom != monitor) watch->ring->is_kept_ = true;
}

void TraceRing::begin_for_monitor(EventLoop& loop) noexcept {
    try {
        begin(loop, monitor, TraceOptions().events);
    } catch (const std::bad_alloc&) {
        lacked_memory = true;
    }
}

void TraceRing::end(EventLoop& loop, For whom) noexcept {
    Watch* const watch = Watch::of(loop);
    if (!watch || !watch->ring) return;
    TraceRing& ring = *watch->ring;
    ring.wanted_by_ &= static_cast<std::uint8_t>(~whom);
    if (ring.wanted_by_ != 0) return;
    std::exchange(watch->ring, nullptr)->finish();
    Watch::end(loop, Watch::trace);
}

void TraceRing::finish() noexcept {
    loop_ = nullptr;
    finished_at_ = ++rings_finished;
    state_ = is_kept_ ? finished : unused;
}

void TraceRing::forget_all() noexcept {
    for (TraceRing* r = first_ring.load(std::memory_order_acquire); r; r = r->next_) {
        State state = finished;
        r->state_.compare_exchange_strong(state, unused);
        r->begin_.store(r->end_.load(std::memory_order_relaxed), std::memory_order_release);
    }
}

// ---- Events

// A reader that sees any part of the entry also sees that the ones before are whole: the fields are stored after the position of the last.
inline void TraceRing::add(TraceEvent::Kind kind, std::uint64_t task, std::int64_t time,
                           std::uint64_t argument) noexcept {
    const std::uint64_t position = end_.load(std::memory_order_relaxed);
    Entry& e = entries_[position & (size_ - 1)];
    e.time.store(time, std::memory_order_release);
    e.what.store(task << TraceEvent::kind_bits | kind, std::memory_order_release);
    e.argument.store(argument, std::memory_order_release);
    end_.store(position + 1, std::memory_order_release);
}

void TraceRing::introduce(const TaskBase& task, TraceEvent::Kind how, std::int64_t now) noexcept {
    const std::uint64_t id = address_of(&task);
    slot_of(id) = {id, end_.load(std::memory_order_relaxed)};
    add(how, id, now, address_of(task.created_at));
    char number[32] = "Task-";
    std::string_view name;
    if (task.label & 1) {
        name = {number, std::to_chars(number + std::strlen(number), std::end(number), task.label >> 1).ptr};
    } else {
        name = reinterpret_cast<const char*>(task.label);
    }
    name = name.substr(0, most_name);
    for (std::size_t i = 0; i < name.size(); i += 16) {
        std::array<char, 16> piece{};
        name.substr(i).copy(piece.data(), piece.size());
        const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(piece);
        add(TraceEvent::name, id, static_cast<std::int64_t>(words[0]), words[1]);
    }
}

// Those that were created since an event came last are the newest of the loop's tasks: none of them has ended.
void TraceRing::introduce_new(std::int64_t now) noexcept {
    std::uintptr_t count = loop_->tasks_created - std::exchange(created_, loop_->tasks_created);
    const TaskBase* oldest = loop_->tasks;
    while (oldest && --count > 0 && oldest->older) oldest = oldest->older;
    for (const TaskBase* t = oldest; t; t = t->newer) introduce(*t, TraceEvent::created, now);
}

// The task's address; its name stands in the newer half of the ring, so that no event in that half lacks it.
inline std::uint64_t TraceRing::known(const TaskBase& task, std::int64_t now) noexcept {
    if (created_ != loop_->tasks_created) introduce_new(now);
    const std::uint64_t id = address_of(&task);
    const Known& k = slot_of(id);
    if (k.task != id || end_.load(std::memory_order_relaxed) - k.position > size_ / 2)
        introduce(task, TraceEvent::seen, now);
    return id;
}

void TraceRing::begins(TaskBase* task, std::int64_t now) noexcept {
    if (!task) return add(TraceEvent::begins, 0, now, 0);
    add(TraceEvent::begins, known(*task, now), now, address_of(promise_of(task->frame).pc));
}

void TraceRing::ends(const TaskBase* task, bool is_last, std::int64_t now) noexcept {
    const std::uint64_t id = address_of(task);
    add(is_last ? TraceEvent::ends_for_good : TraceEvent::ends, id, now, 0);
    if (is_last && slot_of(id).task == id) slot_of(id) = {};
}

void TraceRing::woken(TaskBase& task, const TaskBase* by, std::int64_t now) noexcept {
    add(TraceEvent::woken, known(task, now), now, address_of(by));
}

void TraceRing::never_begins(TaskBase& task, std::int64_t now) noexcept {
    const std::uint64_t id = known(task, now);
    add(TraceEvent::never_begins, id, now, 0);
    if (slot_of(id).task == id) slot_of(id) = {};
}

void TraceRing::looks(bool waits, std::int64_t now) noexcept {
    thread_.store(loop_->thread_id(), std::memory_order_relaxed);
    add(waits ? TraceEvent::waits : TraceEvent::looks, 0, now, 0);
}

void TraceRing::has_looked(std::int64_t now) noexcept { add(TraceEvent::has_looked, 0, now, 0); }

std::span<const TraceEvent> TraceRing::copy(std::span<TraceEvent> to, TracedLoop& loop) const noexcept {
    const State state = state_.load(std::memory_order_acquire);
    if (state == unused || to.size() < size_) return {};
    loop = {.number = number_, .thread = thread_, .end = state == live && real_time_ ? system_now() : 0};
    const std::uint64_t end = end_.load(std::memory_order_acquire);
    const std::uint64_t start =
        std::max(begin_.load(std::memory_order_acquire), end - std::min<std::uint64_t>(end, size_));
    for (std::uint64_t i = start; i < end; ++i) {
        const Entry& e = entries_[i & (size_ - 1)];
        to[i - start] = {e.time.load(std::memory_order_acquire), e.what.load(std::memory_order_acquire),
                         e.argument.load(std::memory_order_acquire)};
    }
    // The loop may be at work on the entry behind its last by now, which takes the place of an old one.
    const std::uint64_t at_work = end_.load(std::memory_order_acquire) + (state == live ? 1 : 0);
    const std::uint64_t whole =
        std::max(begin_.load(std::memory_order_acquire), at_work - std::min<std::uint64_t>(at_work, size_));
    if (whole >= end) return {};
    return to.subspan(std::max(whole, start) - start, end - std::max(whole, start));
}

// ---- For programs

void start_tracing(EventLoop& loop, const TraceOptions& options) {
    loop.check_usable("start_tracing");
    TraceRing::begin(loop, TraceRing::program, options.events);
}

void stop_tracing(EventLoop& loop) noexcept { TraceRing::end(loop, TraceRing::program); }

}  // namespace hocket::inspect
