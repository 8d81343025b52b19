// SPDX-License-Identifier: MIT
// The Runner's interrupts, and its orderly end.
#include <hocket/io/runner.h>

#include <hocket/base/report.h>
#include <hocket/base/thread_id.h>
#include <hocket/inspect/detectors.h>
#include <hocket/inspect/monitor.h>
#include <hocket/inspect/trace.h>
#include <hocket/io/backend_factory.h>
#include <hocket/io/signals_internal.h>

#include <unistd.h>
#include <csignal>

#include <chrono>
#include <vector>

namespace hocket {

namespace {

bool on_main_thread() noexcept { return getpid() == this_thread_id(); }

bool interrupt_has_default_effect() noexcept {
    struct sigaction action{};
    sigaction(SIGINT, nullptr, &action);
    return action.sa_handler == SIG_DFL;
}

// While it lives, SIGINT cancels the main task.
class InterruptGuard {
public:
    InterruptGuard(EventLoop& loop, TaskBase& task) : loop_(loop), task_(task) {
        active_ = loop.backend().real_time() && on_main_thread() && interrupt_has_default_effect();
        if (active_) add_interrupt_handler(loop, [this] { interrupted(); });
    }
    ~InterruptGuard() {
        if (active_) remove_interrupt_handler(loop_);
    }
    bool was_interrupted() const noexcept { return count_ > 0; }

private:
    void interrupted() {
        // The loop sees a signal after the steps that were due: where one of these ended by another cancel, that is what `run` throws.
        if (count_ == 0 && task_.cancelled()) return;
        if (++count_ == 1 && task_.cancel()) return;
        active_ = false;
        remove_interrupt_handler(loop_);
        throw KeyboardInterrupt();
    }

    EventLoop& loop_;
    TaskBase& task_;
    bool active_ = false;
    int count_ = 0;
};

}  // namespace

Unique<EventLoop> new_event_loop() { return Unique<EventLoop>::make(make_backend()); }

Runner::Runner(RunOptions options) : options_(std::move(options)) {}

Runner::~Runner() {
    try {
        close();
    } catch (...) {
        report("Runner: the run's end failed: " + describe(std::current_exception()));
    }
}

EventLoop& Runner::get_loop() {
    if (closed_) throw RuntimeError("Runner is closed");
    if (!loop_) {
        inspect::start_monitor_if_asked();
        loop_ = options_.loop_factory();
        inspect::detect_in(*loop_);
        if (options_.debug) loop_->set_debug(*options_.debug);
        inspect::start_tracing_if_asked(*loop_);
    }
    return *loop_;
}

void Runner::check_can_run() const {
    if (closed_) throw RuntimeError("Runner is closed");
    if (this_loop) throw RuntimeError("run cannot be called while a loop runs on this thread: co_await, or nested_run");
}

void Runner::run_main(TaskBase& task) {
    const InterruptGuard guard(*loop_, task);
    run_loop_until(*loop_, task);
    if (guard.was_interrupted() && task.cancelled() && task.uncancel() == 0) throw KeyboardInterrupt();
}

void Runner::close() {
    if (loop_ && loop_->is_running()) throw RuntimeError("Cannot close a running event loop");
    if (std::exchange(closed_, true) || !loop_) return;
    struct Closing {
        Unique<EventLoop>& loop;
        ~Closing() { loop.reset(); }  // closes it, whatever is thrown before
    } closing{loop_};
    cancel_all_tasks();
    shut_down_resources();
}

// As in asyncio, tasks that these make on their way out are not waited for.
void Runner::cancel_all_tasks() {
    std::vector<AnyTask> left;
    for (TaskBase* t = loop_->tasks; t; t = t->older) {
        t->share();
        left.emplace_back(FutureHandle(t));
    }
    if (left.empty()) return;
    for (auto t = left.rbegin(); t != left.rend(); ++t) t->cancel();
    for (const AnyTask& t : left) {
        if (!t.done()) run_loop_until(*loop_, *t.state());
    }
    for (const AnyTask& t : left) {
        if (t.cancelled()) continue;
        if (std::exception_ptr e = t.exception()) {
            loop_->call_exception_handler({"unhandled exception during run() shutdown", std::move(e), t.state()});
        }
    }
}

void Runner::shut_down_resources() {
    loop_->begin_shutdown();
    const std::int64_t end = loop_->time_after(std::chrono::seconds(300)).time_since_epoch().count();
    while (!loop_->shutdown_finished() && loop_->now() < end) {
        loop_->run_once(std::chrono::nanoseconds(end - loop_->now()));
    }
}

void run_nested_until(FutureBase& future) {
    future.loop().run_nested([](void* f) { return static_cast<FutureBase*>(f)->done(); }, &future);
}

}  // namespace hocket
