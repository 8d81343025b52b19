// SPDX-License-Identifier: MIT
// What stands around an application's handlers, and beside its life: middlewares and hooks.
#pragma once

#include <hocket/base/function.h>
#include <hocket/core/coro.h>
#include <hocket/flow/async_generator.h>
#include <hocket/http/request.h>
#include <hocket/http/response.h>

#include <cstddef>
#include <variant>
#include <vector>

namespace hocket::http {

class Application;
class Next;

/// `Coro<http::Response> f(http::Request& request, http::Next next)`: see Application::middleware.
using Middleware = Function<Coro<Response>(Request&, Next)>;

/// What comes after a middleware: the next one, and after the last the handler (the `handler` of `aiohttp.web.middleware`). Copies
/// stand for the same. It ends with the request.
class HOCKET_EXPORT Next {
public:
    /// The answer of what comes next. Throws what the handler throws, HttpError too; for an unknown path, a wrong method and a
    /// malformed parameter it gives the answer 404, 405 or 422.
    HOCKET_CORO_WRAPPER Coro<Response> operator()(Request& request) const;

private:
    friend class Application;

    struct Layer {
        const Middleware* middleware;  // null: the handler
        const Application* app;        // whose it is; null: that which no other one is around
    };
    using Layers = std::vector<Layer>;  // the outermost first

    Next(const Layers& layers, std::size_t at, const Application* top) noexcept
        : layers_(&layers), at_(at), top_(top) {}
    const Layer& layer() const noexcept { return (*layers_)[at_]; }
    const Application* app() const noexcept { return layer().app ? layer().app : top_; }
    Next next() const noexcept { return {*layers_, at_ + 1, top_}; }

    const Layers* layers_;
    std::size_t at_;
    const Application* top_;
};

/// `Coro<> f(http::Application& app)`: what is done once, before the first request or after the last.
using Hook = Function<Coro<>(Application&)>;
/// `Coro<> f(http::Request& request, http::Response& response)`
using PrepareHook = Function<Coro<>(Request&, Response&)>;

/// What lives as long as an application is served: all before its one `co_yield {}` is done at the start, the rest at the end
/// (a generator of aiohttp's `cleanup_ctx`, starlette's lifespan).
using Lifespan = AsyncGenerator<std::monostate>;
/// `http::Lifespan f(http::Application& app)`
using CleanupContext = Function<Lifespan(Application&)>;

}  // namespace hocket::http
