// SPDX-License-Identifier: MIT
// Tags, their lists, and the order in which a request's conditions are looked at.
#include <hocket/http/preconditions.h>

#include <hocket/base/errors.h>
#include <hocket/http/http_date.h>

#include <algorithm>

namespace hocket::http {

namespace {

// RFC 9110, 8.8.3: etagc.
bool is_of_a_tag(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && c != '"' && byte != 0x7f;
}

/// A tag in the bytes of a field.
struct TagView {
    std::string_view value;
    bool is_weak;
};

// Takes a tag off the front of `text`; nothing, and leaves it, where there is none.
std::optional<TagView> take_tag(std::string_view& text) noexcept {
    std::string_view rest = text;
    const bool is_weak = rest.starts_with("W/");
    if (is_weak) rest.remove_prefix(2);
    if (!rest.starts_with('"')) return std::nullopt;
    rest.remove_prefix(1);
    const auto size = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_of_a_tag) - rest.begin());
    if (size == rest.size() || rest[size] != '"') return std::nullopt;
    text = rest.substr(size + 1);
    return TagView{rest.substr(0, size), is_weak};
}

enum class Comparison : std::uint8_t { strong, weak };

bool is_same(const TagView& given, const ETag& current, Comparison comparison) noexcept {
    const bool may_be_weak = comparison == Comparison::weak;
    return given.value == current.value && (may_be_weak || (!given.is_weak && !current.is_weak));
}

// Whether `list` is `*`, or has the current tag. What follows something malformed is not looked at.
bool matches(std::string_view list, const Validators& current, Comparison comparison) noexcept {
    if (trim(list) == "*") return current.exists;
    if (!current.exists || !current.etag) return false;
    for (;;) {
        list = list.substr(std::min(list.find_first_not_of(" \t,"), list.size()));
        const auto tag = take_tag(list);
        if (!tag) return false;
        if (is_same(*tag, *current.etag, comparison)) return true;
        list = trim(list);
        if (!list.starts_with(',')) return false;
    }
}

bool matches_any(const Headers& request, std::string_view name, const Validators& current,
                 Comparison comparison) noexcept {
    return std::ranges::any_of(request, [&](const Headers::Field field) {
        return equal_without_case(field.name, name) && matches(field.value, current, comparison);
    });
}

// Nothing if the field is missing, no date, or there is nothing to compare it with.
std::optional<bool> modified_since(const Headers& request, std::string_view name, const Validators& current,
                                   std::int64_t now) {
    const auto field = request.get(name);
    if (!field || !current.last_modified) return std::nullopt;
    const auto date = parse_http_date(*field, now);
    if (!date) return std::nullopt;
    return *current.last_modified > *date;
}

}  // namespace

std::string ETag::str() const {
    if (!std::all_of(value.begin(), value.end(), is_of_a_tag)) {
        throw ValueError("ETag: " + in_quotes(value) + " has a character that no tag may have");
    }
    return (is_weak ? "W/\"" : "\"") + value + '"';
}

std::optional<ETag> ETag::parse(std::string_view text) {
    const auto tag = take_tag(text);
    if (!tag || !text.empty()) return std::nullopt;
    return ETag{std::string(tag->value), tag->is_weak};
}

Precondition check_preconditions(std::string_view method, const Headers& request, const Validators& current,
                                 std::int64_t now) {
    const bool only_reads = method == "GET" || method == "HEAD";
    if (request.contains("If-Match")) {
        if (!matches_any(request, "If-Match", current, Comparison::strong)) return Precondition::failed;
    } else if (modified_since(request, "If-Unmodified-Since", current, now).value_or(false)) {
        return Precondition::failed;
    }
    if (request.contains("If-None-Match")) {
        const bool is_known = matches_any(request, "If-None-Match", current, Comparison::weak);
        if (is_known) return only_reads ? Precondition::not_modified : Precondition::failed;
    } else if (only_reads && !modified_since(request, "If-Modified-Since", current, now).value_or(true)) {
        return Precondition::not_modified;
    }
    return Precondition::holds;
}

bool range_applies(const Headers& request, const Validators& current, std::int64_t now) {
    const auto condition = request.get("If-Range");
    if (!condition) return true;
    std::string_view text = *condition;
    const auto tag = take_tag(text);
    if (tag) return text.empty() && current.etag && is_same(*tag, *current.etag, Comparison::strong);
    const auto date = parse_http_date(text, now);
    return date && current.last_modified == *date && *date < now;
}

}  // namespace hocket::http
