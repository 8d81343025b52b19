// SPDX-License-Identifier: MIT
// Paths of routes and requests, segment by segment.
#pragma once

#include <hocket/http/params.h>

#include <algorithm>
#include <string_view>

namespace hocket::http {

/// Takes the first segment off `path`, which begins with a slash; what is left begins with one, or is empty.
inline std::string_view take_segment(std::string_view& path) noexcept {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(1, end - 1);
    path.remove_prefix(end);
    return segment;
}

/// Whether a segment of a request stands for `literal`, which is decoded.
inline bool is_segment(std::string_view segment, std::string_view literal) {
    return segment.find('%') == std::string_view::npos ? segment == literal : percent_decode(segment) == literal;
}

struct SegmentParameter {
    std::string_view name;
    bool takes_all = false;
};

/// Of `{name}`, and of `{name:path}`, which takes all that is left: what stands between the braces. `segment` has them.
inline SegmentParameter parameter_in(std::string_view segment) noexcept {
    constexpr std::string_view path = ":path";
    std::string_view name = segment.substr(1, std::max<std::size_t>(segment.size(), 2) - 2);
    const bool takes_all = name.ends_with(path);
    if (takes_all) name.remove_suffix(path.size());
    return {name, takes_all};
}

}  // namespace hocket::http
