// SPDX-License-Identifier: MIT
// What watches one loop.
#pragma once

#include <hocket/core/event_loop.h>
#include <hocket/core/loop_observer.h>
#include <hocket/inspect/counters.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace hocket::inspect {

/// Made when the first wants something to be counted, gone when the last does not any more, or with the loop.
class Watch final : public LoopObserver, public LoopResource {
public:
    /// Who wants it.
    enum For : std::uint8_t { program = 1, monitor = 2, detectors = 4, trace = 8 };

    static void begin(EventLoop& loop, For whom);
    static void end(EventLoop& loop, For whom) noexcept;
    /// Null: nobody wants it.
    static Watch* of(const EventLoop& loop) noexcept;

    /// A step or callback that runs now, seen from another thread.
    struct Step {
        std::uint64_t mark;  // of the loop
        std::int64_t since;  // by the loop's clock
        std::int64_t now;    // by the same
    };
    /// Those of all loops in real time that somebody wants to be watched. Any thread.
    static std::vector<Step> steps_now();
    /// When the step or callback began that runs now; `never`: none does. Any thread.
    std::int64_t step_since() const noexcept { return step_since_.load(std::memory_order_relaxed); }
    static constexpr std::int64_t never = INT64_MIN;

    /// Whether somebody wants the counters; else steps are only seen, by detectors or a trace.
    bool counts() const noexcept { return wanted_by_ & (program | monitor); }
    /// All zero where nothing is counted.
    LoopCounters loop_counters() const noexcept;
    TaskCounters counters_of(const TaskBase& task) const noexcept;

    void begins(TaskBase* task) noexcept override;
    void ends(TaskBase* task, bool is_last) noexcept override;
    void woken(TaskBase& task) noexcept override;
    void never_begins(TaskBase& task) noexcept override;
    void looks(bool waits) noexcept override;
    void has_looked() noexcept override;
    void loop_closing() noexcept override;

    class TraceRing* ring = nullptr;  // where the loop is traced

private:
    struct Entry {
        TaskCounters counters;
        std::int64_t since = 0;  // it is ready, or waits
        bool is_ready = false;
    };
    struct Running {
        const TaskBase* task;
        std::int64_t began;   // or went on, after a step inside it
        std::int64_t so_far;  // before that
    };

    explicit Watch(EventLoop& loop);
    ~Watch() override;
    void set_wanted(std::uint8_t by) noexcept;
    void pause_outer() noexcept;
    void go_on_outside() noexcept;
    bool record_step(const TaskBase* task) noexcept;
    void end_unrecorded(TaskBase* task, bool is_last) noexcept;
    Entry* entry_of(const TaskBase& task) noexcept;

    EventLoop& loop_;
    std::atomic<std::int64_t> step_since_ = never;  // when the innermost began, or went on
    std::uint8_t wanted_by_ = 0;
    std::int64_t began_, now_, waits_since_ = never;  // now_: when the last step ended, or the loop had looked
    std::uintptr_t created_before_;
    const TaskBase* last_ = nullptr;  // whose step that was
    LoopCounters counters_;
    std::unordered_map<const TaskBase*, Entry> tasks_;
    std::vector<Running> running_;  // the innermost last
    std::size_t unrecorded_ = 0;    // inside the innermost of those, for which there was no memory
};

}  // namespace hocket::inspect
