// SPDX-License-Identifier: MIT
// JSON by nlohmann's library: the only header that includes it.
#pragma once

#include <hocket/base/errors.h>

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace hocket::http {

using Json = nlohmann::json;

/// What is no JSON: `parse JSON of GET http://127.0.0.1/items: line 1, column 2: ...` (`json.JSONDecodeError`).
class HOCKET_EXPORT JsonError : public ValueError {
public:
    using ValueError::ValueError;
    ~JsonError() override;
};

/// Throws JsonError. `why`: what nlohmann's library says.
[[noreturn]] HOCKET_EXPORT void throw_json_error(std::string_view what, std::string_view why);

/// How `response.json()` parses. Another adapter has the same two members: `response.json<MyAdapter>()`.
struct JsonAdapter {
    using Value = Json;
    /// `what` is parsed, for the error: `GET http://127.0.0.1/items`.
    static Json parse(std::string_view text, std::string_view what) {
        try {
            return Json::parse(text);
        } catch (const Json::exception& e) {
            throw_json_error(what, e.what());
        }
    }
};

}  // namespace hocket::http
