// SPDX-License-Identifier: MIT
// From a function with typed parameters to a Handler: what is a template about routes, and as little of it as can be.
#pragma once

#include <hocket/http/parameters.h>
#include <hocket/http/request.h>
#include <hocket/http/route.h>

#include <concepts>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket::http {

/// The signature of a function, or of an object with one `operator()` that is no template.
template <class F>
struct SignatureOf_ {};
template <class F>
    requires requires { &F::operator(); }
struct SignatureOf_<F> : SignatureOf_<decltype(&F::operator())> {};
template <class R, class... A>
struct SignatureOf_<R (*)(A...)> {
    using type = R(A...);
};
template <class R, class... A>
struct SignatureOf_<R (*)(A...) noexcept> : SignatureOf_<R (*)(A...)> {};
template <class R, class C, class... A>
struct SignatureOf_<R (C::*)(A...)> : SignatureOf_<R (*)(A...)> {};
template <class R, class C, class... A>
struct SignatureOf_<R (C::*)(A...) const> : SignatureOf_<R (*)(A...)> {};
template <class R, class C, class... A>
struct SignatureOf_<R (C::*)(A...) noexcept> : SignatureOf_<R (*)(A...)> {};
template <class R, class C, class... A>
struct SignatureOf_<R (C::*)(A...) const noexcept> : SignatureOf_<R (*)(A...)> {};

template <class F>
concept HasSignature = requires { typename SignatureOf_<F>::type; };

template <class A>
inline constexpr bool is_request = std::same_as<std::remove_cvref_t<A>, Request>;

/// What a handler may take.
template <class A>
constexpr bool is_handler_argument() noexcept {
    if constexpr (is_request<A>)
        return std::is_lvalue_reference_v<A>;
    else if constexpr (std::is_reference_v<A>)
        return false;
    else if constexpr (is_query<A>) {
        if constexpr (is_optional<typename A::Value>)
            return ReadableParameter<typename A::Value::value_type>;
        else
            return ReadableParameter<typename A::Value>;
    } else
        return ReadableParameter<A>;
}

template <class T>
struct Awaited_ {
    using type = T;
};
template <class T>
struct Awaited_<Coro<T>> {
    using type = T;
};

/// What a handler may give, by itself or from a coroutine.
template <class R>
concept HandlerResult = std::same_as<R, Response> || std::convertible_to<R, std::string> || DumpsJson<R>;

inline Response to_response(Response response) noexcept { return response; }
template <class R>
    requires(!std::same_as<R, Response>)
Response to_response(R&& result) {
    if constexpr (DumpsJson<std::remove_cvref_t<R>>) {
        return json_response(result);
    } else {
        return text_response(std::string(std::forward<R>(result)));
    }
}

template <class T>
Coro<Response> responding(Coro<T> handler) {
    co_return to_response(co_await std::move(handler));
}
inline Coro<Response> responding(Coro<Response> handler) noexcept(false) { return handler; }

template <class A>
constexpr void describe_parameter(std::vector<Parameter>& to) {
    if constexpr (is_query<A>) {
        using T = typename A::Value;
        if constexpr (is_optional<T>) {
            to.push_back({A::name, parameter_type<typename T::value_type>(), false, false});
        } else {
            to.push_back({A::name, parameter_type<T>(), false, true});
        }
    } else if constexpr (!is_request<A>) {
        to.push_back({{}, parameter_type<A>(), true, true});
    }
}

template <class A>
decltype(auto) read_argument(Request& request, ParameterReader& reader) {
    if constexpr (is_request<A>) {
        return static_cast<Request&>(request);
    } else if constexpr (is_query<A>) {
        return A{reader.query<typename A::Value>(A::name)};
    } else {
        return reader.path<A>();
    }
}

template <class F, class Signature>
class TypedHandler;
template <class F, class R, class... A>
class TypedHandler<F, R(A...)> final : public Handler {
    using Result = typename Awaited_<R>::type;

public:
    explicit TypedHandler(F f) : f_(std::move(f)) {}

    std::optional<Coro<Response>> call(Request& request, Response& answer) override {
        ParameterReader reader(request);
        std::tuple<A...> arguments{read_argument<A>(request, reader)...};  // from left to right
        if (reader.refuses(answer)) return std::nullopt;
        return call_with(arguments, answer, std::index_sequence_for<A...>());
    }
    std::vector<Parameter> parameters() const override {
        std::vector<Parameter> all;
        (describe_parameter<A>(all), ...);
        return all;
    }
    Produces produces() const noexcept override {
        if constexpr (std::same_as<Result, Response>)
            return Produces::response;
        else
            return DumpsJson<Result> ? Produces::json : Produces::text;
    }

private:
    template <std::size_t... I>
    std::optional<Coro<Response>> call_with(std::tuple<A...>& arguments, Response& answer, std::index_sequence<I...>) {
        if constexpr (is_coro<R>) {
            return responding(f_(std::forward<A>(std::get<I>(arguments))...));
        } else {
            answer = to_response(f_(std::forward<A>(std::get<I>(arguments))...));
            return std::nullopt;
        }
    }

    F f_;
};

template <class F, class Signature>
struct HandlerMaker_ {};
template <class F, class R, class... A>
struct HandlerMaker_<F, R(A...)> {
    static constexpr bool arguments_fit = (is_handler_argument<A>() && ...);
    static constexpr bool result_fits = HandlerResult<typename Awaited_<R>::type>;

    static Unique<Handler> make(F f) {
        static_assert(arguments_fit,
                      "hocket: a route's handler takes http::Request&, values of the path (int, long, double, bool, "
                      "std::string) and "
                      "http::Query<\"name\", T>, these by value");
        static_assert(result_fits,
                      "hocket: a route's handler gives http::Response, std::string or JSON, or a Coro of one of these");
        if constexpr (arguments_fit && result_fits) return Unique<Handler>(new TypedHandler<F, R(A...)>(std::move(f)));
    }
};

template <class F>
Unique<Handler> make_handler(F f) {
    static_assert(HasSignature<F>,
                  "hocket: a route's handler is a function, or an object with one operator(), whose parameters have "
                  "types: no auto");
    if constexpr (HasSignature<F>) return HandlerMaker_<F, typename SignatureOf_<F>::type>::make(std::move(f));
}

}  // namespace hocket::http
