// SPDX-License-Identifier: MIT
// The hashes of RFC 7616, 3.4.
#include <hocket/http/digest_internal.h>

#include <hocket/base/errors.h>
#include <hocket/http/hexadecimal_internal.h>
#include <hocket/http/percent_internal.h>
#include <hocket/http/quoted_internal.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/text.h>

#include <openssl/evp.h>
#include <algorithm>

namespace hocket::http {

namespace {

using Hash = DigestChallenge::Hash;

struct Algorithm {
    std::string_view name;
    Hash hash;
    bool is_session;
};
constexpr Algorithm algorithms[] = {
    {"MD5", Hash::md5, false},
    {"MD5-sess", Hash::md5, true},
    {"SHA-256", Hash::sha_256, false},
    {"SHA-256-sess", Hash::sha_256, true},
    {"SHA-512-256", Hash::sha_512_256, false},
    {"SHA-512-256-sess", Hash::sha_512_256, true},
};

// RFC 8187, 3.2: what `user*` may not have in it.
constexpr EncodeSet extended_set{form_set, "*"};

std::string hash_of(Hash hash, std::string_view text) {
    const EVP_MD* const kind = hash == Hash::md5 ? EVP_md5() : hash == Hash::sha_256 ? EVP_sha256() : EVP_sha512_256();
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), bytes, &size, kind, nullptr) != 1) {
        throw RuntimeError("answer a Digest challenge: OpenSSL does not compute this hash here");
    }
    return in_hexadecimal({reinterpret_cast<const char*>(bytes), size});
}

std::string joined(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts) text.append(part).append(":");
    text.pop_back();
    return text;
}

bool says_true(const Challenge& challenge, std::string_view name) {
    return equal_without_case(challenge.param(name).value_or(""), "true");
}

// Whether a list of tokens, `auth,auth-int`, has this one.
bool lists(std::string_view list, std::string_view token) noexcept {
    while (!list.empty()) {
        if (equal_without_case(take_element(list), token)) return true;
    }
    return false;
}

std::string written_user(const DigestChallenge& challenge, std::string_view user) {
    if (challenge.hashes_user) {
        return "username=" + quoted(hash_of(challenge.hash, joined({user, challenge.realm}))) + ", userhash=true";
    }
    if (is_ascii(user) || !challenge.is_utf_8) return "username=" + quoted(user);
    std::string text = "username*=UTF-8''";
    append_encoded(text, user, extended_set);
    return text;
}

}  // namespace

std::optional<DigestChallenge> read_digest_challenge(const Challenge& challenge) {
    if (!equal_without_case(challenge.scheme, "Digest")) return std::nullopt;
    const auto realm = challenge.param("realm");
    const auto nonce = challenge.param("nonce");
    if (!realm || !nonce || !is_field_value(*realm) || !is_field_value(*nonce)) return std::nullopt;
    DigestChallenge result{.realm = std::string(*realm), .nonce = std::string(*nonce)};
    if (const auto algorithm = challenge.param("algorithm")) {
        const auto* const found = std::find_if(std::begin(algorithms), std::end(algorithms), [&](const Algorithm& a) {
            return equal_without_case(a.name, *algorithm);
        });
        if (found == std::end(algorithms)) return std::nullopt;
        result.hash = found->hash;
        result.is_session = found->is_session;
        result.algorithm = found->name;
    }
    if (const auto qop = challenge.param("qop")) {
        if (!lists(*qop, "auth")) return std::nullopt;
        result.has_qop = true;
    }
    if (const auto opaque = challenge.param("opaque")) {
        if (!is_field_value(*opaque)) return std::nullopt;
        result.opaque = std::string(*opaque);
    }
    result.is_stale = says_true(challenge, "stale");
    result.hashes_user = says_true(challenge, "userhash");
    result.is_utf_8 = equal_without_case(challenge.param("charset").value_or(""), "UTF-8");
    return result;
}

std::optional<DigestChallenge> digest_challenge_of(const Headers& response) {
    for (const std::string_view field : response.get_all("WWW-Authenticate")) {
        for (const Challenge& challenge : parse_challenges(field)) {
            if (auto digest = read_digest_challenge(challenge)) return digest;
        }
    }
    return std::nullopt;
}

std::string answer_digest(DigestState& state, const DigestRequest& request) {
    const DigestChallenge& asked = state.challenge;
    std::string secret = hash_of(asked.hash, joined({request.user, asked.realm, request.password}));
    if (asked.is_session) secret = hash_of(asked.hash, joined({secret, asked.nonce, state.cnonce}));
    const std::string what = hash_of(asked.hash, joined({request.method, request.target}));
    ++state.count;
    std::string count;
    for (int shift = 28; shift >= 0; shift -= 4) count += "0123456789abcdef"[state.count >> shift & 15];
    const std::string proof = asked.has_qop ? joined({secret, asked.nonce, count, state.cnonce, "auth", what})
                                            : joined({secret, asked.nonce, what});

    std::string text = "Digest " + written_user(asked, request.user) + ", realm=" + quoted(asked.realm) +
                       ", nonce=" + quoted(asked.nonce) + ", uri=" + quoted(request.target) +
                       ", response=" + quoted(hash_of(asked.hash, proof));
    if (!asked.algorithm.empty()) text += ", algorithm=" + asked.algorithm;
    if (asked.has_qop) text += ", qop=auth, nc=" + count;
    if (asked.has_qop || asked.is_session) text += ", cnonce=" + quoted(state.cnonce);
    if (asked.opaque) text += ", opaque=" + quoted(*asked.opaque);
    return text;
}

}  // namespace hocket::http
