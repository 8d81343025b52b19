// SPDX-License-Identifier: MIT
// Forms and percent-encoding: the URL standard, sections 1.3 and 5.
#include <hocket/http/params.h>

#include <hocket/http/percent_internal.h>

#include <algorithm>

namespace hocket::http {

namespace {

void append_form(std::string& to, std::string_view text) {
    for (std::size_t space = text.find(' '); space != std::string_view::npos; space = text.find(' ')) {
        append_encoded(to, text.substr(0, space), form_set);
        to += '+';
        text.remove_prefix(space + 1);
    }
    append_encoded(to, text, form_set);
}

std::string from_form(std::string_view text) {
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return percent_decode(spaced);
}

}  // namespace

std::string encode_form(const Params& params) {
    std::string text;
    for (const auto& [name, value] : params) {
        if (!text.empty()) text += '&';
        append_form(text, name);
        text += '=';
        append_form(text, value);
    }
    return text;
}

Params parse_form(std::string_view text) {
    Params params;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        params.emplace_back(from_form(pair.substr(0, equals)),
                            from_form(pair.substr(std::min(equals + 1, pair.size()))));
    }
    return params;
}

std::string percent_decode(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low < 0) {
            bytes += text[i];
            continue;
        }
        bytes += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return bytes;
}

}  // namespace hocket::http
