// SPDX-License-Identifier: MIT
// What a file is, by the ending of its name.
#pragma once

#include <string_view>

namespace hocket::http {

/// A literal: `text/html; charset=utf-8` of `a/b.html`; `application/octet-stream` of an ending that is not known. Case does not count.
std::string_view file_type(std::string_view name) noexcept;

}  // namespace hocket::http
