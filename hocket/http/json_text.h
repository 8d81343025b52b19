// SPDX-License-Identifier: MIT
// JSON without its header: as text from any library's values, and how it is parsed.
#pragma once

#include <hocket/base/config.h>

#include <concepts>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::http {

/// How `json()` of a response or a request parses unless it is told otherwise; <hocket/http/json.h> defines it.
struct JsonAdapter;

template <class Adapter>
struct AdapterValue_ {
    static_assert(
        requires { sizeof(Adapter); },
        "hocket: json() needs <hocket/http/json.h>, or an adapter of your own: json<MyAdapter>()");
    using type = typename Adapter::Value;
};
/// What an adapter makes of JSON.
template <class Adapter>
using AdapterValue = typename AdapterValue_<Adapter>::type;

/// A value that can write itself as JSON: Json of hocket/http/json.h, or a type of another library with such a member.
template <class J>
concept DumpsJson = requires(const J& value) {
    { value.dump() } -> std::convertible_to<std::string>;
};

[[noreturn]] HOCKET_EXPORT void throw_json_unwritable(std::string_view why);

/// JSON that has been written out. `JsonText(value)` takes any value that can do that by itself.
struct JsonText {
    std::string text;

    JsonText() = default;
    /// Throws ValueError for what cannot be written, such as text that is no UTF-8.
    template <DumpsJson J>
    JsonText(const J& value) {
        try {
            text = value.dump();
        } catch (const std::exception& e) {
            throw_json_unwritable(e.what());
        }
    }
    /// Text that is JSON already; it is not looked at.
    static JsonText written(std::string text) {
        JsonText json;
        json.text = std::move(text);
        return json;
    }
};

/// Appends `text` as a JSON string with its quotation marks. What is no UTF-8 becomes U+FFFD.
HOCKET_EXPORT void append_json_string(std::string& to, std::string_view text);

/// How many lists and objects are open at once in JSON text, at most. A value that is read from deeper nesting than some hundreds is a danger
/// where it is written out again, since that recurses as deep.
HOCKET_EXPORT std::size_t json_depth(std::string_view text) noexcept;

}  // namespace hocket::http
