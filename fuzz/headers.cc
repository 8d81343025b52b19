// SPDX-License-Identifier: MIT
// Header fields: what is taken can be written out as it stands, and is found again. Each line of the input is a name and a value.
#include "fuzz.h"

#include <hocket/base/errors.h>
#include <hocket/http/headers.h>
#include <hocket/http/link.h>

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hocket;
    http::Headers headers;
    for (std::string_view rest = fuzz::text_of(data, size); !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const std::size_t colon = std::min(line.find(':'), line.size());
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = line.substr(std::min(line.size(), colon + 1));
        const std::size_t before = headers.size();
        bool is_added = true;
        try {
            headers.add(name, value);
        } catch (const ValueError&) {
            is_added = false;
        }
        const bool may_be = http::is_token(name) && http::is_field_value(http::trim(value));
        fuzz::check(is_added == may_be && headers.size() == before + (is_added ? 1 : 0), "a field was taken, or not",
                    std::string(line));
        if (!is_added) continue;
        fuzz::check(headers.contains(name) && headers.get_all(name).back() == http::trim(value),
                    "a field is not found");
        fuzz::check(headers.combined(name).ends_with(http::trim(value)), "a field is not in the list");
        headers.has_token(name, http::trim(value));
    }
    for (const auto& [name, value] : headers) {
        fuzz::check(http::is_token(name) && http::is_field_value(value) && http::trim(value) == value,
                    "a field that is none");
    }
    for (const http::Link& link : http::links_of(headers, http::Url::parse("http://a/b"))) {
        fuzz::check(!link.url.empty() && !link.is(""), "a link to nowhere", link.rel);
    }
    http::Headers copy = headers;
    while (!copy.empty()) {
        const std::string name(copy.begin()->name);
        const std::size_t count = copy.get_all(name).size();
        const std::size_t before = copy.size();
        copy.set(name, "x");
        fuzz::check(copy.size() == before - count + 1 && copy.get(name) == "x", "a field was not replaced");
        fuzz::check(copy.remove(name) == 1 && !copy.contains(name), "a field was not removed");
    }
    return 0;
}
