// SPDX-License-Identifier: MIT
// Between threads and loops: a future of threads awaited in a loop, a coroutine begun in a loop from a thread.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/task.h>
#include <hocket/os/concurrent_future.h>

#include <concepts>
#include <optional>
#include <utility>

namespace hocket {

struct Mailbox;

/// Carries the end of a concurrent future to a future of a loop, and a cancel of the latter back. Two references: one of the
/// concurrent future's callback, which becomes the mail's; one of the watch, which stands where the loop's future keeps its waiters.
/// When the loop closes first, it lets go of its future, and the thread that ends the other finds nobody to tell.
class HOCKET_EXPORT ChainToLoop : Node, LoopResource, ConcurrentCallback, public Pooled {
public:
    ChainToLoop(const ChainToLoop&) = delete;
    ChainToLoop& operator=(const ChainToLoop&) = delete;
    void begin() noexcept;

protected:
    ChainToLoop(EventLoop& loop, ConcurrentBase& source, FutureBase& target);  // takes a reference of each
    ~ChainToLoop() override;
    /// Puts a result, which there is, in its place; the target is then finished.
    virtual void transfer(ConcurrentBase& from, FutureBase& to) = 0;

private:
    struct Watch final : Waiter {
        ChainToLoop& chain;
        explicit Watch(ChainToLoop& c) noexcept : chain(c) {}
        void run() override;
        void discard() noexcept override;
        void describe(AwaitDescription& to) const override;
    };

    void concluded() noexcept override;  // on any thread
    void run() override;                 // the mail
    void discard() noexcept override;
    void loop_closing() noexcept override;
    void deliver() noexcept;
    void let_go() noexcept;
    void drop() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    std::atomic<std::uint32_t> references_{2};
    ConcurrentBase& source_;
    FutureBase* target_;  // null once it is done, or the loop closed
    Watch watch_{*this};
    Shared<Mailbox> mailbox_;
    std::optional<OutsideWork> work_;
};

template <class T>
struct ChainToLoopOf final : ChainToLoop {
    ChainToLoopOf(EventLoop& loop, ConcurrentBase& source, FutureBase& target) : ChainToLoop(loop, source, target) {}
    void transfer(ConcurrentBase& from, FutureBase& to) override {
        auto& source = static_cast<ConcurrentState<T>&>(from);
        if constexpr (std::is_reference_v<T>) {
            static_cast<FutureState<T>&>(to).value = __builtin_addressof(source.get());
        } else if constexpr (!std::is_void_v<T>) {
            static_cast<FutureState<T>&>(to).value.emplace(source.take_or_copy());
        }
    }
};

/// A future of `loop` that ends as `future` does (`asyncio.wrap_future`). Cancelling it cancels `future`, which succeeds if the work has
/// not begun; else the work goes on, and what it gives is destroyed: on the loop's thread, or where the work ends if the loop is
/// closed by then. Call it on the loop's thread. Throws RuntimeError for an empty one.
template <class T>
Future<T> wrap_future(ConcurrentFuture<T> future, EventLoop& loop = get_running_loop()) {
    Future<T> target(loop);
    auto* chain = new ChainToLoopOf<T>(loop, future.object(), *target.state());
    future = nullptr;  // the chain's reference may be the last: then the result is moved, not copied
    chain->begin();
    return target;
}

/// A future of a loop as it is, for code that takes either. A loop that is given means nothing then, as in asyncio.
template <std::derived_from<FutureHandle> F>
F wrap_future(F future) {
    return future;
}
template <std::derived_from<FutureHandle> F>
F wrap_future(F future, EventLoop&) {
    return future;
}

/// Carries the end of a task to a concurrent future, and a cancel of the latter back. Two references, as above.
class HOCKET_EXPORT ChainToThread : Waiter, ConcurrentCallback, public Pooled {
public:
    ChainToThread(const ChainToThread&) = delete;
    ChainToThread& operator=(const ChainToThread&) = delete;
    void begin() noexcept;

protected:
    ChainToThread(EventLoop& loop, FutureBase& source, ConcurrentBase& target);  // takes a reference of each
    virtual ~ChainToThread();
    virtual void transfer(FutureBase& from, ConcurrentBase& to) = 0;

private:
    struct CancelMail final : Node {
        ChainToThread& chain;
        explicit CancelMail(ChainToThread& c) noexcept : chain(c) {}
        void run() override;
        void discard() noexcept override;
    };

    void concluded() noexcept override;  // on any thread
    void run() override;                 // the task is done
    void discard() noexcept override;
    void let_go() noexcept;
    void drop() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    std::atomic<std::uint32_t> references_{2};
    FutureBase* source_;
    ConcurrentBase& target_;
    CancelMail mail_{*this};
    Shared<Mailbox> mailbox_;
};

template <class T>
struct ChainToThreadOf final : ChainToThread {
    ChainToThreadOf(EventLoop& loop, FutureBase& source, ConcurrentBase& target)
        : ChainToThread(loop, source, target) {}
    void transfer(FutureBase& from, ConcurrentBase& to) override {
        auto& target = static_cast<ConcurrentState<T>&>(to);
        if constexpr (std::is_void_v<T>) {
            static_cast<TaskState<T>&>(from).check();
        } else {
            target.emplace(static_cast<TaskState<T>&>(from).take_or_copy());
        }
    }
};

/// On its way to the loop: the coroutine, and the future that somebody waits for. Where the loop closes before it arrives, the future
/// is cancelled and the coroutine closed.
template <class T>
struct CoroutineForLoop {
    EventLoop* loop;
    Coro<T> coro;
    ConcurrentFuture<T> future;

    CoroutineForLoop(EventLoop& l, Coro<T>&& c, ConcurrentFuture<T> f)
        : loop(&l), coro(std::move(c)), future(std::move(f)) {}
    CoroutineForLoop(CoroutineForLoop&&) noexcept = default;
    ~CoroutineForLoop() {
        if (!future) return;
        coro.close();
        future.cancel();
    }
    /// What keeps the task from being made is what both the waiting thread and the loop's exception handler learn.
    void operator()() {
        if (future.cancelled()) return;
        try {
            Task<T> task = loop->create_task(std::move(coro), TaskOptions{});
            auto* chain = new ChainToThreadOf<T>(*loop, *task.state(), *future.state());
            future = nullptr;
            task = Task<T>();  // the chain's reference is the last: the result is moved
            chain->begin();
        } catch (...) {  // passed on below
            if (future && future.set_running_or_notify_cancel()) future.set_exception(std::current_exception());
            throw;
        }
    }
};

/// Has `coro` run as a task of `loop`, from any other thread (`asyncio.run_coroutine_threadsafe`), in a copy of the calling thread's
/// context. The future gives its result; cancelling the future cancels the task. When the loop closes, the future is cancelled, so
/// that nobody waits for ever. Throws RuntimeError when the loop is closed already.
template <class T>
ConcurrentFuture<T> run_coroutine_threadsafe(Coro<T> coro, EventLoop& loop) {
    ConcurrentFuture<T> future;
    loop.post(*new Callback<CoroutineForLoop<T>>(current_context().detached(),
                                                 CoroutineForLoop<T>(loop, std::move(coro), future), here()));
    return future;
}
/// The same of `f()`. The callable lives as long as the task.
template <class F>
    requires CoroutineFunction<std::decay_t<F>>
auto run_coroutine_threadsafe(F&& f, EventLoop& loop) {
    return run_coroutine_threadsafe(owning(std::decay_t<F>(std::forward<F>(f))), loop);
}

}  // namespace hocket
