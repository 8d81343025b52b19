// SPDX-License-Identifier: MIT
// Answering requests: the route, its handler, and what becomes of exceptions.
#include <hocket/http/application.h>

#include <hocket/base/errors.h>
#include <hocket/core/task.h>
#include <hocket/http/application_state_internal.h>
#include <hocket/http/errors.h>
#include <hocket/http/openapi_internal.h>
#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

Handler::~Handler() = default;

Application::Application(ApplicationOptions options) : state_(Shared<State>::make(std::move(options))) {
    const State* const state = state_.get();  // in which the handlers live
    const std::string& openapi_url = state->options.openapi_url;
    const std::string& docs_url = state->options.docs_url;
    if (openapi_url.empty()) return;
    const auto describe = [state] {
        std::vector<const Route*> routes;
        state->collect_routes(routes);
        return json_response(JsonText::written(describe_routes(state->options, routes)));
    };
    get(openapi_url, describe, {.is_listed = false});
    if (docs_url.empty()) return;
    const auto show = [state] {
        return html_response(docs_page(state->prefix + state->options.openapi_url),
                             {.headers = {{"Content-Security-Policy",
                                           "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                                           "connect-src 'self'; base-uri 'none'; form-action 'none'"}}});
    };
    get(docs_url, show, {.is_listed = false});
}

Application::~Application() = default;

void Application::add(std::string_view method, std::string_view path, Unique<Handler> handler, RouteOptions options) {
    const std::string what = "route " + std::string(method) + " " + std::string(path) + ": ";
    State::check_open(what.substr(0, what.size() - 2), state_->is_served);
    const std::vector<Parameter> parameters = handler->parameters();
    const auto in_path = std::ranges::count_if(parameters, [](const Parameter& p) { return p.in_path; });
    const auto written = std::ranges::count(path, '{');
    if (in_path != 0 && in_path != written) {
        throw ValueError(what + "the path has " + std::to_string(written) + " parameters, the handler takes " +
                         std::to_string(in_path));
    }
    for (const auto& described : options.parameters) {
        const std::string& name = described.first;
        const auto is_it = [&name](const Parameter& p) { return !p.in_path && p.name == name; };
        const bool is_in_path = path.find('{' + name + '}') != std::string_view::npos ||
                                path.find('{' + name + ":path}") != std::string_view::npos;
        if (!is_in_path && std::ranges::none_of(parameters, is_it)) {
            throw ValueError(what + "there is no parameter " + name + " to describe");
        }
    }
    if (const Route* const other = options.name.empty() ? nullptr : state_->router.named(options.name)) {
        if (other->path != state_->prefix + std::string(path)) {
            throw ValueError(what + "the name " + in_quotes(options.name) + " is that of " + other->path);
        }
    }
    state_->router.add({.method = std::string(method),
                        .path = std::string(path),
                        .parameter_names = {},
                        .handler = std::move(handler),
                        .options = std::move(options)});
}

void Application::static_files(std::string_view prefix, std::string folder, StaticFilesOptions options) {
    if (!prefix.starts_with('/') || prefix.find_first_of("{}") != std::string_view::npos) {
        throw ValueError("static_files: the prefix " + in_quotes(prefix) + " is no path without parameters");
    }
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    auto handler = make_static_files(std::move(folder), std::move(options));
    add("GET", std::string(prefix) + "/{path:path}", std::move(handler), {.is_listed = false});
}

Response Application::no_route(const Request& request) {
    if (!request.is_path_known_) return error_response(404, "Not Found");
    Response answer = error_response(405, "Method Not Allowed");
    answer.headers().set("Allow", request.app_->state_->router.allowed(request.own_path_));
    return answer;
}

std::optional<Coro<Response>> Application::begin(Request& request, Response& answer) const {
    if (!state_->is_frozen) state_->freeze(false);
    const Application* app = this;
    std::string_view path = request.path();
    while (const Application* const sub = app->state_->sub_for(path)) app = sub;
    const State& state = *app->state_;
    const Router::Match match = state.router.find(request.method(), path, request.path_values_);
    request.app_ = app;
    request.own_path_ = path;
    request.route_ = match.route;
    request.is_path_known_ = match.is_path_known;
    if (state.is_layered(*state_)) return layered(request);
    if (!request.route_) {
        answer = no_route(request);
        return std::nullopt;
    }
    try {
        return request.route_->handler->call(request, answer);
    } catch (...) {  // of a handler that is no coroutine
        answer = failed(request, std::current_exception());
        return std::nullopt;
    }
}

Coro<Response> Application::finish(Request& request, Coro<Response> handler) const {
    std::exception_ptr error;
    try {
        co_return co_await std::move(handler);
    } catch (...) {  // CancelledError among them, which may be that of a task that the handler has waited for
        error = std::current_exception();
    }
    if (is_cancelled(error) && current_task().cancelling() > 0) std::rethrow_exception(error);
    co_return failed(request, error);
}

Coro<Response> Application::handle(Request& request) const {
    Response answer;
    auto handler = begin(request, answer);
    if (handler) answer = co_await finish(request, *std::move(handler));
    co_return answer;
}

Response Application::failed(const Request& request, const std::exception_ptr& error) {
    if (ends_the_loop(error)) std::rethrow_exception(error);
    try {
        std::rethrow_exception(error);
    } catch (const HttpError& e) {
        return error_response(e.status(), e.what());
    } catch (const ProtocolError& e) {  // of the request's body
        return error_response(e.status(), e.what());
    } catch (...) {
        if (request.is_lost_) return Response(500);  // it could not go on, and nobody waits for what it says
    }
    const std::string where =
        request.route() ? request.route()->method + " " + request.route()->path : std::string("no route");
    get_running_loop().call_exception_handler({"Unhandled exception in the handler of " + where, error});
    return error_response(500, "Internal Server Error");
}

bool Application::compresses() const noexcept {
    for (const State* state = state_.get(); state; state = state->parent) {
        if (state->options.compress) return true;
    }
    return false;
}

std::string Application::openapi() const {
    std::vector<const Route*> routes;
    state_->collect_routes(routes);
    return describe_routes(state_->options, routes);
}

}  // namespace hocket::http
