// SPDX-License-Identifier: MIT
// What sees a loop run.
#pragma once

#include <hocket/base/config.h>

namespace hocket {

struct TaskBase;

/// Sees what a loop runs, for counters, traces and detectors; `EventLoop::observer` names it. Everything is called on the loop's thread, and may
/// not change what the loop runs. A loop without an observer does no more for it than it does for debug mode.
class HOCKET_EXPORT LoopObserver {
public:
    /// A step of `task` begins, or, null, a callback. It may stand inside another: an eager task's first step, a nested run.
    virtual void begins(TaskBase* task) noexcept = 0;
    /// The step or callback that began last ends; `task` is done, if `is_last`.
    virtual void ends(TaskBase* task, bool is_last) noexcept = 0;
    /// `task` became ready: by the step or callback that has just ended, or goes on when another begins inside it; after `has_looked`, by a
    /// timer, the operating system or another thread. A task that has been woken may find that it must wait again, without a step.
    virtual void woken(TaskBase& task) noexcept = 0;
    /// `task` was cancelled before its first step, and makes none.
    virtual void never_begins(TaskBase& task) noexcept = 0;
    /// The loop looks for what has completed or is due; nothing is ready, and it waits, if `waits`.
    virtual void looks(bool waits) noexcept = 0;
    /// It has, and runs what is ready.
    virtual void has_looked() noexcept = 0;

protected:
    ~LoopObserver() = default;
};

}  // namespace hocket
