// SPDX-License-Identifier: MIT
// Finding tasks, and running the loop until one is done.
#include <hocket/core/task.h>

#include <algorithm>

namespace hocket {

std::string AnyTask::get_name() const { return is_task() ? static_cast<TaskBase*>(state_)->name() : "future"; }

TaskBase& AnyTask::task(const char* call) const {
    if (!is_task()) throw RuntimeError(std::string(call) + " of a future that is no task");
    return static_cast<TaskBase&>(*state_);
}

AnyTask ErrorContext::handle() const {
    if (!future) return {};
    future->share();
    return FutureHandle(future);
}

namespace {
AnyTask handle_of(TaskBase& t) {
    t.share();
    return FutureHandle(&t);
}
}  // namespace

AnyTask current_task() { return current_task(get_running_loop()); }
AnyTask current_task(const EventLoop& loop) { return loop.current ? handle_of(*loop.current) : AnyTask(); }

std::vector<AnyTask> all_tasks() { return all_tasks(get_running_loop()); }
std::vector<AnyTask> all_tasks(const EventLoop& loop) {
    std::vector<AnyTask> result;
    for (TaskBase* t = loop.tasks; t; t = t->older) result.push_back(handle_of(*t));
    std::reverse(result.begin(), result.end());
    return result;
}

namespace {

// Stops the loop when a future is done. Where the run ends otherwise, it may still stand in the ready queue: then it outlives the call.
struct Stopper final : Waiter {
    EventLoop* loop;
    bool ran = false;

    explicit Stopper(EventLoop& l) noexcept : loop(&l) {}
    void run() override {
        ran = true;
        if (loop) {
            loop->stop();
        } else {
            delete this;
        }
    }
    void discard() noexcept override { delete this; }
};

}  // namespace

void run_loop_until(EventLoop& loop, FutureBase& future) {
    loop.check_usable("run_until_complete");
    if (future.loop_id != loop.id())
        throw ValueError("run_until_complete of a future that belongs to a different loop");
    auto* stopper = new Stopper(loop);
    future.share();
    future.add_waiter(*stopper);
    struct Release {
        FutureBase& future;
        Stopper* stopper;
        ~Release() {
            if (stopper->ran) {
                delete stopper;
            } else if (!future.done()) {
                future.waiters.remove(*stopper);
                delete stopper;
            } else {
                stopper->loop = nullptr;
            }
            future.drop();
        }
    } release{future, stopper};
    try {
        loop.run_forever();
    } catch (...) {
        future.mark_retrieved();  // most likely it is this exception that leaves the loop
        throw;
    }
    if (!future.done()) throw RuntimeError("Event loop stopped before Future completed.");
}

}  // namespace hocket
