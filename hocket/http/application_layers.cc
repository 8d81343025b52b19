// SPDX-License-Identifier: MIT
// What stands around an application's handlers: middlewares, hooks of answers, the application that it is a part of.
#include <hocket/base/errors.h>
#include <hocket/http/application_state_internal.h>
#include <hocket/http/percent_internal.h>
#include <hocket/http/segments_internal.h>
#include <hocket/http/text.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace hocket::http {

// ---- What copies share

Application::State::~State() {
    for (const Sub& sub : subs) sub.app.state_->parent = nullptr;
}

const Application* Application::State::find_sub(std::string_view& path) const {
    const Sub* best = nullptr;
    std::string_view best_rest;
    for (const Sub& sub : subs) {
        if (best && best->segments.size() >= sub.segments.size()) continue;
        std::string_view rest = path;
        const bool fits = std::ranges::all_of(sub.segments, [&rest](const std::string& literal) {
            return rest.starts_with('/') && is_segment(take_segment(rest), literal);
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
    for (const Sub& sub : subs) {
        if (sub.options.is_listed) sub.app.state_->collect_routes(to);
    }
}

Storage& Application::storage_of(const State& state) noexcept { return const_cast<State&>(state).storage; }
const Application::State* Application::parent_of(const State& state) noexcept { return state.parent; }

// ---- What is fixed once it answers

namespace {

// Servers on several threads may share an application.
std::mutex& freezing() {
    static std::mutex mutex;
    return mutex;
}

}  // namespace

void Application::State::check_open(std::string_view what, bool is_closed) {
    if (is_closed) throw RuntimeError(std::string(what) + ": the application is in use already");
}

void Application::State::freeze(bool serves) {
    const std::scoped_lock lock(freezing());
    State* root = this;
    while (root->parent) root = root->parent;
    if (!root->is_frozen) root->freeze_within({}, {}, nullptr);
    if (serves) root->mark_served();
}

void Application::State::freeze_within(const std::vector<Next::Layer>& outer, const std::vector<Preparation>& before,
                                       const Application* self) {
    layers = outer;
    preparations = before;
    own_layers = layers.size();
    own_preparations = preparations.size();
    for (const Middleware& middleware : middlewares) layers.push_back({&middleware, self});
    for (const PrepareHook& hook : prepare_hooks) preparations.push_back({&hook, self});
    for (const Sub& sub : subs) sub.app.state_->freeze_within(layers, preparations, &sub.app);
    layers.push_back({nullptr, self});
    is_frozen = true;
}

void Application::State::mark_served() noexcept {
    is_served = true;
    for (const Sub& sub : subs) sub.app.state_->mark_served();
}

// ---- Building

void Application::add_subapp(std::string_view prefix, const Application& sub, SubappOptions options) {
    const auto refuse = [prefix](std::string_view why) {
        throw ValueError("add_subapp " + in_quotes(prefix) + ": " + std::string(why));
    };
    state_->check_open("add_subapp", state_->is_frozen || state_->is_started);
    sub.state_->check_open("add_subapp", sub.state_->is_frozen || sub.state_->is_started);
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
    state_->subs.push_back({std::move(segments), sub, options});
    part.parent = state_.get();
    part.add_prefix(state_->prefix + std::string(prefix));
}

void Application::add_middleware(Middleware middleware) {
    state_->check_open("middleware", state_->is_frozen);
    if (!middleware) throw ValueError("middleware: the function is empty");
    state_->middlewares.push_back(std::move(middleware));
}

void Application::on_response_prepare(PrepareHook hook) {
    state_->check_open("on_response_prepare", state_->is_frozen);
    if (!hook) throw ValueError("on_response_prepare: the function is empty");
    state_->prepare_hooks.push_back(std::move(hook));
}

// ---- Answering

namespace {

/// While it lives, `request.app()` is that one (aiohttp's `match_info.set_current_app`).
class InApplication {
public:
    InApplication(const Application*& current, const Application* app) noexcept
        : current_(current), before_(std::exchange(current, app)) {}
    InApplication(const InApplication&) = delete;
    InApplication& operator=(const InApplication&) = delete;
    ~InApplication() { current_ = before_; }

private:
    const Application*& current_;
    const Application* before_;
};

}  // namespace

HOCKET_CORO_WRAPPER Coro<Response> Next::operator()(Request& request) const {
    return Application::pass_on(request, *this);
}

HOCKET_CORO_WRAPPER Coro<Response> Application::pass_on(Request& request, const Next& next) {
    const Application* const app = next.app();
    return request.app_ == app ? run_layer(request, next) : within(request, app, next);
}

HOCKET_CORO_WRAPPER Coro<Response> Application::run_layer(Request& request, const Next& next) {
    const Middleware* const middleware = next.layer().middleware;
    return middleware ? (*middleware)(request, next.next()) : routed(request);
}

Coro<Response> Application::within(Request& request, const Application* app, Next next) {
    const InApplication here(request.app_, app);
    co_return co_await run_layer(request, next);
}

Coro<Response> Application::routed(Request& request) {
    if (!request.route_) co_return no_route(request);
    Response answer;
    auto handler = request.route_->handler->call(request, answer);
    if (handler) answer = co_await *std::move(handler);
    co_return answer;
}

Coro<Response> Application::layered(Request& request) const {
    const State& own = *request.app_->state_;
    const State& top = *state_;
    const Next first(own.layers, top.own_layers, this);
    if (own.preparations.size() == top.own_preparations) co_return co_await first(request);
    Coro<Response> all = called(request, first);
    Response answer = co_await finish(request, std::move(all));  // what fails is an answer, too
    const InApplication here(request.app_, this);
    for (std::size_t i = top.own_preparations; i < own.preparations.size(); ++i) {
        const State::Preparation& preparation = own.preparations[i];
        request.app_ = preparation.app ? preparation.app : this;
        co_await (*preparation.hook)(request, answer);
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
        const SegmentParameter parameter = parameter_in(segment);
        const std::string name_of_it(parameter.name);
        const auto given = std::ranges::find_if(parameters, [&](const auto& p) { return p.first == name_of_it; });
        if (given == parameters.end()) refuse("the parameter {" + name_of_it + "} is missing");
        if (is_other_path(given->second, parameter.takes_all)) {
            refuse(in_quotes(given->second) + " cannot stand for {" + name_of_it + "}");
        }
        append_encoded(url, given->second, parameter.takes_all ? segments_set : component_set);
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
