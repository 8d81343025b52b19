// SPDX-License-Identifier: MIT
// The limit that is not given follows from the other.
#include <hocket/net/write_buffer_limits.h>

#include <hocket/base/errors.h>

#include <string>

namespace hocket {

std::pair<std::size_t, std::size_t> WriteBufferLimits::checked() const {
    constexpr std::size_t usual_high = 64 << 10, most = static_cast<std::size_t>(-1);
    const std::size_t four_lows = low && *low <= most / 4 ? 4 * *low : most;
    const std::size_t upper = high.value_or(low ? four_lows : usual_high);
    const std::size_t lower = low.value_or(upper / 4);
    if (upper < lower) {
        throw ValueError("high (" + std::to_string(upper) + ") must be >= low (" + std::to_string(lower) +
                         ") must be >= 0");
    }
    return {lower, upper};
}

}  // namespace hocket
