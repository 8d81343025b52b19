// SPDX-License-Identifier: MIT
// Counts what a loop runs, step by step.
#include <hocket/inspect/watch_internal.h>

#include <hocket/core/task.h>
#include <hocket/inspect/trace_internal.h>

#include <pthread.h>
#include <algorithm>
#include <bit>
#include <mutex>
#include <new>
#include <utility>

namespace hocket::inspect {

// ---- Histograms

namespace {

// Locked by loops as they begin and end to be watched, and by who looks from another thread.
constinit std::mutex watches_mutex;
std::vector<Watch*>& watches() {
    static auto* all = new std::vector<Watch*>;  // never destroyed: loops may end after static destructors
    return *all;
}

// The loops of the parent are not the child's.
void forget_parents() {
    watches().clear();
    watches_mutex.unlock();
}

constexpr int first_bits = 10;            // the first count is of what needs no more bits
constexpr std::size_t first_levels = 16;  // of steps inside each other, for which no memory has to be asked

}  // namespace

void Histogram::add(std::int64_t nanoseconds) noexcept {
    const auto bits =
        static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0))));
    const auto i = static_cast<std::size_t>(std::max(bits - first_bits, 0));
    ++counts[std::min(i, counts.size() - 1)];
}

std::uint64_t Histogram::total() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t n : counts) sum += n;
    return sum;
}

std::int64_t Histogram::upper_end(std::size_t count) noexcept {
    return count + 1 < std::tuple_size_v<decltype(counts)> ? std::int64_t{1} << (first_bits + count) : INT64_MAX;
}

std::int64_t Histogram::quantile(double fraction) const noexcept {
    const std::uint64_t all = total();
    if (all == 0) return 0;
    const double wanted = fraction * static_cast<double>(all);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        sum += counts[i];
        if (sum > 0 && static_cast<double>(sum) >= wanted) return upper_end(i);
    }
    return upper_end(counts.size() - 1);
}

// ---- Its life

Watch::Watch(EventLoop& loop)
    : LoopResource(loop), loop_(loop), began_(loop.now()), now_(began_), created_before_(loop.tasks_created) {
    static const int at_fork =
        pthread_atfork([] { watches_mutex.lock(); }, [] { watches_mutex.unlock(); }, forget_parents);
    (void)at_fork;
    running_.reserve(first_levels);
    {
        const std::lock_guard lock(watches_mutex);
        watches().push_back(this);
    }
    loop.set_observer(this);  // nothing fails from here on
}

Watch::~Watch() {
    const std::lock_guard lock(watches_mutex);
    std::erase(watches(), this);
}

std::vector<Watch::Step> Watch::steps_now() {
    std::vector<Step> steps;
    const std::lock_guard lock(watches_mutex);
    steps.reserve(watches().size());
    for (const Watch* const w : watches()) {
        const std::int64_t since = w->step_since();
        if (since != never && w->loop_.backend().real_time()) steps.push_back({w->loop_.mark(), since, w->loop_.now()});
    }
    return steps;
}

Watch* Watch::of(const EventLoop& loop) noexcept { return dynamic_cast<Watch*>(loop.observer()); }

void Watch::begin(EventLoop& loop, For whom) {
    if (!loop.observer()) new Watch(loop);
    if (Watch* const watch = of(loop)) watch->set_wanted(static_cast<std::uint8_t>(watch->wanted_by_ | whom));
}

void Watch::end(EventLoop& loop, For whom) noexcept {
    Watch* const watch = of(loop);
    if (!watch) return;
    watch->set_wanted(static_cast<std::uint8_t>(watch->wanted_by_ & ~whom));
    if (watch->wanted_by_ == 0) watch->loop_closing();
}

// Counting begins anew when the first wants it.
void Watch::set_wanted(std::uint8_t by) noexcept {
    const bool counted = counts();
    wanted_by_ = by;
    if (counted == counts()) return;
    tasks_.clear();
    counters_ = {};
    began_ = loop_.now();
    created_before_ = loop_.tasks_created;
}

void Watch::loop_closing() noexcept {
    if (ring) ring->finish();
    loop_.set_observer(nullptr);
    delete this;
}

// ---- What it sees

