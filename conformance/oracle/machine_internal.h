// SPDX-License-Identifier: MIT
// What the parts of the oracle's machine share.
#pragma once

#include <hocket/core/task.h>

#include <cstddef>
#include <exception>
#include <string>

namespace oracle {

/// `pending`, `cancelled`, the exception, or the result.
std::string outcome(const hocket::Task<long>& task);
/// `t3`.
std::string task_name(std::size_t number);
/// What `(raise number)` throws.
std::exception_ptr error_of(long number);

}  // namespace oracle
