// SPDX-License-Identifier: MIT
// What is said of coroutines that are used wrongly.
#include <hocket/core/coro.h>

#include <hocket/base/report.h>
#include <hocket/base/symbols.h>

#include <exception>
#include <string>

namespace hocket {

namespace {

void report_never_awaited(const void* function, const void* dropped) noexcept {
    try {
        std::string text = "coroutine was never awaited: " + code_location(function);
        const std::string where = code_location(dropped);
        if (!where.empty()) text += "\n  dropped in " + where;
        report(text);
    } catch (...) {  // out of memory: the fact itself still has to be told
        report("a coroutine was never awaited");
    }
}

void report_destroyed(const void* function, const void* dropped) noexcept {
    try {
        report("a coroutine was destroyed while it was awaited: " + code_location(function) + "\n  destroyed in " +
               code_location(dropped));
    } catch (...) {  // out of memory: the fact itself still has to be told
        report("a coroutine was destroyed while it was awaited");
    }
}

// The task in which `frame` is suspended, if its loop closes.
TaskBase* task_that_closes_with(std::coroutine_handle<> frame) noexcept {
    if (!this_loop || this_loop->is_running()) return nullptr;
    for (TaskBase* t = this_loop->tasks; t; t = t->older) {
        for (std::coroutine_handle<> h = t->frame; h; h = promise_of(h).parent) {
            if (h == frame) return t;
        }
    }
    return nullptr;
}

}  // namespace

void drop_unfinished(std::coroutine_handle<> frame, const void* dropped) noexcept {
    if (FramePool::is_husk(frame.address())) return FramePool::release_husk(frame.address());
    PromiseBase& promise = promise_of(frame);
    if (!promise.parent) {
        report_never_awaited(promise.pc, dropped);
        return frame.destroy();
    }
    TaskBase* const t = task_that_closes_with(frame);
    if (!t) {
        report_destroyed(promise.pc, dropped);
        std::terminate();
    }
    t->destroy_frames_below(promise.parent);
    FramePool::release_husk(frame.address());
}

void throw_not_awaitable(std::coroutine_handle<> h) {
    if (!h) throw RuntimeError("cannot await a coroutine that was moved from, closed or made a task");
    throw RuntimeError("cannot await a coroutine twice: " + code_location(promise_of(h).pc));
}

void throw_awaited(const char* what, std::coroutine_handle<> h) {
    throw RuntimeError(std::string("cannot ") + what +
                       " a coroutine that is being awaited: " + code_location(promise_of(h).pc));
}

void throw_awaited_twice(const char* what) { throw RuntimeError(std::string("cannot await ") + what + " twice"); }

}  // namespace hocket
