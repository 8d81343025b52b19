// SPDX-License-Identifier: MIT
// Domains below which anybody may register names (https://publicsuffix.org).
#pragma once

#include <string>

namespace hocket::http {

/// Whether cookies of this domain would be shared by strangers: `com`, `co.uk`, `github.io`, and every name of one label. By the list that is
/// built into libpsl. `domain`: in lower case and ASCII, a dot at the end or not; no address.
bool is_public_suffix(std::string domain);

}  // namespace hocket::http
