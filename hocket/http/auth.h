// SPDX-License-Identifier: MIT
// Who asks: what a client proves it with, and how a server reads that.
#pragma once

#include <hocket/base/config.h>
#include <hocket/http/headers.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// User and password, in clear (RFC 7617; `aiohttp.BasicAuth`, `httpx.BasicAuth`). They are sent as they are here: UTF-8.
struct BasicAuth {
    std::string user = {}, password = {};
};
/// A token that whoever has it may use (RFC 6750).
struct BearerAuth {
    std::string token = {};
};
/// User and password, of which only hashes are sent (RFC 7616; `httpx.DigestAuth`): MD5, SHA-256 and SHA-512-256, these with `-sess` too,
/// with `qop=auth`. The first request to an origin is sent twice: without an answer to the server's challenge, and with it.
struct DigestAuth {
    std::string user = {}, password = {};
};
/// The user and password that a file has for the host, as Basic (`httpx.NetRCAuth`, aiohttp's `trust_env`). The file is read for each
/// request, beside the loop; a host that it does not name gets none.
///
/// `file`: empty stands for what the environment variable NETRC names, else `~/.netrc`; these two need not exist. A `~/.netrc` that others than
/// its owner may read, or that is not this user's, is refused with ValueError, as Python does; files that are named are taken as they are.
struct NetrcAuth {
    std::string file = {};
};

/// How a request proves who asks: `.auth = BasicAuth{"ada", "secret"}`. Goes with the request's own origin only: a redirect to another one
/// leaves it behind.
class HOCKET_EXPORT Auth {
public:
    enum class Scheme : std::uint8_t { none, basic, bearer, digest, netrc };

    /// Not at all.
    Auth() = default;
    // These throw ValueError for what no field can carry: a control character, a colon in the user's name; a token with other characters than
    // RFC 6750, 2.1 allows.
    Auth(BasicAuth basic);
    Auth(BearerAuth bearer);
    Auth(DigestAuth digest);
    Auth(NetrcAuth netrc);

    Scheme scheme() const noexcept { return scheme_; }
    /// The user's name.
    const std::string& user() const noexcept { return user_; }
    /// The password, the token, or the name of the file.
    const std::string& secret() const noexcept { return secret_; }

private:
    Scheme scheme_ = Scheme::none;
    std::string user_, secret_;
};

// ---- For servers

/// User and password of a request that says `Authorization: Basic ...` (`aiohttp.BasicAuth.decode`). Nothing without that field, with two of
/// them, with another scheme, and for what is not base64 of a name, a colon and a password.
HOCKET_EXPORT std::optional<BasicAuth> basic_auth_of(const Headers& request);
/// The token of a request that says `Authorization: Bearer ...`; else nothing.
HOCKET_EXPORT std::optional<std::string> bearer_token_of(const Headers& request);
/// What a field WWW-Authenticate asks for user and password with: `Basic realm="files", charset="UTF-8"`. Throws ValueError for a
/// control character.
HOCKET_EXPORT std::string basic_challenge(std::string_view realm);
/// Whether two secrets are equal (`hmac.compare_digest`). How long it takes tells their lengths, and nothing else of them.
HOCKET_EXPORT bool compare_digest(std::string_view a, std::string_view b) noexcept;

}  // namespace hocket::http
