// SPDX-License-Identifier: MIT
// Parts of bodies: the fields Range and Content-Range (RFC 9110, 14).
#pragma once

#include <hocket/base/config.h>
#include <hocket/http/headers.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace hocket::http {

/// Some bytes of a body: from `first` up to and with `last`, counted from 0.
struct ByteRange {
    std::uint64_t first = 0, last = 0;

    std::uint64_t size() const noexcept { return last - first + 1; }
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// What a request asks for of a body of so many bytes: all of it (200), a part of it (206), or a part that it does not have (416).
struct WholeBody {};
struct NoSuchRange {};
using RequestedRange = std::variant<WholeBody, ByteRange, NoSuchRange>;

/// Reads the field Range: `bytes=0-99`, `bytes=100-`, `bytes=-100` (aiohttp's `request.http_range`). Several ranges that overlap or adjoin are
/// one; those that are apart stand for the whole body, as RFC 9110, 14.2 allows, since nothing is sent in several parts. What is malformed,
/// in other units, or of more than 16 ranges is ignored: the whole body. To be asked for GET only, and after `range_applies`.
HOCKET_EXPORT RequestedRange requested_range(const Headers& request, std::uint64_t size);

/// `bytes 0-99/1000`, of 206; without a range `bytes */1000`, of 416.
HOCKET_EXPORT std::string content_range(const std::optional<ByteRange>& range, std::uint64_t size);

/// What Content-Range says of a response's body: which bytes it has, and of how many if that is known.
struct ContentRange {
    std::optional<ByteRange> range = {};     ///< nothing of 416
    std::optional<std::uint64_t> size = {};  ///< of the whole

    friend bool operator==(const ContentRange&, const ContentRange&) = default;
};
/// Nothing for what is malformed, contradicts itself, or is in other units.
HOCKET_EXPORT std::optional<ContentRange> parse_content_range(std::string_view text) noexcept;

}  // namespace hocket::http
