// SPDX-License-Identifier: MIT
// HTTP/1 from heads and bodies to bytes. What must not go out is refused here, in one place.
#pragma once

#include <hocket/base/config.h>
#include <hocket/http/message.h>

#include <string>
#include <string_view>

namespace hocket::http {

/// Appends the request line and the header fields, with the empty line after them.
///
/// `content_length`, `chunked`, `keep_alive` and `expects_continue` become the fields that say so, unless `headers` has them already.
/// Throws ValueError, and appends nothing, for a method that is no token, a target with a space or control character, and framing
/// that is said twice or contradicts itself.
HOCKET_EXPORT void write_head(std::string& to, const RequestHead& head);
/// The same with `headers` in place of the head's.
HOCKET_EXPORT void write_head(std::string& to, const RequestHead& head, const Headers& headers);

/// Appends the status line and the header fields, with the empty line after them. Throws ValueError also for a status below 100 or above
/// 999, a reason with a control character, and a body announced by 1xx or 204, which have none. `more`: lines that are written as they
/// stand, each with its CRLF; none of them may say anything about the framing.
HOCKET_EXPORT void write_head(std::string& to, const ResponseHead& head, std::string_view more = {});

/// Appends one chunk of a chunked body; nothing for no bytes, since an empty chunk ends the body.
HOCKET_EXPORT void write_chunk(std::string& to, std::string_view bytes);
/// Appends what ends a chunked body.
HOCKET_EXPORT void write_last_chunk(std::string& to);

/// `Not Found` of 404; empty for a status without a name.
HOCKET_EXPORT std::string_view reason_phrase(int status) noexcept;

}  // namespace hocket::http
