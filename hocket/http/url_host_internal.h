// SPDX-License-Identifier: MIT
// Hosts of URLs: names, international names, and addresses in all the ways in which they can be written.
#pragma once

#include <string>
#include <string_view>

namespace hocket::http {

/// Why a text is no URL; the parser says which text it was.
struct UrlFault {
    std::string why;
    bool is_of_port = false;
};

/// Whether it is the host of a special URL, and written as `parse_host` would write it: `127.0.0.1`, `www.example.org`. Not all that are so.
bool is_plain_host(std::string_view text) noexcept;

/// The host as it stands in a URL: `127.0.0.1`, `[::1]`, `xn--bcher-kva.example`. `is_special`: of http, https, ws, wss, ftp or file, whose
/// hosts are names and addresses; all others' mean nothing to us. Throws UrlFault.
std::string parse_host(std::string_view text, bool is_special);

}  // namespace hocket::http
