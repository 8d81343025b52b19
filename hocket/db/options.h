// SPDX-License-Identifier: MIT
// How a database is opened.
#pragma once

#include <hocket/base/clock.h>

#include <cstddef>
#include <cstdint>

namespace hocket::sqlite {

enum class Mode : std::uint8_t {
    read_write_create,  ///< a file that is not there is made
    read_write,
    read_only,
    memory,  ///< no file: the database is gone when it is closed, and the path only its name in errors
};

/// `connect("app.db", {.timeout = 1s, .mode = sqlite::Mode::read_only})`
struct ConnectOptions {
    Duration timeout = std::chrono::seconds(5);  ///< how long to wait for a lock that another connection holds
    Mode mode = Mode::read_write_create;
    bool uri = false;                     ///< the path may be a URI: `file:app.db?immutable=1`
    std::size_t cached_statements = 128;  ///< statements that are kept ready for the next time
};

}  // namespace hocket::sqlite
