// SPDX-License-Identifier: MIT
// Spans of time in words, and what is none.
#include <hocket/base/clock.h>
#include <hocket/base/errors.h>

namespace hocket {

void throw_no_span_of_time() { throw ValueError("a span of time cannot be a NaN"); }

std::string seconds_text(std::int64_t nanoseconds) {
    const std::int64_t milliseconds = nanoseconds / 1'000'000;
    return std::to_string(milliseconds / 1000) + "." + std::to_string(1000 + milliseconds % 1000).substr(1);
}

}  // namespace hocket
