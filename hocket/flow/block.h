// SPDX-License-Identifier: MIT
// The blocks that `task_group` and `with` take: functions that return a coroutine, in place of Python's indented lines.
#pragma once

#include <hocket/base/coroutine_function.h>
#include <hocket/core/coro.h>

#include <exception>
#include <type_traits>

namespace hocket {

/// What the coroutine of a block gives.
template <class F, class... Args>
using BlockResult = typename std::invoke_result_t<F&, Args...>::value_type;

/// How a block ended: its result, or the exception that left it. The rest of the code cannot stand in the handler, since C++ does not await there.
template <class T>
struct BlockOutcome : ResultSlot<T> {
    std::exception_ptr error;
};

}  // namespace hocket
