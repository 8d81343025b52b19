// SPDX-License-Identifier: MIT
// What a server wants to be shown: the challenges of a field WWW-Authenticate (RFC 9110, 11.6.1).
#pragma once

#include <hocket/http/params.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

struct Challenge {
    std::string scheme = {};  // as it was sent
    std::string token = {};   // what follows it, where that is one text
    Params params = {};       // else these; each name once, as it was sent

    /// The parameter of that name, in any case.
    std::optional<std::string_view> param(std::string_view name) const noexcept;
};

/// The challenges of one field, in the server's order, 16 at most. What is malformed ends the list, since nobody can tell what it belongs to.
std::vector<Challenge> parse_challenges(std::string_view field);

}  // namespace hocket::http
