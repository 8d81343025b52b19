// SPDX-License-Identifier: MIT
// Detectors are started and stopped, told of what program threads find by themselves, and tell it.
#include <hocket/inspect/detectors.h>

#include <hocket/base/errors.h>
#include <hocket/base/memory.h>
#include <hocket/base/report.h>
#include <hocket/core/queue_growth.h>
#include <hocket/core/task_base.h>
#include <hocket/inspect/detector_thread_internal.h>
#include <hocket/inspect/telling_internal.h>
#include <hocket/inspect/trace.h>

#include <pthread.h>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <unordered_map>
#include <utility>

namespace hocket::inspect {

namespace {

using Kind = Finding::Kind;

constexpr std::chrono::minutes minute(1);

// The process's.
struct State {
    std::mutex mutex;
    Unique<DetectorThread> thread;
    Shared<Telling> telling;  // null: none are started
    std::unordered_map<const void*, std::chrono::steady_clock::time_point> told_places;
};

void stop_listening() noexcept {
    FramePool::set_large_block_hook(0, nullptr);
    queue_growth_hook = nullptr;
}

State* state_now = nullptr;

// A child of a fork has no detectors until it starts its own. Other threads may have been at them when the process forked: what the parent had
// stays where it is.
void leave_to_parent() {
    stop_listening();
    if (state_now->thread) state_now->thread->close_descriptors();
    state_now = new State;
}

State& state() {
    static const bool is_made = [] {
        state_now = new State;  // never destroyed: threads may make frames after static destructors
        pthread_atfork(nullptr, nullptr, leave_to_parent);
        std::atexit(stop_detectors);
        return true;
    }();
    (void)is_made;
    return *state_now;
}

// What a program thread finds, once in a minute for each place, whose name is not looked up more often. Nothing is told while somebody starts
// or stops the detectors.
void tell_once(Finding finding, const void* where) {
    static thread_local bool is_telling = false;  // who is told may itself make frames and put items
    if (is_telling) return;
    Shared<Telling> telling;
    {
        State& s = state();
        const std::unique_lock lock(s.mutex, std::try_to_lock);
        if (!lock || !s.telling) return;
        const auto now = std::chrono::steady_clock::now();
        const auto [told, is_new] = s.told_places.try_emplace(where, now);
        if (!is_new && now - told->second < minute) return;
        told->second = now;
        telling = s.telling;
    }
    is_telling = true;
    if (this_loop && this_loop->current) finding.task = this_loop->current->name();
    finding.place = code_location(where);
    finding.text += ", at " + finding.place + (finding.task.empty() ? "" : ", in " + finding.task);
    telling->tell(finding);
    is_telling = false;
}

void tell_of_frame(std::size_t size, const void* where) {
    Finding f;
    f.kind = Kind::oversized_frame;
    f.text = "a frame of " + std::to_string(size) + " bytes is made: what is large is better allocated for itself";
    tell_once(std::move(f), where);
}

std::atomic<std::size_t> most_items = 0;

void tell_of_queue(std::size_t items, const void* where) {
    if (items < most_items.load(std::memory_order_relaxed)) return;
    Finding f;
    f.kind = Kind::growing_queue;
    f.text = "a queue without a limit has " + std::to_string(items) + " items, and grows";
    tell_once(std::move(f), where);
}

void check(const DetectorOptions& options) {
    const auto check_time = [](const char* name, Duration time) {
        if (time.count() < 0)
            throw ValueError("start_detectors: " + std::string(name) + " is " + std::to_string(time.count()) +
                             " ns: a time is not negative");
    };
    check_time("blocked", options.blocked);
    check_time("interval", options.interval);
    check_time("ignored_cancel", options.ignored_cancel);
    if (options.frame != 0 && options.frame <= FramePool::largest)
        throw ValueError("start_detectors: frame is " + std::to_string(options.frame) + ": frames of up to " +
                         std::to_string(FramePool::largest) + " bytes cost the system nothing, and are not looked at");
}

}  // namespace

void Telling::tell(const Finding& finding) {
    std::unique_lock lock(mutex_);
    const Clock::time_point now = Clock::now();
    std::erase_if(told_, [&](const auto& told) { return now - told.second >= minute; });
    if (told_.size() >= most_ || !told_.emplace(std::pair(finding.kind, finding.place), now).second) return;
    waiting_.push_back(finding);
    if (is_telling_) return;  // that thread will tell it: a loop does not wait for who is told
    is_telling_ = true;
    while (!waiting_.empty()) {
        const Finding next = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        tell_now(next);
        lock.lock();
    }
    is_telling_ = false;
}

void Telling::tell_now(const Finding& finding) noexcept {
    if (finding.kind == Kind::blocked_loop) write_trace_if_asked("a blocked loop");
    try {
        if (found_) return found_(finding);
        report(std::string(name_of(finding.kind)) + ": " + finding.text);
    } catch (...) {
        report("detectors: what is told of a finding threw " + describe(std::current_exception()));
    }
}

namespace {

// With its mutex.
void start(State& s, DetectorOptions options) {
    auto telling = Shared<Telling>::make(std::move(options.found), options.most_in_a_minute);
    s.thread = Unique<DetectorThread>::make(options, telling);
    s.telling = std::move(telling);
    s.told_places.clear();
    most_items = options.queue;
    if (options.queue != 0) queue_growth_hook = tell_of_queue;
    if (options.frame != 0) FramePool::set_large_block_hook(options.frame, tell_of_frame);
}

// The interval that HOCKET_DETECT says, in seconds; zero: nobody has asked.
std::chrono::nanoseconds interval_asked_for() {
    const char* const asked = ::secure_getenv("HOCKET_DETECT");
    if (asked == nullptr || *asked == '\0') return {};
    double seconds = 0;
    const char* const all = asked + std::strlen(asked);
    const auto [end, error] = std::from_chars(asked, all, seconds);
    if (error != std::errc() || end != all || !(seconds >= 0) || seconds > 1e6)
        throw ValueError("it is " + std::string(asked) + ", which is no number of seconds between two looks");
    return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace

void start_detectors(DetectorOptions options) {
    check(options);
    State& s = state();
    const std::lock_guard lock(s.mutex);
    if (s.thread) throw RuntimeError("start_detectors: they are started already");
    start(s, std::move(options));
}

void stop_detectors() noexcept {
    State& s = state();
    Unique<DetectorThread> ending;  // it may tell until it has ended
    const std::lock_guard lock(s.mutex);
    stop_listening();
    s.telling = nullptr;
    std::swap(ending, s.thread);
}

void detect_in(EventLoop& loop) noexcept {
    if (!loop.backend().real_time()) return;
    try {
        State& s = state();
        const std::lock_guard lock(s.mutex);
        if (const std::chrono::nanoseconds interval = interval_asked_for(); interval.count() > 0 && !s.thread) {
            DetectorOptions options;
            options.interval = interval;
            start(s, std::move(options));
        }
        if (s.thread) Watch::begin(loop, Watch::detectors);
    } catch (const std::exception& e) {
        report("HOCKET_DETECT: " + std::string(e.what()));
    }
}

}  // namespace hocket::inspect
