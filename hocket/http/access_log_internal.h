// SPDX-License-Identifier: MIT
// What a line of the access log is made of.
#pragma once

#include <hocket/http/access_log.h>
#include <hocket/http/headers.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace hocket::http {

class Request;

struct AccessEntry {
    const Request* request = nullptr;  // null for bytes that were none
    std::string_view date = {};        // when it came, as the field Date has it
    std::string_view remote = {};
    int status = 0;
    std::uint64_t body_size = 0;
    std::int64_t took = 0;              // nanoseconds
    const Headers* answered = nullptr;  // the answer's fields, if `wants_answered`

    static bool wants_answered(const AccessLog& log) noexcept;
    /// The line to the sink. What that throws is reported.
    void write(const AccessLog& log) const noexcept;
};

}  // namespace hocket::http
