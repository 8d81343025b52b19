// SPDX-License-Identifier: MIT
// Reading sets of ranges, and writing the one that is left of them.
#include <hocket/http/byte_range.h>

#include <hocket/http/reading_internal.h>
#include <hocket/http/text.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

namespace hocket::http {

namespace {

constexpr std::size_t most_ranges = 16;

// Digits to the end of `text`; more than fits is the largest number. Nothing for anything else.
std::optional<std::uint64_t> number(std::string_view text) noexcept {
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
    return error == std::errc() ? n : std::numeric_limits<std::uint64_t>::max();
}

/// What one element of a set means for a body of `size` bytes.
struct Element {
    bool is_well_formed = false;
    std::optional<ByteRange> range = {};  // nothing: the body has none of it
};

Element read_element(std::string_view text, std::uint64_t size) noexcept {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return {};
    const std::string_view before = text.substr(0, dash);
    const std::string_view after = text.substr(dash + 1);
    const auto last = after.empty() ? std::numeric_limits<std::uint64_t>::max() : number(after);
    if (!last) return {};
    if (before.empty()) {  // so many from the end
        if (after.empty()) return {};
        if (*last == 0 || size == 0) return {.is_well_formed = true};
        return {true, ByteRange{size - std::min(*last, size), size - 1}};
    }
    const auto first = number(before);
    if (!first || *first > *last) return {};
    if (*first >= size) return {.is_well_formed = true};
    return {true, ByteRange{*first, std::min(*last, size - 1)}};
}

// What the elements leave, or nothing for a set that is to be ignored.
std::optional<std::vector<ByteRange>> read_set(std::string_view set, std::uint64_t size) {
    std::vector<ByteRange> ranges;
    std::size_t count = 0;
    while (!set.empty()) {
        const std::string_view text = take_element(set);
        if (text.empty()) continue;
        const Element element = read_element(text, size);
        if (!element.is_well_formed || ++count > most_ranges) return std::nullopt;
        if (element.range) ranges.push_back(*element.range);
    }
    if (count == 0) return std::nullopt;
    return ranges;
}

}  // namespace

RequestedRange requested_range(const Headers& request, std::uint64_t size) {
    constexpr std::string_view unit = "bytes=";
    const std::vector<std::string_view> fields = request.get_all("Range");
    if (fields.size() != 1 || size == 0 || !equal_without_case(fields[0].substr(0, unit.size()), unit))
        return WholeBody();
    auto ranges = read_set(fields[0].substr(unit.size()), size);
    if (!ranges) return WholeBody();
    if (ranges->empty()) return NoSuchRange();
    std::ranges::sort(*ranges, {}, &ByteRange::first);
    ByteRange joined = ranges->front();
    for (const ByteRange& range : *ranges) {
        if (range.first > joined.last + 1) return WholeBody();
        joined.last = std::max(joined.last, range.last);
    }
    return joined;
}

std::string content_range(const std::optional<ByteRange>& range, std::uint64_t size) {
    std::string text = "bytes ";
    if (range) {
        text.append(std::to_string(range->first)).append("-").append(std::to_string(range->last));
    } else {
        text += '*';
    }
    return text.append("/").append(std::to_string(size));
}

std::optional<ContentRange> parse_content_range(std::string_view text) noexcept {
    constexpr std::string_view unit = "bytes ";
    if (!equal_without_case(text.substr(0, unit.size()), unit)) return std::nullopt;
    text.remove_prefix(unit.size());
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const std::string_view part = text.substr(0, slash);
    const std::string_view whole = text.substr(slash + 1);
    ContentRange result;
    if (whole != "*") {
        result.size = number(whole);
        if (!result.size) return std::nullopt;
    }
    if (part == "*") return result.size ? std::optional(result) : std::nullopt;
    const std::size_t dash = part.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto first = number(part.substr(0, dash));
    const auto last = number(part.substr(dash + 1));
    if (!first || !last || *first > *last || (result.size && *last >= *result.size)) return std::nullopt;
    // Of the largest number the size could not be told.
    if (*last == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
    result.range = ByteRange{*first, *last};
    return result;
}

}  // namespace hocket::http
