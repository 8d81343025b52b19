// SPDX-License-Identifier: MIT
// The fields of an HTTP message: ordered, several of one name, names compared without case.
#pragma once

#include <hocket/base/config.h>
#include <hocket/http/text.h>

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::http {

/// The fields of a message, in the order in which they were added (`multidict.CIMultiDict`). A value, safe to copy between threads.
///
/// What is in here can be written out as it stands: no name that is no token, no value with a control character but the tab or with
/// white space around it. Views into it, and its iterators, hold until it is changed, moved or destroyed.
class HOCKET_EXPORT Headers {
public:
    /// Two views into the headers: who keeps a field, keeps copies of them.
    struct Field {
        std::string_view name, value;
        friend bool operator==(const Field&, const Field&) = default;
    };
    class Iterator;

    Headers() = default;
    /// `{{"Accept", "text/plain"}, {"X-Id", "7"}}`. Throws like `add`.
    Headers(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

    /// Appends a field, also beside others of that name. Spaces and tabs around the value are dropped. Throws ValueError for a name that is
    /// no token and for a value with a control character.
    void add(std::string_view name, std::string_view value);
    /// Appends the fields of another (`CIMultiDict.extend`).
    void extend(const Headers& more);
    /// Replaces all fields of that name by one, which stands where the first stood. Throws like `add`.
    void set(std::string_view name, std::string_view value);
    /// Removes all fields of that name; says how many there were.
    std::size_t remove(std::string_view name);
    void clear() noexcept;
    /// Takes the memory for so many fields of a usual length at once.
    void reserve(std::size_t fields);

    bool contains(std::string_view name) const noexcept;
    /// The value of the first field of that name.
    std::optional<std::string_view> get(std::string_view name) const noexcept;
    /// The values of all fields of that name.
    std::vector<std::string_view> get_all(std::string_view name) const;
    /// All of them as one list: `a, b`. Empty if there is none.
    std::string combined(std::string_view name) const;
    /// Whether the comma-separated lists of that name hold `token`, compared without case: `has_token("Connection", "close")`.
    bool has_token(std::string_view name, std::string_view token) const noexcept;

    std::size_t size() const noexcept { return places_.size(); }
    bool empty() const noexcept { return places_.empty(); }
    Iterator begin() const noexcept;
    Iterator end() const noexcept;

    /// As HTTP/1 writes them: `Accept: text/plain\r\nX-Id: 7\r\n`.
    std::string_view lines() const noexcept { return lines_; }

    /// Names and values as they were written; `Accept` and `accept` differ here.
    friend bool operator==(const Headers& a, const Headers& b) noexcept { return a.lines_ == b.lines_; }

private:
    friend class ClientRequest;
    friend class Http1Parser;

    // Where a field is in `lines_`: `NAME: VALUE\r\n`.
    struct Place {
        std::size_t line, name_size, value_size;
    };

    /// Appends what has been looked at already: a token, and a value without white space around it.
    void add_checked(std::string_view name, std::string_view value);
    std::string_view name_at(const Place& place) const noexcept {
        return {lines_.data() + place.line, place.name_size};
    }
    std::string_view value_at(const Place& place) const noexcept {
        return {lines_.data() + place.line + place.name_size + 2, place.value_size};
    }
    bool is_at(const Place& place, std::string_view name) const noexcept {
        return place.name_size == name.size() && same_letters(name_at(place), name);
    }

    std::string lines_;
    std::vector<Place> places_;
};

class Headers::Iterator {
public:
    using value_type = Field;
    using reference = Field;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;  // a Field is made when it is looked at
    using iterator_concept = std::forward_iterator_tag;
    struct pointer {
        Field field;
        const Field* operator->() const noexcept { return &field; }
    };

    Iterator() = default;
    Field operator*() const noexcept {
        const Place& place = headers_->places_[index_];
        return {headers_->name_at(place), headers_->value_at(place)};
    }
    pointer operator->() const noexcept { return {**this}; }
    Iterator& operator++() noexcept {
        ++index_;
        return *this;
    }
    Iterator operator++(int) noexcept { return {headers_, index_++}; }
    friend bool operator==(const Iterator&, const Iterator&) = default;

private:
    friend class Headers;
    Iterator(const Headers* headers, std::size_t index) noexcept : headers_(headers), index_(index) {}

    const Headers* headers_ = nullptr;
    std::size_t index_ = 0;
};

inline Headers::Iterator Headers::begin() const noexcept { return {this, 0}; }
inline Headers::Iterator Headers::end() const noexcept { return {this, size()}; }

}  // namespace hocket::http
