// SPDX-License-Identifier: MIT
// What stands around an application's handlers: middlewares, hooks of answers, the application that it is a part of.
#include <hocket/base/errors.h>
#include <hocket/http/application_state_internal.h>
#include <hocket/http/percent_internal.h>
#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

// ---- What copies share

Application::State::~State() {
    for (const Sub& sub : subs) sub.app.state_->parent = nullptr;
}

namespace {

// Takes the first segment off `path`, which begins with a slash.
std::string_view take_segment(std::string_view& path) noexcept {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(1, end - 1);
    path.remove_prefix(end);
    return segment;
}

bool is_same(std::string_view segment, const std::string& literal) {
    return segment.find('%') == std::string_view::npos ? segment == literal : percent_decode(segment) == literal;
}

}  // namespace

const Application* Application::State::find_sub(std::string_view& path) const {
    const Sub* best = nullptr;
    std::string_view best_rest;
    for (const Sub& sub : subs) {
        if (best && best->segments.size() >= sub.segments.size()) continue;
        std::string_view rest = path;
        const bool fits = std::ranges::all_of(sub.segments, [&rest](const std::string& literal) {
            return rest.starts_with('/') && is_same(take_segment(rest), literal);
        });
        if (!fits) continue;
        best = &sub;
        best_rest = rest;
    }
    if (!best) return nullptr;
    path = best_rest;
    return &best->app;
}

void Application::State::add_prefix(const std::string& more) {
    prefix.insert(0, more);
    router.add_prefix(more);
    for (const Sub& sub : subs) sub.app.state_->add_prefix(more);
}

void Application::State::collect_routes(std::vector<const Route*>& to) const {
    to.insert(to.end(), router.routes().begin(), router.routes().end());
    for (const Sub& sub : subs) sub.app.state_->collect_routes(to);
}

Storage& Application::storage_of(const State& state) noexcept { return const_cast<State&>(state).storage; }
const Application::State* Application::parent_of(const State& state) noexcept { return state.parent; }

// ---- Building

void Application::add_subapp(std::string_view prefix, const Application& sub) {
    const auto refuse = [prefix](std::string_view why) {
        throw ValueError("add_subapp " + in_quotes(prefix) + ": " + std::string(why));
    };
    if (!prefix.starts_with('/') || prefix.ends_with('/')) refuse("a prefix begins with / and does not end so");
    if (prefix.find_first_of("{}?#") != std::string_view::npos) refuse("a prefix has neither parameters nor a query");
    State& part = *sub.state_;
    if (part.parent) refuse("the application is a part of one already");
    for (const State* state = state_.get(); state; state = state->parent) {
        if (state == &part) refuse("an application cannot be a part of itself");
    }
    std::vector<std::string> segments;
    for (std::string_view rest = prefix; !rest.empty();) segments.push_back(percent_decode(take_segment(rest)));
    if (std::ranges::any_of(state_->subs, [&](const State::Sub& s) { return s.segments == segments; })) {
        refuse("there is an application already");
    }
    state_->subs.push_back({std::move(segments), sub});
    part.parent = state_.get();
    part.add_prefix(state_->prefix + std::string(prefix));
}

void Application::add_middleware(Middleware middleware) {
    if (!middleware) throw ValueError("middleware: the function is empty");
    state_->middlewares.push_back(std::move(middleware));
}

void Application::on_response_prepare(PrepareHook hook) {
    if (!hook) throw ValueError("on_response_prepare: the function is empty");
    state_->prepare_hooks.push_back(std::move(hook));
}

// ---- Answering

Coro<Response> Next::operator()(Request& request) const {
    if (at_ == layers_->size()) return Application::routed(request);
    return (*(*layers_)[at_])(request, Next(*layers_, at_ + 1));
}

Coro<Response> Application::routed(Request& request) {
    if (!request.route_) co_return no_route(request);
    Response answer;
    auto handler = request.route_->handler->call(request, answer);
    if (handler) answer = co_await *std::move(handler);
    co_return answer;
}

Coro<Response> Application::layered(Request& request) const {
    std::vector<const State*> states;  // from within
    for (const State* state = request.app_->state_.get(); state; state = state->parent) {
        states.push_back(state);
        if (state == state_.get()) break;
    }
    std::ranges::reverse(states);
    Next::Layers layers;
    for (const State* const state : states) {
        for (const Middleware& middleware : state->middlewares) layers.push_back(&middleware);
    }
    const Next first(layers, 0);
    const bool has_hooks = std::ranges::any_of(states, [](const State* s) { return !s->prepare_hooks.empty(); });
    if (!has_hooks) co_return co_await first(request);
    Coro<Response> all = called(request, first);
    Response answer = co_await finish(request, std::move(all));  // what fails is an answer, too
    for (const State* const state : states) {
        for (const PrepareHook& hook : state->prepare_hooks) co_await hook(request, answer);
    }
    co_return answer;
}

// What throws before its coroutine begins throws here.
Coro<Response> Application::called(Request& request, Next next) { co_return co_await next(request); }

// ---- Paths of routes

namespace {

constexpr EncodeSet segments_set{path_set, "%\\"};

bool is_dots(std::string_view segment) noexcept { return segment == "." || segment == ".."; }

// Whether a client would take it for another path.
bool is_other_path(std::string_view value, bool takes_all) noexcept {
    if (!takes_all) return value.empty() || is_dots(value);
    while (!value.empty()) {
        const std::size_t end = std::min(value.find('/'), value.size());
        if (is_dots(value.substr(0, end))) return true;
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    return false;
}

}  // namespace

std::string Application::url_for(std::string_view name, const Params& parameters, const Params& query) const {
    const auto refuse = [name](const std::string& why) { throw ValueError("url_for " + in_quotes(name) + ": " + why); };
    const Route* const route = name.empty() ? nullptr : state_->router.named(name);
    if (!route) throw ValueError("url_for " + in_quotes(name) + ": no route has that name");
    std::string url;
    std::size_t used = 0;
    for (std::string_view rest = route->path; !rest.empty();) {
        const std::string_view segment = take_segment(rest);
        url += '/';
        if (!segment.starts_with('{')) {
            url += segment;
            continue;
        }
        std::string_view parameter = segment.substr(1, segment.size() - 2);
        constexpr std::string_view all = ":path";
        const bool takes_all = parameter.ends_with(all);
        if (takes_all) parameter.remove_suffix(all.size());
        const auto given = std::ranges::find_if(parameters, [&](const auto& p) { return p.first == parameter; });
        if (given == parameters.end()) refuse("the parameter {" + std::string(parameter) + "} is missing");
        if (is_other_path(given->second, takes_all)) {
            refuse(in_quotes(given->second) + " cannot stand for {" + std::string(parameter) + "}");
        }
        append_encoded(url, given->second, takes_all ? segments_set : component_set);
        ++used;
    }
    if (used != parameters.size()) {
        refuse("the route takes " + std::to_string(used) + " parameters, and " + std::to_string(parameters.size()) +
               " were given");
    }
    if (!query.empty()) url.append("?").append(encode_form(query));
    return url;
}

}  // namespace hocket::http
