// SPDX-License-Identifier: MIT
// Typed parameters of handlers: from the path and the query to int, double, bool, text; what does not fit is refused with its name.
#pragma once

#include <hocket/http/route.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace hocket::http {

/// A literal as a template's argument.
template <std::size_t N>
struct ParameterName {
    char text[N];
    consteval ParameterName(const char (&literal)[N]) {
        for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
    }
    constexpr std::string_view view() const noexcept { return {text, N - 1}; }
};

/// A handler's parameter that stands for one of the query: `[](http::Query<"q", std::string> q) {... *q ...}` (FastAPI's `q: str`).
/// `std::optional<int>` need not be given; the first counts of several.
template <ParameterName Name, class T = std::string>
struct Query {
    using Value = T;
    static constexpr std::string_view name = Name.view();

    T value;
    const T& operator*() const noexcept { return value; }
    const T* operator->() const noexcept { return &value; }
};

template <class T>
inline constexpr bool is_query = false;
template <ParameterName Name, class T>
inline constexpr bool is_query<Query<Name, T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// What the path and the query can be read as.
template <class T>
concept ReadableParameter = std::same_as<T, std::string> || std::same_as<T, bool> || std::same_as<T, double> ||
                            (std::integral<T> && !std::same_as<T, char> && !std::same_as<T, char8_t> && sizeof(T) >= 4);

template <ReadableParameter T>
constexpr ParameterType parameter_type() noexcept {
    if constexpr (std::same_as<T, std::string>)
        return ParameterType::string;
    else if constexpr (std::same_as<T, bool>)
        return ParameterType::boolean;
    else if constexpr (std::same_as<T, double>)
        return ParameterType::number;
    else if constexpr (sizeof(T) == 4)
        return std::is_signed_v<T> ? ParameterType::int32 : ParameterType::uint32;
    else
        return std::is_signed_v<T> ? ParameterType::int64 : ParameterType::uint64;
}

/// Reads the parameters of one request, in the order of the handler's, and collects what does not fit.
class HOCKET_EXPORT ParameterReader {
public:
    explicit ParameterReader(const Request& request) noexcept : request_(request) {}

    template <ReadableParameter T>
    T path() {
        return convert<T>(next_of_path());
    }
    template <class T>
    T query(std::string_view name) {
        if constexpr (is_optional<T>) {
            const auto given = of_query(name, false);
            if (!given) return std::nullopt;
            return convert<typename T::value_type>(*given);
        } else {
            const auto given = of_query(name, true);
            return given ? convert<T>(*given) : T();
        }
    }

    /// Whether something did not fit: then `answer` is 422 and says what.
    bool refuses(Response& answer) const;

private:
    struct Given {
        std::string_view name;
        std::string_view text;
        bool in_path;
    };

    template <ReadableParameter T>
    T convert(const Given& given) {
        if constexpr (std::same_as<T, std::string>)
            return as_text(given);
        else if constexpr (std::same_as<T, bool>)
            return as_bool(given);
        else if constexpr (std::same_as<T, double>)
            return as_number(given);
        else if constexpr (std::is_signed_v<T>)
            return static_cast<T>(as_signed(given, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
        else
            return static_cast<T>(as_unsigned(given, std::numeric_limits<T>::max()));
    }

    Given next_of_path();
    std::optional<Given> of_query(std::string_view name, bool is_required);
    static std::string as_text(const Given& given);
    bool as_bool(const Given& given);
    double as_number(const Given& given);
    std::int64_t as_signed(const Given& given, std::int64_t least, std::int64_t most);
    std::uint64_t as_unsigned(const Given& given, std::uint64_t most);
    void fault(bool in_path, std::string_view name, std::string_view what, const std::string* given);

    const Request& request_;
    std::size_t place_ = 0;  // of the next path parameter
    std::string decoded_;    // behind a Given whose text was encoded
    std::string faults_;     // as elements of a JSON list
};

}  // namespace hocket::http
