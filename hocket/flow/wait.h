// SPDX-License-Identifier: MIT
// Waiting for some or all of several tasks, without taking their results: wait.
#pragma once

#include <hocket/flow/follow.h>
#include <hocket/flow/range.h>

#include <coroutine>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

/// When `wait` returns, if its time limit does not pass before.
enum ReturnWhen : unsigned char {
    FIRST_COMPLETED,  ///< one is done
    FIRST_EXCEPTION,  ///< one has failed, or all are done; a cancelled one has not failed
    ALL_COMPLETED,    ///< all are done
};

struct WaitOptions {
    std::optional<Duration> timeout = {};  ///< return at the latest after this time
    ReturnWhen return_when = ALL_COMPLETED;
};

/// What `wait` found: handles in the order of its argument.
template <class H>
struct WaitResult {
    std::vector<H> done, pending;
};

/// The part of a wait that does not depend on types.
class HOCKET_EXPORT WaitBase {
public:
    static constexpr bool awaited_often = false;

    WaitBase(WaitBase&& not_begun) noexcept : options_(not_begun.options_) {}
    WaitBase& operator=(WaitBase&&) = delete;

    void await_suspend(AwaitingFrame h) noexcept;

protected:
    explicit WaitBase(const WaitOptions& options) noexcept : options_(options) {}
    ~WaitBase();

    /// Throws ValueError for no futures.
    void prepare(std::size_t futures);
    void add(const FutureHandle& future);
    /// All were added. Throws ValueError for futures of another loop.
    void begin();
    /// The wait is over. Throws what the task was cancelled with.
    void end();

private:
    class State;

    State* state_ = nullptr;
    WaitOptions options_;
};

/// What `wait` returns, to be awaited once.
template <class H>
class [[nodiscard("nothing waits until this is awaited: co_await wait(...)")]] Wait : public WaitBase {
public:
    using HocketAwaiter = Wait;

    Wait(std::vector<H> futures, const WaitOptions& options) noexcept
        : WaitBase(options), futures_(std::move(futures)) {}

    bool await_ready() {
        prepare(futures_.size());
        for (const H& future : futures_) add(future);
        begin();
        return false;
    }
    WaitResult<H> await_resume() {
        end();
        std::size_t pending = 0;
        for (const H& future : futures_) pending += !future.done();
        if (pending == 0) return {std::move(futures_), {}};
        WaitResult<H> result;
        result.done.reserve(futures_.size() - pending);
        result.pending.reserve(pending);
        for (H& future : futures_) (future.done() ? result.done : result.pending).push_back(std::move(future));
        return result;
    }

private:
    std::vector<H> futures_;
};

/// Keeps the first of each handle.
template <class H>
std::vector<H> without_duplicates(std::vector<H> handles) noexcept {
    std::size_t kept = 0;
    for (H& handle : handles) {
        FutureBase* f = handle.state();
        if (f && f->flags & f_seen) continue;
        if (f) f->flags |= f_seen;
        if (&handles[kept] != &handle) handles[kept] = std::move(handle);
        ++kept;
    }
    handles.erase(handles.begin() + static_cast<std::ptrdiff_t>(kept), handles.end());
    for (H& handle : handles) {
        if (handle) handle.state()->flags &= static_cast<std::uint16_t>(~f_seen);
    }
    return handles;
}

/// Waits until one or all of the given tasks and futures are done, or a time has passed:
/// `auto [done, pending] = co_await wait(tasks, {.timeout = 2s, .return_when = FIRST_COMPLETED})` (`asyncio.wait`).
///
/// Both lists are in the order of the argument, without duplicates (asyncio gives sets). A task that became done while the waiting one was
/// being woken is among the done. Neither the time limit nor a cancel of the waiting task cancels any of them, and no exception of theirs is
/// thrown. Always suspends. Throws ValueError for no tasks, or some of another loop. Takes a container or view, or a list
/// in braces, of Task, Future or AnyTask; a list of different types becomes AnyTask.
template <AwaitableRange R>
auto wait(R&& tasks, const WaitOptions& options = {}) {
    using H = std::remove_cvref_t<RangeElement<R>>;
    static_assert(!is_coro<H>,
                  "hocket: wait takes tasks, not coroutines: create_task(f()) makes a task, which wait can give back");
    static_assert(is_coro<H> || FutureLike<H>, "hocket: wait takes tasks and futures");
    if constexpr (FutureLike<H>)
        return Wait<H>(without_duplicates(handles_of(std::forward<R>(tasks), nullptr)), options);
}
template <FutureLike H>
Wait<H> wait(std::initializer_list<H> tasks, const WaitOptions& options = {}) {
    return Wait<H>(without_duplicates(std::vector<H>(tasks)), options);
}
inline Wait<AnyTask> wait(std::initializer_list<AnyTask> tasks, const WaitOptions& options = {}) {
    return Wait<AnyTask>(without_duplicates(std::vector<AnyTask>(tasks)), options);
}
template <Awaitable A>
auto wait(A&&) {
    static_assert(!Awaitable<A>, "hocket: wait takes a container, a view or a list in braces");
}

/// Cancels a future and waits for its end, which is not thrown; a cancel of the waiting task ends the wait.
class HOCKET_EXPORT CancelAndWait : public WaitBase {
public:
    using HocketAwaiter = CancelAndWait;

    explicit CancelAndWait(const FutureHandle& future) : WaitBase({}), future_(future) {}
    bool await_ready();
    void await_resume() { end(); }

private:
    FutureHandle future_;
};

}  // namespace hocket
