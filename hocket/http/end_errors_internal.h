// SPDX-License-Identifier: MIT
// What goes wrong at an end that is to go on all the same.
#pragma once

#include <hocket/base/exception_group.h>
#include <hocket/core/coro.h>

#include <exception>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::http {

/// What was thrown at several steps, each of which is done whatever became of the others.
using EndErrors = std::vector<std::exception_ptr>;

/// What `step` throws is added.
inline Coro<> collect(EndErrors& errors, Coro<> step) {
    try {
        co_await std::move(step);
    } catch (...) {
        errors.push_back(std::current_exception());
    }
}

/// One is thrown as it is, several as an ExceptionGroup with this message.
inline void throw_all(std::string_view message, EndErrors errors) {
    if (errors.size() > 1) throw ExceptionGroup(message, std::move(errors));
    if (!errors.empty()) std::rethrow_exception(errors.front());
}

}  // namespace hocket::http
