// SPDX-License-Identifier: MIT
// Whether a value can be copied, containers of what can only be moved included.
#pragma once

#include <concepts>
#include <cstddef>
#include <utility>

namespace hocket {

/// Whether a T can be copied. A container or a tuple of the standard library may say so of itself whatever it holds: its elements are asked,
/// too. A structure with such a member has to delete its copy itself.
template <class T>
inline constexpr bool is_copyable = std::copy_constructible<T>;

template <class T>
    requires requires { typename T::allocator_type; } && (!std::same_as<typename T::value_type, T>)
inline constexpr bool is_copyable<T> = std::copy_constructible<T> && is_copyable<typename T::value_type>;

template <class T, std::size_t... i>
consteval bool are_copyable(std::index_sequence<i...>) {
    return (is_copyable<std::tuple_element_t<i, T>> && ...);
}
template <class T>
    requires requires { std::tuple_size<T>::value; }
inline constexpr bool is_copyable<T> = are_copyable<T>(std::make_index_sequence<std::tuple_size_v<T>>());

}  // namespace hocket
