// SPDX-License-Identifier: MIT
// The fields of an HTTP message: ordered, several of one name, names compared without case.
#pragma once

#include <hocket/base/config.h>
#include <hocket/http/text.h>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::http {

/// The fields of a message, in the order in which they were added (`multidict.CIMultiDict`). A value, safe to copy between threads.
///
/// What is in here can be written out as it stands: no name that is no token, no value with a control character but the tab or with
/// white space around it. Views into it hold until it is changed.
class HOCKET_EXPORT Headers {
public:
    struct Field {
        std::string name, value;
        friend bool operator==(const Field&, const Field&) = default;
    };

    Headers() = default;
    /// `{{"Accept", "text/plain"}, {"X-Id", "7"}}`. Throws like `add`.
    Headers(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

    /// Appends a field, also beside others of that name. Spaces and tabs around the value are dropped. Throws ValueError for a name that is
    /// no token and for a value with a control character.
    void add(std::string_view name, std::string_view value);
    /// Replaces all fields of that name by one, which stands where the first stood. Throws like `add`.
    void set(std::string_view name, std::string_view value);
    /// Removes all fields of that name; says how many there were.
    std::size_t remove(std::string_view name);
    void clear() noexcept { fields_.clear(); }
    /// Takes the memory for so many fields at once.
    void reserve(std::size_t fields) { fields_.reserve(fields); }

    bool contains(std::string_view name) const noexcept;
    /// The value of the first field of that name.
    std::optional<std::string_view> get(std::string_view name) const noexcept;
    /// The values of all fields of that name.
    std::vector<std::string_view> get_all(std::string_view name) const;
    /// All of them as one list: `a, b`. Empty if there is none.
    std::string combined(std::string_view name) const;
    /// Whether the comma-separated lists of that name hold `token`, compared without case: `has_token("Connection", "close")`.
    bool has_token(std::string_view name, std::string_view token) const noexcept;

    std::size_t size() const noexcept { return fields_.size(); }
    bool empty() const noexcept { return fields_.empty(); }
    auto begin() const noexcept { return fields_.begin(); }
    auto end() const noexcept { return fields_.end(); }

    /// Names and values as they were written; `Accept` and `accept` differ here.
    friend bool operator==(const Headers&, const Headers&) = default;

private:
    friend class ClientRequest;
    friend class Http1Parser;

    /// Appends what has been looked at already: a token, and a value without white space around it.
    void add_checked(std::string_view name, std::string_view value);

    std::vector<Field> fields_;
};

}  // namespace hocket::http
