// SPDX-License-Identifier: MIT
// The blocks that `task_group` and `with` take: functions that return a coroutine, in place of Python's indented lines.
#pragma once

#include <hocket/core/coro.h>

#include <exception>
#include <type_traits>

namespace hocket {

/// A callable that makes a Coro of Args.
template <class F, class... Args>
concept BlockFunction = requires(F& f, Args&&... args) { requires is_coro<decltype(f(static_cast<Args&&>(args)...))>; };

/// What the coroutine of a block gives.
template <class F, class... Args>
using BlockResult = typename std::invoke_result_t<F&, Args...>::value_type;

/// How a block ended: its result, or the exception that left it. The rest of the code cannot stand in the handler, since C++ does not await there.
template <class T>
struct BlockOutcome : ResultSlot<T> {
    std::exception_ptr error;
};

}  // namespace hocket
