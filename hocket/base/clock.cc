// SPDX-License-Identifier: MIT
// Spans of time in words.
#include <hocket/base/clock.h>

namespace hocket {

std::string seconds_text(std::int64_t nanoseconds) {
    const std::int64_t milliseconds = nanoseconds / 1'000'000;
    return std::to_string(milliseconds / 1000) + "." + std::to_string(1000 + milliseconds % 1000).substr(1);
}

}  // namespace hocket
