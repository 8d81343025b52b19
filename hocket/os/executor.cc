// SPDX-License-Identifier: MIT
// The default executor of a loop, and how it ends with it.
#include <hocket/os/executor.h>

#include <hocket/base/report.h>
#include <hocket/core/mailbox.h>

#include <string>

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
        executor_ = std::move(executor);
    }
    void begin_shutdown() noexcept override {
        if (std::exchange(shut_, true) || !executor_) return;
        // Its end wakes the loop.
        executor_->ended().add_done_callback([threads = OutsideWork(loop_)](const ConcurrentFuture<>&) {});
        executor_->shutdown({.wait = false});
    }
    bool finished() const noexcept override { return !executor_ || executor_->ended().done(); }
    ConcurrentFuture<> ended() const { return executor_->ended(); }

private:
    explicit DefaultExecutor(EventLoop& loop) : LoopResource(loop), loop_(loop) {}
    ~DefaultExecutor() override = default;

    void loop_closing() noexcept override {
        // Where time is virtual, the Runner's 300 s pass in no time.
        const bool out_of_time = loop_.backend().real_time() && !finished();
        if (shut_ && out_of_time) {
            report(
                "the default executor's jobs have not ended within 300 s: the loop's end waits for those that have "
                "begun");
        }
        if (executor_) executor_->shutdown({.wait = true, .cancel_futures = !shut_ || out_of_time});
        loop_.default_executor = nullptr;
        delete this;
    }

    EventLoop& loop_;
    Shared<ThreadPoolExecutor> executor_;
    bool shut_ = false;
};

}  // namespace

ThreadPoolExecutor& default_executor() { return DefaultExecutor::of(get_running_loop()).get(); }

void set_default_executor(EventLoop& loop, Shared<ThreadPoolExecutor> executor) {
    loop.check_usable("set_default_executor");
    if (!executor) throw ValueError("set_default_executor: there is no executor to set");
    DefaultExecutor::of(loop).set(std::move(executor));
}

Coro<> shutdown_default_executor() {
    DefaultExecutor& executor = DefaultExecutor::of(get_running_loop());
    executor.begin_shutdown();
    if (executor.finished()) co_return;
    co_await wrap_future(executor.ended());
}

}  // namespace hocket
