// SPDX-License-Identifier: MIT
// The file in which users keep names and passwords for hosts: .netrc.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/http/auth.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

struct NetrcEntry {
    std::string machine = {};  // empty: the default
    std::string login = {}, password = {};
};

/// The entries of such a file, in order. Throws ValueError, which says in which line and not what is there: it may be a password.
std::vector<NetrcEntry> parse_netrc(std::string_view text);
/// What a host is shown: its first entry's, else the default's; nothing where that has no password.
std::optional<BasicAuth> find_netrc(const std::vector<NetrcEntry>& entries, std::string_view host);

/// The same of a file, as `NetrcAuth` says it.
Coro<std::optional<BasicAuth>> read_netrc(std::string file, std::string host);

}  // namespace hocket::http
