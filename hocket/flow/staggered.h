// SPDX-License-Identifier: MIT
// The first success of several ways to the same end, begun one after the other: staggered_race.
#pragma once

#include <hocket/base/invoke.h>
#include <hocket/flow/block.h>
#include <hocket/flow/ensure_future.h>
#include <hocket/flow/range.h>
#include <hocket/flow/task_group.h>

#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

/// What `staggered_race` gives.
template <class T>
struct RaceResult {
    std::optional<Stored<T>> winner_result;   ///< nothing if none succeeded
    std::optional<std::size_t> winner_index;  ///< the winner's place in the range
    std::vector<std::exception_ptr>
        exceptions;  ///< of each whose turn came, in the order of the range; null for the winner only
};

/// The part of a race that does not depend on types.
class HOCKET_EXPORT StaggeredRace {
public:
    /// Waits until another may begin: the last that was begun has ended, or a time has passed.
    Coro<> stagger(std::optional<Duration> delay);

    const std::optional<std::size_t>& winner_index() const noexcept { return winner_index_; }
    /// All have ended. Who neither won nor threw was cancelled: before it began, or too late to mind.
    std::vector<std::exception_ptr> take_exceptions();

    /// A task is about to be made. Its index.
    std::size_t enter();
    void add(AnyTask task) { tasks_.push_back(std::move(task)); }

    // For the tasks.

    /// It has succeeded, as the first: the others are cancelled.
    void win(std::size_t index) noexcept;
    /// The exception that is being handled has ended it. Throws that on if it is to end the program.
    void lose(std::size_t index);

private:
    std::vector<AnyTask> tasks_;
    std::vector<std::exception_ptr> exceptions_;  // one for each task, from before the task is made
    std::optional<std::size_t> winner_index_;
};

template <class T, class F>
Coro<> staggered_attempt(StaggeredRace& race, std::optional<Stored<T>>& result, std::size_t index, F start) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await hocket::invoke(start);
            if (!race.winner_index()) result.emplace();
        } else if constexpr (std::is_reference_v<T>) {
            T value = co_await hocket::invoke(start);
            if (!race.winner_index()) result.emplace(__builtin_addressof(value));
        } else {
            T value = co_await hocket::invoke(start);
            if (!race.winner_index()) result.emplace(std::move(value));
        }
        if (!race.winner_index()) race.win(index);
    } catch (...) {  // kept for whoever asks how the others fared
        race.lose(index);
    }
}

/// What an element of the range is in the frame of its task: a reference where the range has it, else itself.
template <class R>
using StaggeredStart = std::conditional_t<std::is_lvalue_reference_v<decltype(*std::declval<R&>().begin())>,
                                          decltype(*std::declval<R&>().begin()),
                                          std::remove_cvref_t<decltype(*std::declval<R&>().begin())>>;

template <class T, class R>
Coro<RaceResult<T>> run_staggered_race(R starts, std::optional<Duration> delay) {
    StaggeredRace race;
    std::optional<Stored<T>> result;
    co_await task_group([&](TaskGroup& group) -> Coro<> {
        const auto end = starts.end();
        for (auto it = starts.begin(); it != end; ++it) {
            co_await race.stagger(delay);
            if (race.winner_index()) break;
            const std::size_t index = race.enter();
            race.add(group.create_task(staggered_attempt<T, StaggeredStart<R>>(race, result, index, *it)));
        }
    });
    RaceResult<T> outcome{std::move(result), race.winner_index(), race.take_exceptions()};
    co_return outcome;
}

/// Tries several ways to one end, and gives the result of the first that succeeds: `starts` is a container or view of functions that return
/// coroutines (`asyncio.staggered.staggered_race`).
///
///     auto [socket, index, exceptions] = co_await staggered_race(std::move(attempts), 250ms);
///
/// The first function is called at once, and each further one when the one before it has failed, or `delay` after that began; with
/// `std::nullopt` only when it has failed. When one returns, the others are cancelled, and when all have ended, the race has. No exception of
/// theirs is thrown: each stands in its place, CancelledError for one that was cancelled, even before its first step. One that succeeds in
/// spite of its cancel counts for nothing: its result is destroyed, and CancelledError stands in its place. Without functions, or if all fail,
/// there is no winner.
///
/// A void result is a std::monostate, a reference a pointer. The functions live until the race ends: pass a container by std::move; what
/// a view refers to is the caller's to keep. A cancel of the awaiting task cancels all that run, and CancelledError is thrown when they
/// have ended. What going through the range throws comes in an ExceptionGroup.
template <AwaitableRange R>
HOCKET_CORO_WRAPPER auto staggered_race(R starts, std::optional<Duration> delay) {
    using F = std::remove_reference_t<StaggeredStart<R>>;
    static_assert(CoroutineFunction<F>, "hocket: staggered_race takes a range of functions that return coroutines");
    if constexpr (CoroutineFunction<F>) return run_staggered_race<BlockResult<F>, R>(std::move(starts), delay);
}

}  // namespace hocket
