// SPDX-License-Identifier: MIT
// An outcome as a value: what Python returns where it returns exceptions.
#pragma once

#include <hocket/base/copyable.h>
#include <hocket/base/errors.h>

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace hocket {

/// What an awaitable gave: a T, or the exception that it ended with (CancelledError included). What `gather(settle, ...)` returns in
/// each place where Python's `gather(..., return_exceptions=True)` has a value or an exception.
template <class T>
class [[nodiscard]] Result {
    using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
    static_assert(!std::is_same_v<Value, std::exception_ptr>,
                  "hocket: a Result holds a value or an exception, not one as the other");

public:
    template <class U = Value>
        requires std::is_convertible_v<U, Value>
    Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
    Result()
        requires std::is_void_v<T>
        : state_(std::in_place_index<0>) {}
    Result(std::exception_ptr error) noexcept : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return ok(); }
    bool cancelled() const noexcept { return is_cancelled(exception()); }

    /// The value; throws what the awaitable ended with.
    const Value& value() const& { return check(), std::get<0>(state_); }
    Value&& value() && { return check(), std::get<0>(std::move(state_)); }
    const Value& operator*() const& { return value(); }
    Value&& operator*() && { return std::move(*this).value(); }
    const Value* operator->() const { return &value(); }

    /// The exception, or null.
    std::exception_ptr exception() const noexcept { return ok() ? nullptr : *std::get_if<1>(&state_); }
    /// What the exception says, as `describe` does, or nothing.
    std::string error() const { return ok() ? std::string() : describe(exception()); }

private:
    void check() const {
        if (!ok()) std::rethrow_exception(*std::get_if<1>(&state_));
    }

    std::variant<Value, std::exception_ptr> state_;
};

template <class T>
inline constexpr bool is_copyable<Result<T>> = is_copyable<T>;
template <>
inline constexpr bool is_copyable<Result<void>> = true;

}  // namespace hocket
