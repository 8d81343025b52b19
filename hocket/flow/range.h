// SPDX-License-Identifier: MIT
// Ranges of awaitables: what may be moved out of one.
#pragma once

#include <hocket/flow/ensure_future.h>

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

/// What can be gone through and is no awaitable itself.
template <class R>
concept AwaitableRange = !Awaitable<R> && requires(R& r) {
    *r.begin();
    r.begin() != r.end();
};

/// A view's elements belong to somebody else, even where the view is a temporary: a const view gives access like any other.
template <class R>
concept OwningRange = requires(std::remove_reference_t<R>& r, const std::remove_reference_t<R>& constant) {
    requires std::is_lvalue_reference_v<decltype(*r.begin())>;
    requires std::is_const_v<std::remove_reference_t<decltype(*constant.begin())>>;
};

template <class R>
inline constexpr bool elements_are_moved = !std::is_reference_v<R> && !std::is_const_v<R> && OwningRange<R>;

template <class R, bool moved>
struct RangeElement_ {
    using Reference = decltype(*std::declval<R&>().begin());
    using type = std::conditional_t<moved, std::remove_reference_t<Reference>, Reference>;
};
/// What an element of a range given as R&& is taken as: `R`, for an argument that is handed over, moves its elements.
template <class R>
using RangeElement = typename RangeElement_<std::remove_reference_t<R>, elements_are_moved<R>>::type;

template <class R, class F>
void for_each_element(R&& range, F f) {
    auto it = range.begin();
    for (const auto end = range.end(); it != end; ++it) f(static_cast<RangeElement<R>&&>(*it));
}

/// The loop of the first future of a range, else the running one.
template <class R>
EventLoop& loop_of_range(R& range) {
    if constexpr (FutureLike<RangeElement<R>> && OwningRange<R>) {
        if (range.begin() != range.end() && *range.begin()) return (*range.begin()).get_loop();
    }
    return get_running_loop();
}

/// The futures of a range, where tasks are made of what is none.
template <class R>
auto handles_of(R&& range, const void* where) {
    std::vector<FutureOf<RangeElement<R>>> handles;
    if constexpr (requires { range.size(); }) handles.reserve(static_cast<std::size_t>(range.size()));
    for_each_element(std::forward<R>(range), [&](auto&& element) {
        handles.push_back(future_for(std::forward<decltype(element)>(element), where));
    });
    return handles;
}

}  // namespace hocket
