// SPDX-License-Identifier: MIT
// Values as bytes, for a process that is a copy of this one: the same program, at the same addresses.
#pragma once

#include <hocket/base/errors.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t n>
inline constexpr bool is_std_array<std::array<T, n>> = true;

/// std::pair, std::tuple, std::array.
template <class T>
concept TupleLike = requires { std::tuple_size<T>::value; };

/// Bytes that mean the same elsewhere: no pointers, and no views of what somebody else holds.
template <class T>
constexpr bool is_plain() {
    if constexpr (is_std_array<T>) {
        return is_plain<typename T::value_type>();
    } else {
        return std::is_trivially_copyable_v<T> && !TupleLike<T> && !is_optional<T> && !std::is_pointer_v<T> &&
               !std::is_member_pointer_v<T> && !std::is_reference_v<T> && !std::is_null_pointer_v<T> &&
               !std::is_array_v<T> && !std::ranges::enable_borrowed_range<T>;
    }
}
/// Of such, a vector is one run of bytes.
template <class T>
inline constexpr bool is_run_of_bytes = is_plain<T>() && !std::is_same_v<T, bool>;

template <class T>
constexpr bool can_be_marshalled() {
    if constexpr (std::is_same_v<T, std::string> || is_plain<T>()) {
        return true;
    } else if constexpr (is_optional<T> || is_vector<T>) {
        return can_be_marshalled<typename T::value_type>();
    } else if constexpr (TupleLike<T>) {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return (can_be_marshalled<std::tuple_element_t<I, T>>() && ...);
        }(std::make_index_sequence<std::tuple_size_v<T>>());
    } else {
        return false;
    }
}

/// What `put_value` and `get_value` take: arithmetic types, enumerations, structs that are plain bytes, std::string, and std::vector, std::optional,
/// std::pair, std::tuple and std::array of such. A struct must hold no pointers, which no compiler can check.
template <class T>
concept Marshallable = can_be_marshalled<T>();

inline void put_bytes(std::string& to, const void* bytes, std::size_t size) {
    to.append(static_cast<const char*>(bytes), size);
}

template <Marshallable T>
void put_value(std::string& to, const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
        put_value(to, value.size());
        to += value;
    } else if constexpr (is_optional<T>) {
        put_value(to, value.has_value());
        if (value) put_value(to, *value);
    } else if constexpr (is_vector<T>) {
        using Element = typename T::value_type;
        put_value(to, value.size());
        if constexpr (is_run_of_bytes<Element>) {
            put_bytes(to, value.data(), value.size() * sizeof(Element));
        } else {
            for (const Element& element : value) put_value<Element>(to, element);
        }
    } else if constexpr (TupleLike<T> && !is_plain<T>()) {
        std::apply([&to](const auto&... elements) { (put_value(to, elements), ...); }, value);
    } else {
        put_bytes(to, __builtin_addressof(value), sizeof value);
    }
}

/// Takes `size` bytes off the front. Throws RuntimeError when there are fewer.
HOCKET_EXPORT std::string_view get_bytes(std::string_view& from, std::size_t size);

template <Marshallable T>
T get_value(std::string_view& from) {
    if constexpr (std::is_same_v<T, std::string>) {
        return std::string(get_bytes(from, get_value<std::size_t>(from)));
    } else if constexpr (is_optional<T>) {
        if (!get_value<bool>(from)) return {};
        return T(get_value<typename T::value_type>(from));
    } else if constexpr (is_vector<T>) {
        using Element = typename T::value_type;
        const auto size = get_value<std::size_t>(from);
        T values;
        if constexpr (is_run_of_bytes<Element> && std::is_default_constructible_v<Element>) {
            const std::string_view bytes = get_bytes(from, size * sizeof(Element));
            values.resize(size);
            if (size > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
        } else {
            for (std::size_t i = 0; i < size; ++i) values.push_back(get_value<Element>(from));
        }
        return values;
    } else if constexpr (TupleLike<T> && !is_plain<T>()) {
        return [&from]<std::size_t... I>(std::index_sequence<I...>) {
            return T{get_value<std::tuple_element_t<I, T>>(from)...};  // braces: from left to right
        }(std::make_index_sequence<std::tuple_size_v<T>>());
    } else {
        struct Bytes {
            char bytes[sizeof(T)];
        } copy;
        const std::string_view bytes = get_bytes(from, sizeof(T));
        std::memcpy(copy.bytes, bytes.data(), bytes.size());
        return __builtin_bit_cast(T, copy);
    }
}

/// An exception: the common types of hocket and the standard library by their type and what they say, others in words.
HOCKET_EXPORT void put_exception(std::string& to, const std::exception_ptr& error);
/// Throws it again: a common type as the same type, another as RuntimeError, `a worker process threw app::NoSuchPage: page 7`.
[[noreturn]] HOCKET_EXPORT void throw_exception(std::string_view from);

}  // namespace hocket
