// SPDX-License-Identifier: MIT
// The values that a database holds, and those of a C++ program that become one.
#pragma once

#include <hocket/base/config.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket::sqlite {

enum class ValueType : std::uint8_t { null, integer, real, text, blob };

using Blob = std::vector<std::byte>;

/// Integers that are numbers; characters are text.
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                  !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

/// Consecutive bytes: a `Blob`, a `std::span<const std::byte>`, a `std::vector<unsigned char>`.
template <class T>
concept Bytes =
    requires(const T& bytes) {
        { bytes.size() } -> std::convertible_to<std::size_t>;
        *bytes.data();
    } && (std::same_as<std::remove_cvref_t<decltype(*std::declval<const T&>().data())>, std::byte> ||
          std::same_as<std::remove_cvref_t<decltype(*std::declval<const T&>().data())>, unsigned char>);

/// One value: NULL, an integer of 64 bits, a real number, a text, a blob. It owns its bytes, and is what parameters become.
class HOCKET_EXPORT Value {
public:
    Value() noexcept = default;
    Value(std::nullptr_t) noexcept {}
    Value(std::nullopt_t) noexcept {}
    /// Throws ValueError for an unsigned integer of more than 63 bits, which a database cannot hold.
    template <Integer T>
    Value(T number) : type_(ValueType::integer), integer_(static_cast<std::int64_t>(number)) {
        if constexpr (std::unsigned_integral<T> && sizeof(T) >= sizeof(std::int64_t)) {
            if (number > static_cast<T>(INT64_MAX)) throw_too_large(number);
        }
    }
    template <std::floating_point T>
    Value(T number) noexcept : type_(ValueType::real), real_(static_cast<double>(number)) {}
    Value(std::string text) noexcept : type_(ValueType::text), bytes_(std::move(text)) {}
    Value(std::string_view text) : type_(ValueType::text), bytes_(text) {}
    /// A null pointer is NULL.
    Value(const char* text) : type_(text ? ValueType::text : ValueType::null), bytes_(text ? text : "") {}
    template <Bytes T>
    Value(const T& bytes) : type_(ValueType::blob), bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {}
    /// Nothing is NULL.
    template <class T>
    Value(std::optional<T> value) : Value(value ? Value(*std::move(value)) : Value()) {}

    ValueType type() const noexcept { return type_; }
    bool is_null() const noexcept { return type_ == ValueType::null; }
    /// Of the type that it has; of another, 0 or empty.
    std::int64_t integer() const noexcept { return integer_; }
    double real() const noexcept { return real_; }
    /// The bytes of a text or a blob.
    const std::string& bytes() const noexcept { return bytes_; }

    friend bool operator==(const Value&, const Value&) = default;

private:
    [[noreturn]] static void throw_too_large(std::uint64_t number);

    ValueType type_ = ValueType::null;
    std::int64_t integer_ = 0;
    double real_ = 0;
    std::string bytes_;
};

/// What stands for the question marks of a statement, in order.
using Parameters = std::vector<Value>;

template <class T>
concept Parameter = std::convertible_to<T, Value>;

template <class T>
concept TupleOfParameters = requires { std::tuple_size<std::remove_cvref_t<T>>::value; };

/// `Parameters{arguments...}`, each made a value.
template <class... P>
Parameters parameters_of(P&&... arguments) {
    static_assert((Parameter<P> && ...),
                  "hocket: a parameter of a statement is an integer, a floating-point number, a bool, a text, a blob, "
                  "nullptr, or a "
                  "std::optional of one of these");
    Parameters values;
    if constexpr ((Parameter<P> && ...)) {
        values.reserve(sizeof...(P));
        (values.emplace_back(Value(std::forward<P>(arguments))), ...);
    }
    return values;
}

/// The parameters of one row: of a tuple, a pair, an array, of `Parameters`, or a single value.
template <class Row>
Parameters row_of_parameters(const Row& row) {
    if constexpr (std::same_as<Row, Parameters>) {
        return row;
    } else if constexpr (TupleOfParameters<Row>) {
        return [&]<std::size_t... i>(std::index_sequence<i...>) {
            using std::get;
            return parameters_of(get<i>(row)...);
        }(std::make_index_sequence<std::tuple_size_v<Row>>());
    } else {
        return parameters_of(row);
    }
}

}  // namespace hocket::sqlite
