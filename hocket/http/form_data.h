// SPDX-License-Identifier: MIT
// A form with files as a client sends it: multipart/form-data.
#pragma once

#include <hocket/http/headers.h>

#include <optional>
#include <string>
#include <vector>

namespace hocket::http {

/// `{"title", "Tea"}`, `{.name = "photo", .value = bytes, .filename = "tea.png", .content_type = "image/png"}`,
/// `{.name = "photo", .path = "/tmp/tea.png"}`
struct FormPart {
    std::string name;                          ///< of the field, in UTF-8
    std::string value = {};                    ///< text or bytes
    std::optional<std::string> filename = {};  ///< makes it a file; of `path` its last component by default
    std::string content_type = {};             ///< of a file application/octet-stream by default, of others none
    std::string path = {};                     ///< a file that is sent in place of `value`: it is read while it is sent
    Headers headers = {};                      ///< more of the part
};

/// A form in its order (`aiohttp.FormData`, httpx's `data=` and `files=`): `{.multipart = form}`. Its length is known beforehand, and sent.
using FormData = std::vector<FormPart>;

}  // namespace hocket::http
