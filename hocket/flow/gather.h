// SPDX-License-Identifier: MIT
// Running awaitables beside each other for all their results: gather.
#pragma once

#include <hocket/base/copyable.h>
#include <hocket/base/owners.h>
#include <hocket/base/result.h>
#include <hocket/flow/ensure_future.h>
#include <hocket/flow/follow.h>
#include <hocket/flow/range.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

/// The type of `settle`.
struct Settle {};
/// `gather(settle, ...)`: exceptions are results too (`return_exceptions=True`).
inline constexpr Settle settle{};

/// The part of gather that does not depend on types: counts the ends, and decides the outcome.
class HOCKET_EXPORT Gathering : public Follower {
protected:
    Gathering(FutureBase& self, void* memory, Room room, bool settles) noexcept
        : Follower(self, memory, room), left_(room.futures), settles_(settles) {}

    /// All were added. Throws ValueError for futures of different loops and, where results can only be moved out, for a duplicate.
    void start(bool duplicates_allowed);
    /// False: there is no child that is not done.
    bool cancel_children(const Shared<const std::string>& message) noexcept;
    /// Makes the result of the children's.
    virtual void collect() = 0;

private:
    friend struct GatherCancel;
    enum class CancelPath : std::uint8_t { off, on, behind };  // of the cancel that is under way

    void ended(Followed& entry) noexcept final;
    static void dismiss(Followed& entry) noexcept;
    void complete() noexcept;
    bool cancellable() const noexcept;
    void end_circle(const Shared<const std::string>& message) noexcept;

    std::size_t left_;
    bool settles_;
    bool cancel_asked_ = false;
    CancelPath cancel_path_ = CancelPath::off;
};

/// What gather gives in the place of one handle of type H.
template <bool settled, class H>
using GatherPlace =
    std::conditional_t<settled,
                       Result<std::conditional_t<std::is_reference_v<typename H::value_type>,
                                                 Stored<typename H::value_type>, typename H::value_type>>,
                       Stored<typename H::value_type>>;

template <bool settled, class H>
GatherPlace<settled, H> take_place(Followed& entry) {
    struct Drop {
        Followed& entry;
        ~Drop() { entry.drop_future(); }
    } drop{entry};
    if constexpr (settled) {
        if (std::exception_ptr e = exception_of(*entry.future)) return e;
    }
    return take_stored<H>(*entry.future);
}

/// Results of handles of different types: a tuple.
template <bool settled, class... H>
struct GatherTuple {
    using type = std::tuple<GatherPlace<settled, H>...>;
    static constexpr bool copyable = (is_copyable<Stored<typename H::value_type>> && ...);

    static void collect(FutureState<type>& to, Followed* entry) { collect(to, entry, std::index_sequence_for<H...>()); }

private:
    template <std::size_t... i>
    static void collect(FutureState<type>& to, [[maybe_unused]] Followed* entry, std::index_sequence<i...>) {
        to.value.emplace(take_place<settled, H>(entry[i])...);
    }
};

/// Results of handles of one type: a vector; nothing, if there are none.
template <bool settled, class H>
struct GatherVector {
    using Place = GatherPlace<settled, H>;
    using type = std::conditional_t<std::same_as<Place, std::monostate>, void, std::vector<Place>>;
    static constexpr bool copyable = is_copyable<Stored<typename H::value_type>>;

    static void collect(FutureState<type>& to, Followed* begin, Followed* end) {
        if constexpr (std::is_void_v<type>) {
            for (; begin != end; ++begin) take_place<settled, H>(*begin);
        } else {
            to.value.emplace().reserve(static_cast<std::size_t>(end - begin));
            for (; begin != end; ++begin) to.value->push_back(take_place<settled, H>(*begin));
        }
    }
};

/// The future that gather returns, and its entries: one block.
template <class Results>
class GatherState final : public FutureState<typename Results::type>, public Gathering {
public:
    GatherState(EventLoop& loop, Room room, bool settles) noexcept
        : FutureState<typename Results::type>(loop), Gathering(*this, this + 1, room, settles) {}

    static void* operator new(std::size_t size, Room room) { return allocate(size, room); }
    static void operator delete(GatherState* state, std::destroying_delete_t) { destroy(state); }

    void start() { Gathering::start(Results::copyable); }
    bool cancel(Shared<const std::string> message) noexcept override {
        return !this->done() && cancel_children(message);
    }
    void describe(AwaitDescription& to) const override { describe_followed(to, "gather"); }

private:
    void collect() override {
        if constexpr (requires(Followed* entry) { Results::collect(*this, entry); }) {
            Results::collect(*this, begin());
        } else {
            Results::collect(*this, begin(), end());
        }
    }
};

