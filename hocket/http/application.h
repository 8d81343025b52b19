// SPDX-License-Identifier: MIT
// A web application: routes with typed handlers, and the description that follows from them.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/http/middleware.h>
#include <hocket/http/request.h>
#include <hocket/http/response.h>
#include <hocket/http/route.h>
#include <hocket/http/static_files.h>
#include <hocket/http/storage.h>
#include <hocket/http/typed_handler.h>

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket::http {

/// `http::Application app({.title = "Items", .version = "1.2"})`
struct ApplicationOptions {
    std::string title = "Application";
    std::string version = "1.0";
    std::string description = {};
    std::string openapi_url = "/openapi.json";  ///< empty: neither the description nor its page
    std::string docs_url = "/docs";             ///< empty: no page
    /// Servers compress answers as `Response::enable_compression` says; of types that are unknown to be text only those that call it. Those of the
    /// applications under this one, too.
    bool compress = false;
};

/// `app.add_subapp("/admin", admin, {.is_listed = true})`
struct SubappOptions {
    bool is_listed = false;  ///< its routes are in the description of the whole
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
/// All is added before it serves, or by its hooks of the start, which may add routes and middlewares; later, adding throws RuntimeError. What stands
/// around handlers is fixed with the first answer, also of `handle`. It may serve on several threads, one loop each.
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
    /// Any method that has no route of its own on this path (aiohttp's `add_route("*", ...)`): there is no 405 then.
    template <class F>
    void any(std::string_view path, F handler, RouteOptions options = {}) {
        route("*", path, std::move(handler), std::move(options));
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

    /// The path of the route with that name (`.name` of its options), its parameters percent-encoded, behind the prefix under which the application
    /// was added to another: `app.url_for("item", {{"id", "7"}}, {{"full", "1"}})` (aiohttp's `app.router["item"].url_for(id="7")`). Throws
    /// ValueError for an unknown name, for a parameter that is missing or too many, and for a value that would be another path: empty, `.`, `..`.
    std::string url_for(std::string_view name, const Params& parameters = {}, const Params& query = {}) const;

    /// `sub` answers for all that is under `prefix`, 404 included: `app.add_subapp("/admin", admin)` (`aiohttp.web.Application.add_subapp`). Its
    /// middlewares run within those of this application, its hooks with this one's. The longest prefix decides, before any route of
    /// this application. Its routes are not in the description of this one, unless the options say so: `/openapi.json` is open to everybody, and a
    /// part may be guarded by a middleware of its own. Throws ValueError for a prefix that is no path without parameters, is there already, or ends in `/`;
    /// for an application that is a part of one already, or is this one.
    void add_subapp(std::string_view prefix, const Application& sub, SubappOptions options = {});

    /// `f` stands around all handlers, 404 and 405 included (`aiohttp.web.middleware`): the first that was added is the outermost.
    ///
    ///     app.middleware([](http::Request& request, http::Next next) -> Coro<http::Response> {
    ///         http::Response response = co_await next(request);
    ///         response.headers().set("X-Served-By", "hocket");
    ///         co_return response;
    ///     });
    ///
    /// It may answer by itself, change the answer, or call `next` more than once. What it throws is treated as what a handler throws. It lives as
    /// long as the application.
    template <class F>
    void middleware(F f) {
        constexpr bool fits = std::is_invocable_r_v<Coro<Response>, F&, Request&, Next>;
        static_assert(
            fits, "hocket: a middleware is a coroutine function: Coro<http::Response> f(http::Request&, http::Next)");
        if constexpr (fits) add_middleware(Middleware(std::move(f)));
    }
    void add_middleware(Middleware middleware);

    // Hooks. A server runs them: see `serve`. Those of an application whose loop is one of several run in each, so `run_app` wants a
    // function that makes an application for each.

    /// Before the server listens, in the order in which they were added, and after `cleanup_ctx` (aiohttp's `app.on_startup`). What one throws comes
    /// out of `serve`.
    void on_startup(Hook hook);
    /// When the server no longer listens, while requests still go on: the time to end what is streamed (aiohttp's `app.on_shutdown`). In the order in
    /// which they were added, the parts' after those of this application; one that throws keeps none of the others.
    void on_shutdown(Hook hook);
    /// When the last request has ended, after the contexts of this application, and before those of the one that it is a part of (aiohttp's
    /// `app.on_cleanup`).
    void on_cleanup(Hook hook);
    /// What is set up at the start, in order, and taken down at the end, in the opposite order (aiohttp's `app.cleanup_ctx`):
    ///
    ///     app.cleanup_ctx([](http::Application& app) -> http::Lifespan {
    ///         app.set(database, co_await Database::connect());
    ///         co_yield {};
    ///         co_await app[database].close();
    ///     });
    void cleanup_ctx(CleanupContext context);
    /// For each answer that comes out of the middlewares, also one for what these or the handler throw; the outermost application's first. It may
    /// change the answer (aiohttp's `app.on_response_prepare`). Not for what a server answers by itself: to malformed requests, and in the place of an
    /// answer that cannot be sent. When it throws, the answer is 500, for which it is not called again.
    void on_response_prepare(PrepareHook hook);

    // What runs the hooks, in place of a server (aiohttp's names).

    /// Contexts begin, then `on_startup`, then those of the applications under this one. When one fails, those contexts that have begun are ended,
    /// and it is thrown. RuntimeError if it, or a part of it, is served already, unless there are no hooks. A cancel ends it likewise.
    Coro<> startup() const;
    /// All hooks are run, whatever they throw; then it is thrown, several as an ExceptionGroup.
    Coro<> shutdown() const;
    /// In the opposite order: each application under this one, wholly; then `cleanup_ctx`, and `on_cleanup`. All are run, whatever they throw; then it is thrown, several as an
    /// ExceptionGroup.
    Coro<> cleanup() const;
    bool has_hooks() const noexcept;

    /// Keeps a value for the handlers: `app.set(database, Database(...))` (`app[database] = ...`). Before it serves, or in its hooks.
    template <class T>
    T& set(const Key<T>& key, T value) const {
        return storage().set(key, std::move(value));
    }
    /// What was set here, or else in the application that this is a part of (aiohttp's `config_dict`). Throws ValueError if nothing was.
    template <class T>
    T& operator[](const Key<T>& key) const {
        T* const value = find(key);
        if (!value) Storage::refuse("app", key.name());
        return *value;
    }
    /// The same; null if nothing was.
    template <class T>
    T* find(const Key<T>& key) const noexcept {
        for (const State* state = state_.get(); state; state = parent_of(*state)) {
            if (T* const value = storage_of(*state).find(key)) return value;
        }
        return nullptr;
    }
    // A key that is gone before what is under it.
    template <class T>
    T& set(const Key<T>&& key, T value) const = delete;
    template <class T>
    T& operator[](const Key<T>&& key) const = delete;
    template <class T>
    T* find(const Key<T>&& key) const = delete;

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
    friend class Next;
    class State;

    static Storage& storage_of(const State& state) noexcept;
    static const State* parent_of(const State& state) noexcept;
    Storage& storage() const noexcept { return storage_of(*state_); }

    static Response no_route(const Request& request);
    static Coro<Response> routed(Request& request);
    static Coro<Response> called(Request& request, Next next);
    static Coro<Response> pass_on(Request& request, const Next& next);
    static Coro<Response> run_layer(Request& request, const Next& next);
    static Coro<Response> within(Request& request, const Application* app, Next next);
    Coro<Response> layered(Request& request) const;
    Coro<> begin_life() const;
    Coro<> shut_down(std::vector<std::exception_ptr>& errors) const;
    Coro<> end_life(std::vector<std::exception_ptr>& errors, bool runs_hooks) const;
    static Response failed(const Request& request, const std::exception_ptr& error);

    Shared<State> state_;
};

}  // namespace hocket::http
