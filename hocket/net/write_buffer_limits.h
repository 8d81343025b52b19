// SPDX-License-Identifier: MIT
// How much may wait to be sent before who writes has to wait, too.
#pragma once

#include <hocket/base/config.h>

#include <cstddef>
#include <optional>
#include <utility>

namespace hocket {

/// `transport->set_write_buffer_limits({.high = 1 << 20})`. In bytes.
struct WriteBufferLimits {
    std::optional<std::size_t> high = {};  ///< nothing: four times `low`, or 64 KiB
    std::optional<std::size_t> low = {};   ///< nothing: a quarter of `high`

    /// Low and high. Throws ValueError unless high >= low.
    HOCKET_EXPORT std::pair<std::size_t, std::size_t> checked() const;
};

}  // namespace hocket
