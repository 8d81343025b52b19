// SPDX-License-Identifier: MIT
// Conditional requests: what a client knows already, and whether that still holds (RFC 9110, 8.8 and 13).
#pragma once

#include <hocket/base/config.h>
#include <hocket/http/headers.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// Names one version of a resource (`aiohttp.ETag`): `"v7"`, or `W/"v7"` for versions that mean the same without being so byte by byte.
struct ETag {
    std::string value;     ///< what stands between the quotation marks
    bool is_weak = false;  ///< `W/`

    /// As the field ETag has it. Throws ValueError for a value with a quotation mark, a space or a control character.
    HOCKET_EXPORT std::string str() const;
    /// Nothing for what is none.
    HOCKET_EXPORT static std::optional<ETag> parse(std::string_view text);

    friend bool operator==(const ETag&, const ETag&) = default;
};

/// What is known of a resource's current version.
struct Validators {
    std::optional<ETag> etag = {};
    std::optional<std::int64_t> last_modified = {};  ///< in seconds since 1970-01-01 UTC
    bool exists = true;  ///< false: there is no such resource yet, as before the PUT that makes it
};

/// What the fields of a request ask for.
enum class Precondition : std::uint8_t {
    holds,         ///< answer as if there were none
    not_modified,  ///< 304: the client has the current version
    failed,        ///< 412: do nothing
};

/// If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, in the order of RFC 9110, 13.2.2. To be asked when the answer would
/// otherwise be a success, and before anything is changed. Dates that are none, and those of which nothing is known, are ignored; tags that are
/// none match nothing. `now`: in seconds since 1970-01-01 UTC.
HOCKET_EXPORT Precondition check_preconditions(std::string_view method, const Headers& request,
                                               const Validators& current, std::int64_t now);

/// Whether Range counts: there is no If-Range, or what that says is the current version (RFC 9110, 13.1.5). A weak tag never is, nor a date of
/// which there may be two versions, since it was in the last second.
HOCKET_EXPORT bool range_applies(const Headers& request, const Validators& current, std::int64_t now);

}  // namespace hocket::http
