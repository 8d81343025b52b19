// SPDX-License-Identifier: MIT
// A web application: routes with typed handlers, and the description that follows from them.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/http/request.h>
#include <hocket/http/response.h>
#include <hocket/http/route.h>
#include <hocket/http/static_files.h>
#include <hocket/http/typed_handler.h>

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hocket::http {

/// `http::Application app({.title = "Items", .version = "1.2"})`
struct ApplicationOptions {
    std::string title = "Application";
    std::string version = "1.0";
    std::string description = {};
    std::string openapi_url = "/openapi.json";  ///< empty: neither the description nor its page
    std::string docs_url = "/docs";             ///< empty: no page
    /// Servers compress answers as `Response::enable_compression` says; of types that are unknown to be text only those that call it.
    bool compress = false;
};

/// Routes and who answers them (`aiohttp.web.Application`, `fastapi.FastAPI`). Copies stand for the same application.
///
///     http::Application app;
///     app.get("/items/{id}", [](int id) -> http::Response {...});
///     app.get("/hello/{name}", [](http::Request& request, std::string name) -> Coro<http::Response> {...});
///     app.get("/search", [](http::Query<"q", std::string> q, http::Query<"limit", std::optional<int>> limit) -> std::string {...});
///     http::run_app(app, {.port = 8080});
///
/// A handler takes the Request first, if it wants it, and then by value what it needs of the path, in the order of the path, and of
/// the query; it is a coroutine or not, and gives a Response, a std::string (text/plain) or JSON. It lives as long as the
/// application, so a coroutine may use what its lambda captured. Several run at once, one for each connection.
///
/// A path is literal segments and parameters, `/users/{id}/posts`; a literal is preferred to a parameter. A parameter is one whole segment,
/// which is not empty; but `{path:path}`, at the end, is all that is left, with its slashes, or nothing. GET's routes answer HEAD as well.
///
/// The answers of the application itself are JSON with a `detail`: 404 for an unknown path, 405 with Allow for a method that the path does
/// not have, 422 for a parameter that is missing or no int, 500 for an exception of the handler, which the loop's exception handler is told;
/// HttpError has its own status.
///
/// Routes are added before it serves; after that it may serve on several threads, one loop each.
class HOCKET_EXPORT Application {
public:
    explicit Application(ApplicationOptions options = {});
    Application(const Application&) noexcept = default;
    Application& operator=(const Application&) noexcept = default;
    ~Application();

    /// Throws ValueError for a path that does not begin with `/` or has a malformed or repeated parameter, for one with more or fewer
    /// parameters than the handler takes, and for a route that is there already.
    template <class F>
    void route(std::string_view method, std::string_view path, F handler, RouteOptions options = {}) {
        add(method, path, make_handler(std::move(handler)), std::move(options));
    }
    template <class F>
    void get(std::string_view path, F handler, RouteOptions options = {}) {
        route("GET", path, std::move(handler), std::move(options));
    }
    template <class F>
    void post(std::string_view path, F handler, RouteOptions options = {}) {
        route("POST", path, std::move(handler), std::move(options));
    }
    template <class F>
    void put(std::string_view path, F handler, RouteOptions options = {}) {
        route("PUT", path, std::move(handler), std::move(options));
    }
    template <class F>
    void patch(std::string_view path, F handler, RouteOptions options = {}) {
        route("PATCH", path, std::move(handler), std::move(options));
    }
    /// DELETE, which is a keyword of C++.
    template <class F>
    void delete_(std::string_view path, F handler, RouteOptions options = {}) {
        route("DELETE", path, std::move(handler), std::move(options));
    }
    template <class F>
    void head(std::string_view path, F handler, RouteOptions options = {}) {
        route("HEAD", path, std::move(handler), std::move(options));
    }
    template <class F>
    void options(std::string_view path, F handler, RouteOptions options = {}) {
        route("OPTIONS", path, std::move(handler), std::move(options));
    }
    void add(std::string_view method, std::string_view path, Unique<Handler> handler, RouteOptions options);

    /// Shows the files of a folder, and of those in it, under a path (`add_static`): `app.static_files("/assets", "public")` answers
    /// `/assets/css/a.css` with `public/css/a.css`, as `file_response` does.
    ///
    /// Nothing outside of the folder is shown, whatever a path says, and wherever a symbolic link leads; links within it are followed, where the
    /// kernel has openat2 (man 2, Linux 5.6). Each segment of the path is decoded once; one that is empty, `.` or `..`, or has an encoded slash, is
    /// 404, as is what is no regular file. A folder is 404, unless the options give it an index or show what is in it. A relative `folder` is
    /// looked up now. Blocks, for an instant: to be called before the application serves. Throws OSError when there is no such folder, and
    /// ValueError for a prefix that does not begin with a slash or has a parameter, and for one that is there already.
    void static_files(std::string_view prefix, std::string folder, StaticFilesOptions options = {});

    /// Answers a request, as a server does: also for tests, without one. Throws nothing but CancelledError.
    Coro<Response> handle(Request& request) const;
    bool compresses() const noexcept;
    /// The description of the routes as JSON: OpenAPI 3.1 (FastAPI's `app.openapi()`).
    std::string openapi() const;

    // `handle` in two steps, for a server: many requests need no second one.

    /// Puts the answer into `answer` and returns nothing; or returns a coroutine for `finish`.
    std::optional<Coro<Response>> begin(Request& request, Response& answer) const;
    Coro<Response> finish(Request& request, Coro<Response> handler) const;

private:
    class State;

    static Response failed(const Request& request, const std::exception_ptr& error);

    Shared<State> state_;
};

}  // namespace hocket::http
