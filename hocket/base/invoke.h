// SPDX-License-Identifier: MIT
// Calling what std::invoke calls, pointers to members included (the header of std::invoke costs 0.1 s to compile).
#pragma once

#include <hocket/base/config.h>

#include <type_traits>
#include <utility>

namespace hocket {

/// The object whose member of C is meant: an object, or what a pointer or a std::reference_wrapper leads to.
template <class C, class Object>
constexpr decltype(auto) owner_of_member(Object&& object) {
    if constexpr (std::is_base_of_v<C, std::remove_cvref_t<Object>>) {
        return std::forward<Object>(object);
    } else if constexpr (requires { *object; }) {
        return *std::forward<Object>(object);
    } else {
        return object.get();
    }
}

template <class C, class Member, class Object, class... Args>
HOCKET_CORO_WRAPPER constexpr decltype(auto) invoke_member(Member C::* member, Object&& object, Args&&... args) {
    if constexpr (std::is_function_v<Member>) {
        return (owner_of_member<C>(std::forward<Object>(object)).*member)(std::forward<Args>(args)...);
    } else {
        return (owner_of_member<C>(std::forward<Object>(object)).*member);
    }
}

/// `f(args...)`; of a pointer to a member, that member of the first argument. To be called by its full name, hocket::invoke: an argument of
/// the standard library's would bring in std::invoke.
template <class F, class... Args>
HOCKET_CORO_WRAPPER constexpr decltype(auto) invoke(F&& f, Args&&... args) {
    if constexpr (std::is_member_pointer_v<std::remove_cvref_t<F>>) {
        return invoke_member(f, std::forward<Args>(args)...);
    } else {
        return std::forward<F>(f)(std::forward<Args>(args)...);
    }
}

}  // namespace hocket
