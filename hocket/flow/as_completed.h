// SPDX-License-Identifier: MIT
// Taking several tasks in the order of their ends: as_completed.
#pragma once

#include <hocket/core/awaitable.h>
#include <hocket/flow/follow.h>
#include <hocket/flow/range.h>

#include <coroutine>
#include <initializer_list>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

struct AsCompletedOptions {
    std::optional<Duration> timeout = {};  ///< for all together, from the call on
};

/// The part of `as_completed` that does not depend on types.
class HOCKET_EXPORT AsCompletedBase {
public:
    AsCompletedBase(AsCompletedBase&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    AsCompletedBase& operator=(AsCompletedBase&& other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }

protected:
    class State;

    class HOCKET_EXPORT NextBase {
    public:
        static constexpr bool awaited_often = false;

        explicit NextBase(State* state) noexcept : state_(state) {}
        bool await_ready();
        void await_suspend(AwaitingFrame h) noexcept;

    protected:
        /// The next done future, whose reference goes over, or null at the end. Throws TimeoutError in the place of each that was late.
        FutureBase* resume();

    private:
        enum class Stage : unsigned char { fresh, claimed, waits, over };
        State* state_;
        Stage stage_ = Stage::fresh;
    };

    AsCompletedBase(std::size_t futures);
    ~AsCompletedBase();
    void add(FutureHandle future);
    void start(const AsCompletedOptions& options);

    State* state_;
};

/// What `as_completed` returns. Move-only. Dropping it cancels nothing; tasks that wait in `next` then get RuntimeError.
template <class H>
class [[nodiscard]] AsCompleted : public AsCompletedBase {
public:
    AsCompleted(std::vector<H> handles, const AsCompletedOptions& options) : AsCompletedBase(handles.size()) {
        for (H& handle : handles) add(std::move(handle));
        handles.clear();
        start(options);
    }

    class [[nodiscard]] Next : public NextBase {
    public:
        using HocketAwaiter = Next;
        using NextBase::NextBase;

        std::optional<H> await_resume() {
            FutureBase* f = resume();
            if (!f) return std::nullopt;
            return H(FutureHandle(f));
        }
    };

    /// The next task to be done: one that was given, or that was made of what was given. Nothing, once each was given back. Suspends
    /// until there is one. Throws TimeoutError once for each task that was not done when the time limit passed. A cancel of the
    /// waiting task ends the wait, and loses nothing (asyncio then counts one too many as given back).
    Next next() noexcept { return Next(state_); }
};

template <AwaitableRange R>
auto as_completed_of(const void* where, R&& awaitables, const AsCompletedOptions& options) {
    using H = FutureOf<RangeElement<R>>;
    return AsCompleted<H>(handles_of(std::forward<R>(awaitables), where), options);
}

/// Makes tasks of the coroutines and other awaitables at once, takes tasks and futures as they are, and gives them back as they are done
/// (`async for` over `asyncio.as_completed`):
///
///     auto it = as_completed(std::move(downloads), {.timeout = 5s});
///     while (auto next = co_await it.next()) use(co_await *next);
///
/// A task given twice comes back once. The time limit begins with the call; when it passes, what is not done is not cancelled. Takes a
/// container or view, or a list in braces of tasks and futures. Throws RuntimeError when no loop runs, ValueError for futures of another.
template <AwaitableRange R>
HOCKET_INLINE auto as_completed(R&& awaitables, const AsCompletedOptions& options = {}) {
    if constexpr (check_awaitable<RangeElement<R>>())
        return as_completed_of(here(), std::forward<R>(awaitables), options);
}
template <FutureLike H>
AsCompleted<H> as_completed(std::initializer_list<H> futures, const AsCompletedOptions& options = {}) {
    return AsCompleted<H>(std::vector<H>(futures), options);
}
inline AsCompleted<AnyTask> as_completed(std::initializer_list<AnyTask> futures,
                                         const AsCompletedOptions& options = {}) {
    return AsCompleted<AnyTask>(std::vector<AnyTask>(futures), options);
}
/// The same for several arguments, which may be of different types: then they come back as AnyTask.
template <Awaitable A, Awaitable... B>
    requires(sizeof...(B) > 0)
HOCKET_INLINE auto as_completed(A&& first, B&&... others) {
    if constexpr (check_awaitable<A>() && (check_awaitable<B>() && ...)) {
        using H = std::conditional_t<(std::same_as<FutureOf<A>, FutureOf<B>> && ...), FutureOf<A>, AnyTask>;
        const void* where = here();
        std::vector<H> handles;
        handles.reserve(1 + sizeof...(B));
        handles.push_back(future_for(std::forward<A>(first), where));
        (handles.push_back(future_for(std::forward<B>(others), where)), ...);
        return AsCompleted<H>(std::move(handles), {});
    }
}
template <Awaitable A>
auto as_completed(A&&) {
    static_assert(!Awaitable<A>, "hocket: as_completed takes a container, a view or a list in braces");
}

}  // namespace hocket
