// SPDX-License-Identifier: MIT
// Reading the field Link: RFC 8288, appendix B.
#include <hocket/http/link.h>

#include <hocket/http/errors.h>
#include <hocket/http/headers.h>
#include <hocket/http/quoted_internal.h>
#include <hocket/http/text.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace hocket::http {

namespace {

std::string_view without_space(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text;
}

struct Parameter {
    std::string name, value;
};

// Takes `name`, `name=value` or `name="value"` off the front. Nothing for what is none.
std::optional<Parameter> take_parameter(std::string_view& rest) {
    const std::size_t end = std::min(rest.find_first_of("=;, \t"), rest.size());
    Parameter found{.name = lowered(rest.substr(0, end)), .value = {}};
    if (!is_token(found.name)) return std::nullopt;
    rest = without_space(rest.substr(end));
    if (!rest.starts_with('=')) return found;
    rest = without_space(rest.substr(1));
    if (rest.starts_with('"')) {
        auto value = take_quoted(rest);
        if (!value) return std::nullopt;
        found.value = std::move(*value);
    } else {
        const std::size_t size = std::min(rest.find_first_of(";,"), rest.size());
        found.value = trim(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    return found;
}

// Takes a link with its parameters off the front. False for what is none; a target that is no URL gives a link to nowhere.
bool take_link(std::string_view& rest, const Url& base, Link& link) {
    const std::size_t end = rest.find('>');
    if (!rest.starts_with('<') || end == std::string_view::npos) return false;
    const std::string_view target = trim(rest.substr(1, end - 1));
    if (target.find('<') != std::string_view::npos) return false;
    try {
        link.url = base.join(target);
    } catch (const InvalidUrl&) {
        link.url = {};
    }
    bool has_rel = false;
    for (rest = without_space(rest.substr(end + 1)); rest.starts_with(';'); rest = without_space(rest)) {
        rest = without_space(rest.substr(1));
        if (rest.empty() || rest[0] == ';' || rest[0] == ',') continue;  // nothing behind a semicolon
        auto parameter = take_parameter(rest);
        if (!parameter) return false;
        if (parameter->name != "rel") {
            link.parameters.emplace_back(std::move(parameter->name), std::move(parameter->value));
        } else if (!has_rel) {  // the first counts
            has_rel = true;
            link.rel = std::move(parameter->value);
        }
    }
    return rest.empty() || rest[0] == ',';
}

}  // namespace

bool Link::is(std::string_view relation) const noexcept {
    std::string_view words = rel;
    while (!words.empty()) {
        const std::size_t size = std::min(words.find_first_of(" \t"), words.size());
        if (size > 0 && equal_without_case(words.substr(0, size), relation)) return true;
        words.remove_prefix(std::min(size + 1, words.size()));
    }
    return false;
}

constexpr std::size_t most_links = 200;

std::vector<Link> links_of(const Headers& response, const Url& base) {
    std::vector<Link> found;
    for (std::string_view rest : response.get_all("Link")) {
        for (;;) {
            rest.remove_prefix(std::min(rest.find_first_not_of(" \t,"), rest.size()));
            Link link;
            if (rest.empty() || !take_link(rest, base, link)) break;
            if (!link.url.empty()) found.push_back(std::move(link));
            if (found.size() == most_links) return found;
        }
    }
    return found;
}

}  // namespace hocket::http
