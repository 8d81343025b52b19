// SPDX-License-Identifier: MIT
// The default executor of a loop, and how it ends with it.
#include <hocket/os/executor.h>

#include <hocket/base/report.h>
#include <hocket/core/mailbox.h>
#include <hocket/flow/wait_for.h>

#include <algorithm>
#include <string>
#include <vector>

namespace hocket {

namespace {

class DefaultExecutor final : LoopResource {
public:
    static DefaultExecutor& of(EventLoop& loop) {
        if (!loop.default_executor)
            loop.default_executor = new DefaultExecutor(loop);  // destroyed when the loop closes
        return static_cast<DefaultExecutor&>(*loop.default_executor);
    }

    ThreadPoolExecutor& get() {
        if (shut_) throw RuntimeError("Executor shutdown has been called");
        if (!executor_) executor_ = Shared<ThreadPoolExecutor>::make();
        return *executor_;
    }
    void set(Shared<ThreadPoolExecutor> executor) {
        if (shut_) throw RuntimeError("Executor shutdown has been called");
        if (executor == executor_) return;
        std::erase_if(replaced_, [](const auto& e) { return e->ended().done(); });
        if (executor_) {
            executor_->shutdown({.wait = false});
            replaced_.push_back(std::move(executor_));
        }
        executor_ = std::move(executor);
    }
    void begin_shutdown() noexcept override {
        if (std::exchange(shut_, true)) return;
        for (const auto& e : all()) {
            // Its end wakes the loop.
            e->ended().add_done_callback([threads = OutsideWork(loop_, true)](const ConcurrentFuture<>&) {});
            e->shutdown({.wait = false});
        }
    }
    bool finished() const noexcept override {
        return std::ranges::all_of(all(), [](const auto& e) { return e->ended().done(); });
    }
    /// The default executor, and those that were it before.
    std::vector<Shared<ThreadPoolExecutor>> all() const {
        auto executors = replaced_;
        if (executor_) executors.push_back(executor_);
        return executors;
    }

private:
    explicit DefaultExecutor(EventLoop& loop) : LoopResource(loop), loop_(loop) {}
    ~DefaultExecutor() override = default;

    // What has begun may wait for a task of the loop: so it is not waited for before those are gone.
    void loop_closing() noexcept override {
        // Where time is virtual, the Runner's 300 s pass in no time.
        const bool too_long = loop_.backend().real_time() && !finished();
        const bool was_shut = std::exchange(shut_, true);
        if (was_shut && too_long) {
            report(
                "the default executor's jobs have not ended though it was shut down: the loop's end cancels those that "
                "have not begun, and waits for the others");
        }
        for (const auto& e : all()) e->shutdown({.wait = false, .cancel_futures = !was_shut || too_long});
        stay(loop_);
    }
    void loop_closed() noexcept override {
        for (const auto& e : all()) e->shutdown({.wait = true});
        loop_.default_executor = nullptr;
        delete this;
    }

    EventLoop& loop_;
    Shared<ThreadPoolExecutor> executor_;
    std::vector<Shared<ThreadPoolExecutor>> replaced_;
    bool shut_ = false;
};

}  // namespace

ThreadPoolExecutor& default_executor() { return DefaultExecutor::of(get_running_loop()).get(); }

void set_default_executor(EventLoop& loop, Shared<ThreadPoolExecutor> executor) {
    loop.check_usable("set_default_executor");
    if (!executor) throw ValueError("set_default_executor: there is no executor to set");
    DefaultExecutor::of(loop).set(std::move(executor));
}

Coro<bool> ThreadPoolExecutor::close(ExecutorCloseOptions options) {
    shutdown({.wait = false, .cancel_futures = options.cancel_futures});
    if (ended().done()) co_return true;
    if (options.timeout && options.timeout->count() <= 0) co_return false;
    try {
        co_await wait_for(wrap_future(ended()), options.timeout);
    } catch (const TimeoutError&) {
        co_return ended().done();
    }
    co_return true;
}

Coro<ThreadPoolExecutor&> ThreadPoolExecutor::aenter() { co_return *this; }

Coro<> ThreadPoolExecutor::aexit(std::exception_ptr) { co_await close(); }

Coro<> shutdown_default_executor() {
    DefaultExecutor& executor = DefaultExecutor::of(get_running_loop());
    executor.begin_shutdown();
    for (const auto& e : executor.all()) {
        if (!e->ended().done()) co_await wrap_future(e->ended());
    }
}

Coro<> shutdown_default_executor(Duration timeout) {
    DefaultExecutor& executor = DefaultExecutor::of(get_running_loop());
    executor.begin_shutdown();  // outside the limit: with no time left, nothing inside it would begin
    if (executor.finished()) co_return;
    try {
        co_await wait_for(shutdown_default_executor(), timeout);
    } catch (const TimeoutError&) {
        if (executor.finished()) co_return;
        report("the default executor's threads have not ended within " + seconds_text(timeout.count()) + " seconds");
    }
}

}  // namespace hocket
