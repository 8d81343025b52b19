// SPDX-License-Identifier: MIT
// A list whose commas separate both challenges and their parameters.
#include <hocket/http/challenge_internal.h>

#include <hocket/http/quoted_internal.h>
#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

namespace {

constexpr std::size_t most_challenges = 16;
constexpr std::size_t most_params = 32;

void skip(std::string_view& text, std::string_view characters) noexcept {
    text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

std::string_view take_token(std::string_view& text) noexcept {
    std::size_t size = 0;
    while (size < text.size() && is_token(text.substr(size, 1))) ++size;
    const std::string_view token = text.substr(0, size);
    text.remove_prefix(size);
    return token;
}

// `abc/+==`, up to the end or a comma.
std::optional<std::string_view> take_token68(std::string_view& text) noexcept {
    std::size_t size = 0;
    while (size < text.size() && (is_token(text.substr(size, 1)) || text[size] == '/')) ++size;
    if (size == 0) return std::nullopt;
    while (size < text.size() && text[size] == '=') ++size;
    const std::string_view token = text.substr(0, size);
    std::string_view rest = text.substr(size);
    skip(rest, " \t");
    if (!rest.empty() && rest[0] != ',') return std::nullopt;
    text = rest;
    return token;
}

// `name=value` or `name="value"`. Nothing taken, and no value: what follows is no parameter. A value of nothing: it is malformed.
struct Taken {
    bool is_param = false;
    std::string_view name = {};
    std::optional<std::string> value = {};
};

Taken take_param(std::string_view& text) {
    std::string_view rest = text;
    Taken taken{.name = take_token(rest)};
    skip(rest, " \t");
    if (taken.name.empty() || !rest.starts_with('=')) return taken;
    rest.remove_prefix(1);
    skip(rest, " \t");
    taken.is_param = true;
    if (rest.starts_with('"')) {
        taken.value = take_quoted(rest);
    } else if (const std::string_view token = take_token(rest); !token.empty()) {
        taken.value = token;
    }
    skip(rest, " \t");
    if (!rest.empty() && rest[0] != ',') taken.value = std::nullopt;
    text = rest;
    return taken;
}

// False: the rest of the field is malformed.
bool take_params(Challenge& challenge, std::string_view& text) {
    for (;;) {
        skip(text, ", \t");
        const Taken taken = take_param(text);
        if (!taken.is_param) return true;
        if (!taken.value || challenge.params.size() == most_params || challenge.param(taken.name)) return false;
        challenge.params.emplace_back(taken.name, *taken.value);
    }
}

}  // namespace

std::optional<std::string_view> Challenge::param(std::string_view name) const noexcept {
    for (const auto& [given, value] : params) {
        if (equal_without_case(given, name)) return value;
    }
    return std::nullopt;
}

std::vector<Challenge> parse_challenges(std::string_view field) {
    std::vector<Challenge> challenges;
    for (skip(field, ", \t"); !field.empty() && challenges.size() < most_challenges; skip(field, ", \t")) {
        Challenge challenge{.scheme = std::string(take_token(field))};
        if (challenge.scheme.empty()) break;
        const bool has_more = field.starts_with(' ');
        skip(field, " ");
        if (!field.empty() && field[0] != ',') {
            if (!has_more) break;
            if (const auto token = take_token68(field)) {
                challenge.token = *token;
            } else if (!take_params(challenge, field) || challenge.params.empty()) {
                break;
            }
        }
        challenges.push_back(std::move(challenge));
    }
    return challenges;
}

}  // namespace hocket::http