/// The loop of the first future among `awaitables`, else the running one.
template <class... A>
EventLoop& loop_for(const A&... awaitables) {
    EventLoop* loop = nullptr;
    [[maybe_unused]] const auto look = [&loop](const auto& awaitable) {
        if constexpr (FutureLike<decltype(awaitable)>) {
            if (!loop && awaitable) loop = &awaitable.get_loop();
        }
    };
    (look(awaitables), ...);
    return loop ? *loop : get_running_loop();
}

template <bool settled, class... A>
auto gather_each([[maybe_unused]] const void* where, A&&... awaitables) {
    using Results = GatherTuple<settled, FutureOf<A>...>;
    EventLoop& loop = loop_for(awaitables...);
    auto* state = new (Follower::Room{sizeof...(A)}) GatherState<Results>(loop, {sizeof...(A)}, settled);
    Future<typename Results::type> future{FutureHandle(state)};
    (state->add(future_for(std::forward<A>(awaitables), where)), ...);
    state->start();
    return future;
}

template <bool settled, class R>
auto gather_range(const void* where, R&& range) {
    using Results = GatherVector<settled, FutureOf<RangeElement<R>>>;
    if constexpr (!requires { range.size(); }) {
        return gather_range<settled>(where, handles_of(std::forward<R>(range), where));
    } else {
        const auto n = static_cast<std::size_t>(range.size());
        EventLoop& loop = loop_of_range(range);
        auto* state = new (Follower::Room{n}) GatherState<Results>(loop, {n}, settled);
        Future<typename Results::type> future{FutureHandle(state)};
        for_each_element(std::forward<R>(range), [&](auto&& element) {
            state->add(future_for(std::forward<decltype(element)>(element), where));
        });
        state->start();
        return future;
    }
}

/// Makes tasks of the coroutines and other awaitables at once, takes tasks and futures as they are, and returns a future of all
/// results, in the order of the arguments: `auto [a, b] = co_await gather(f(), g())` (`asyncio.gather`).
///
/// The results are a tuple, with std::monostate for void and a pointer for a reference. The first exception, or cancelled child, is the
/// gather's end: it is thrown at the await, while the other children run on, and their exceptions are dropped. With `settle` first
/// there is a `Result` in each place, and the gather ends when all have ended.
///
/// A cancel of the waiting task, or of the returned future, cancels every child, and comes back as the CancelledError of the first to end
/// by it; after all have ended with `settle`, or if every child swallows it. Where a child waits for this gather itself, the gather ends at
/// once. Dropping the future cancels nothing; futures that nobody will make done then stay in memory, and the gather with them. A result
/// is moved out of a child that nobody else holds, and else copied; a task given twice runs once, and its result is there twice. One that
/// can only be moved goes to the first that takes it, and others find InvalidStateError. Throws RuntimeError when a task is to be made
/// and no loop runs, ValueError for futures of different loops.
template <class... A>
    requires(!(sizeof...(A) == 1 && (AwaitableRange<A> && ...)))
[[nodiscard("nobody waits for this gather: co_await gather(...)")]] HOCKET_INLINE auto gather(A&&... awaitables) {
    if constexpr ((check_awaitable<A>() && ...)) return gather_each<false>(here(), std::forward<A>(awaitables)...);
}
template <class... A>
    requires(!(sizeof...(A) == 1 && (AwaitableRange<A> && ...)))
[[nodiscard("nobody waits for this gather: co_await gather(...)")]] HOCKET_INLINE auto gather(Settle,
                                                                                              A&&... awaitables) {
    if constexpr ((check_awaitable<A>() && ...)) return gather_each<true>(here(), std::forward<A>(awaitables)...);
}

/// The same for a container or view: the results are a vector, or nothing where there are none (`co_await gather(std::move(coros))`).
/// Coroutines are moved out of a container, so that is handed over; handles may stay.
template <AwaitableRange R>
[[nodiscard("nobody waits for this gather: co_await gather(...)")]] HOCKET_INLINE auto gather(R&& awaitables) {
    if constexpr (check_awaitable<RangeElement<R>>()) return gather_range<false>(here(), std::forward<R>(awaitables));
}
template <AwaitableRange R>
[[nodiscard("nobody waits for this gather: co_await gather(...)")]] HOCKET_INLINE auto gather(Settle, R&& awaitables) {
    if constexpr (check_awaitable<RangeElement<R>>()) return gather_range<true>(here(), std::forward<R>(awaitables));
}

}  // namespace hocket
