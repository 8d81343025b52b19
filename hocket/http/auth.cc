// SPDX-License-Identifier: MIT
// What credentials may be made of, and reading them.
#include <hocket/http/auth.h>

#include <hocket/base/errors.h>
#include <hocket/http/base64_internal.h>
#include <hocket/http/quoted_internal.h>
#include <hocket/http/text.h>

#include <openssl/crypto.h>
#include <algorithm>
#include <utility>

namespace hocket::http {

namespace {

bool has_control(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

// The secret is in no message.
void check_user(const char* what, const std::string& user, const std::string& password) {
    if (user.find(':') != std::string::npos) {
        throw ValueError(std::string(what) + ": a colon in the user's name " + in_quotes(user));
    }
    if (has_control(user)) {
        throw ValueError(std::string(what) + ": a control character in the user's name " + in_quotes(user));
    }
    if (has_control(password)) throw ValueError(std::string(what) + ": a control character in the password");
}

// RFC 6750, 2.1.
bool is_bearer_token(std::string_view text) noexcept {
    while (text.ends_with('=')) text.remove_suffix(1);
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("-._~+/").find(c) != std::string_view::npos;
    });
}

// What follows the scheme in the one field Authorization.
std::optional<std::string_view> credentials_of(const Headers& request, std::string_view scheme) {
    const auto fields = request.get_all("Authorization");
    if (fields.size() != 1) return std::nullopt;
    const std::string_view field = fields[0];
    if (field.size() <= scheme.size() || field[scheme.size()] != ' ') return std::nullopt;
    if (!equal_without_case(field.substr(0, scheme.size()), scheme)) return std::nullopt;
    return trim(field.substr(scheme.size()));
}

}  // namespace

Auth::Auth(BasicAuth basic) : scheme_(Scheme::basic), user_(std::move(basic.user)), secret_(std::move(basic.password)) {
    check_user("BasicAuth", user_, secret_);
}

Auth::Auth(BearerAuth bearer) : scheme_(Scheme::bearer), secret_(std::move(bearer.token)) {
    if (!is_bearer_token(secret_)) throw ValueError("BearerAuth: the token has a character that tokens do not have");
}

Auth::Auth(DigestAuth digest)
    : scheme_(Scheme::digest), user_(std::move(digest.user)), secret_(std::move(digest.password)) {
    check_user("DigestAuth", user_, secret_);
}

Auth::Auth(NetrcAuth netrc) : scheme_(Scheme::netrc), secret_(std::move(netrc.file)) {}

std::optional<BasicAuth> basic_auth_of(const Headers& request) {
    const auto credentials = credentials_of(request, "Basic");
    if (!credentials) return std::nullopt;
    const auto text = decode_base64(*credentials);
    if (!text || has_control(*text)) return std::nullopt;
    const std::size_t colon = text->find(':');
    if (colon == std::string::npos) return std::nullopt;
    return BasicAuth{text->substr(0, colon), text->substr(colon + 1)};
}

std::optional<std::string> bearer_token_of(const Headers& request) {
    const auto token = credentials_of(request, "Bearer");
    if (!token || !is_bearer_token(*token)) return std::nullopt;
    return std::string(*token);
}

std::string basic_challenge(std::string_view realm) {
    if (has_control(realm)) throw ValueError("basic_challenge: a control character in the realm " + in_quotes(realm));
    return "Basic realm=" + quoted(realm) + ", charset=\"UTF-8\"";
}

bool compare_digest(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace hocket::http
