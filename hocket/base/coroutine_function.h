// SPDX-License-Identifier: MIT
// What is a coroutine, and what makes one when it is called.
#pragma once

#include <type_traits>

namespace hocket {

/// Whether C is a coroutine (hocket/core/coro.h says so of its own).
template <class C>
inline constexpr bool is_coro = false;

/// A call to `f(args...)` makes a coroutine, and runs nothing of it (`asyncio.iscoroutinefunction`, of a type). `f` may be a pointer to a
/// member. (clang 19 loses functions of what is named in a lambda that std::invoke_result looks into, so only those ask it.)
template <class F, class... Args>
concept CoroutineFunction = requires(F& f, Args&&... args) {
    requires is_coro<decltype(f(static_cast<Args&&>(args)...))>;
} || (std::is_member_pointer_v<F> && is_coro<std::invoke_result_t<F&, Args...>>);

}  // namespace hocket