// Null: there is no memory for it.
Watch::Entry* Watch::entry_of(const TaskBase& task) noexcept {
    try {
        const auto [found, is_new] = tasks_.try_emplace(&task);
        if (is_new) found->second.since = now_;
        return &found->second;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

// False: there is no memory for it.
bool Watch::record_step(const TaskBase* task) noexcept {
    try {
        running_.push_back({task, now_, 0});
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

// Another step begins inside the one that runs, if one does.
void Watch::pause_outer() noexcept {
    if (running_.empty()) return;
    now_ = loop_.now();
    running_.back().so_far += now_ - std::exchange(running_.back().began, now_);
}

// The step in which that stood, if there is one.
void Watch::go_on_outside() noexcept {
    step_since_.store(running_.empty() ? never : now_, std::memory_order_relaxed);
    if (!running_.empty()) running_.back().began = now_;
}

void Watch::looks(bool waits) noexcept {
    pause_outer();  // whose step is a nested run
    step_since_.store(never, std::memory_order_relaxed);
    waits_since_ = waits ? now_ : never;
    if (ring) ring->looks(waits, now_);
    ++counters_.iterations;
}

void Watch::has_looked() noexcept {
    now_ = loop_.now();
    if (ring) ring->has_looked(now_);
    if (counts() && waits_since_ != never) counters_.waiting += now_ - waits_since_;
    last_ = nullptr;
    go_on_outside();
}

void Watch::woken(TaskBase& task) noexcept {
    if (!running_.empty()) now_ = loop_.now();
    const TaskBase* const by = running_.empty() ? last_ : running_.back().task;
    if (ring) ring->woken(task, by, now_);
    if (!counts()) return;
    Entry* const e = entry_of(task);
    if (!e) return;
    e->counters.idle += now_ - e->since;  // also of one that was ready, and found its gate closed again
    e->since = now_;
    e->is_ready = true;
    ++e->counters.wakes;
    if (&task == by) ++e->counters.self_wakes;
}

void Watch::begins(TaskBase* task) noexcept {
    pause_outer();
    step_since_.store(now_, std::memory_order_relaxed);
    if (unrecorded_ > 0 || !record_step(task)) ++unrecorded_;
    if (ring) ring->begins(task, now_);
    if (!task || !counts()) return;
    Entry* const e = entry_of(*task);
    if (!e) return;
    TaskCounters& c = e->counters;
    ++c.resumes;
    if (!std::exchange(e->is_ready, false)) return;  // it begins at once, inside another's step
    const std::int64_t delay = now_ - e->since;
    c.scheduled += delay;
    c.longest_scheduled = std::max(c.longest_scheduled, delay);
    c.delays.add(delay);
    counters_.delays.add(delay);
}

void Watch::ends(TaskBase* task, bool is_last) noexcept {
    if (running_.empty()) return;  // began before this did
    now_ = loop_.now();
    if (ring) ring->ends(task, is_last, now_);
    last_ = task;
    if (unrecorded_ > 0) return end_unrecorded(task, is_last);
    const Running ran = running_.back();
    running_.pop_back();
    const std::int64_t took = ran.so_far + now_ - ran.began;
    go_on_outside();
    if (!counts()) return;
    counters_.busy += took;
    if (!task) {
        ++counters_.callbacks;
        return;
    }
    ++counters_.steps_made;
    counters_.steps.add(took);
    if (is_last) {
        ++counters_.ended;
        tasks_.erase(task);
        return;
    }
    Entry* const e = entry_of(*task);
    if (!e) return;
    e->since = now_;
    e->counters.busy += took;
    e->counters.longest_busy = std::max(e->counters.longest_busy, took);
    e->counters.steps.add(took);
}

// It is counted; for how long it ran is not known, and is a part of the step around it.
void Watch::end_unrecorded(TaskBase* task, bool is_last) noexcept {
    --unrecorded_;
    step_since_.store(now_, std::memory_order_relaxed);
    if (!counts()) return;
    ++(task ? counters_.steps_made : counters_.callbacks);
    if (is_last) {
        ++counters_.ended;
        tasks_.erase(task);
    } else if (Entry* const e = task ? entry_of(*task) : nullptr) {
        e->since = now_;
    }
}

void Watch::never_begins(TaskBase& task) noexcept {
    if (ring) ring->never_begins(task, now_);
    if (!counts()) return;
    ++counters_.ended;
    tasks_.erase(&task);
}

// ---- What it tells

LoopCounters Watch::loop_counters() const noexcept {
    if (!counts()) return {};
    LoopCounters result = counters_;
    result.counted = loop_.now() - began_;
    result.created = loop_.tasks_created - created_before_;
    return result;
}

TaskCounters Watch::counters_of(const TaskBase& task) const noexcept {
    const auto found = tasks_.find(&task);
    return found == tasks_.end() ? TaskCounters() : found->second.counters;
}

// ---- For programs

void start_counting(EventLoop& loop) {
    loop.check_usable("start_counting");
    Watch::begin(loop, Watch::program);
}

void stop_counting(EventLoop& loop) noexcept { Watch::end(loop, Watch::program); }

LoopCounters counters_of(const EventLoop& loop) {
    const Watch* const watch = Watch::of(loop);
    return watch ? watch->loop_counters() : LoopCounters();
}

TaskCounters counters_of(const AnyTask& task) {
    const EventLoop* const loop = EventLoop::with_id(task.object().loop_id);
    const Watch* const watch = loop ? Watch::of(*loop) : nullptr;
    return watch ? watch->counters_of(static_cast<const TaskBase&>(task.object())) : TaskCounters();
}

}  // namespace hocket::inspect
