// SPDX-License-Identifier: MIT
// Digest access authentication, the client's side (RFC 7616), without input, output or random numbers.
#pragma once

#include <hocket/http/challenge_internal.h>
#include <hocket/http/headers.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// What a server asks for.
struct DigestChallenge {
    enum class Hash : std::uint8_t { md5, sha_256, sha_512_256 };

    Hash hash = Hash::md5;
    std::string algorithm = {};  // as it was sent; empty: not said, MD5
    bool is_session = false;     // `-sess`
    bool has_qop = false;        // else as RFC 2069 had it, without counting
    bool is_stale = false;       // the nonce was too old, user and password may be right
    bool hashes_user = false;
    bool is_utf_8 = false;
    std::string realm = {}, nonce = {};
    std::optional<std::string> opaque = {};
};

/// What a challenge says; nothing if it is not Digest, or asks for what we cannot do: another algorithm, `auth-int` alone.
std::optional<DigestChallenge> read_digest_challenge(const Challenge& challenge);
/// The first of a response's that we can answer: servers name first what they like best.
std::optional<DigestChallenge> digest_challenge_of(const Headers& response);

/// A challenge, and how often it was answered.
struct DigestState {
    DigestChallenge challenge = {};
    std::string cnonce = {};  // our own share, random
    std::uint32_t count = 0;
};

/// What is answered.
struct DigestRequest {
    std::string_view user, password, method, target;
};

/// The field Authorization: counts, and answers. Throws RuntimeError where OpenSSL may not compute the hash.
std::string answer_digest(DigestState& state, const DigestRequest& request);

}  // namespace hocket::http
