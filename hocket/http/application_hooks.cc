// SPDX-License-Identifier: MIT
// The life of an application: what is done before its first request and after its last.
#include <hocket/base/errors.h>
#include <hocket/http/application_state_internal.h>
#include <hocket/http/end_errors_internal.h>

namespace hocket::http {

namespace {

template <class H>
void keep(std::vector<H>& hooks, H hook, const char* what) {
    if (!hook) throw ValueError(std::string(what) + ": the function is empty");
    hooks.push_back(std::move(hook));
}

// What throws before its coroutine begins throws here.
Coro<> call(const Hook& hook, Application& app) { co_await hook(app); }

Coro<> ended(Lifespan lifespan) {
    const auto more = co_await lifespan.next();
    if (more) throw RuntimeError("cleanup_ctx: a context has more than one co_yield");
}

}  // namespace

void Application::on_startup(Hook hook) {
    State::check_open("on_startup", state_->is_served || state_->is_started);
    keep(state_->startup_hooks, std::move(hook), "on_startup");
}
void Application::on_shutdown(Hook hook) {
    State::check_open("on_shutdown", state_->is_served);
    keep(state_->shutdown_hooks, std::move(hook), "on_shutdown");
}
void Application::on_cleanup(Hook hook) {
    State::check_open("on_cleanup", state_->is_served);
    keep(state_->cleanup_hooks, std::move(hook), "on_cleanup");
}
void Application::cleanup_ctx(CleanupContext context) {
    State::check_open("cleanup_ctx", state_->is_served || state_->is_started);
    keep(state_->contexts, std::move(context), "cleanup_ctx");
}

bool Application::State::has_hooks() const noexcept {
    if (!contexts.empty() || !startup_hooks.empty() || !shutdown_hooks.empty() || !cleanup_hooks.empty()) return true;
    for (const Sub& sub : subs) {
        if (sub.app.state_->has_hooks()) return true;
    }
    return false;
}

bool Application::has_hooks() const noexcept { return state_->has_hooks(); }

bool Application::State::is_any_started() const noexcept {
    if (is_started) return true;
    for (const Sub& sub : subs) {
        if (sub.app.state_->is_any_started()) return true;
    }
    return false;
}

void Application::State::mark_started(bool on) noexcept {
    is_started = on;
    for (const Sub& sub : subs) sub.app.state_->mark_started(on);
}

Coro<> Application::startup() const {
    const Application app = *this;
    if (app.has_hooks()) {  // else it may be served several times at once, on several threads
        if (app.state_->is_any_started()) {
            throw RuntimeError("startup: this application is served already, and has hooks: make one for each server");
        }
        app.state_->mark_started(true);
        EndErrors errors;
        co_await collect(errors, app.begin_life());
        if (!errors.empty()) {
            co_await app.end_life(errors, false);
            app.state_->mark_started(false);
            throw_all("the start of an application", std::move(errors));
        }
    }
    app.state_->freeze(true);
}

Coro<> Application::begin_life() const {
    Application app = *this;
    State& state = *app.state_;
    for (const CleanupContext& context : state.contexts) {
        state.lifespans.push_back(context(app));
        const auto begun = co_await state.lifespans.back().next();
        if (begun) continue;
        state.lifespans.pop_back();
        throw RuntimeError("cleanup_ctx: a context ended before its co_yield");
    }
    for (const Hook& hook : state.startup_hooks) co_await hook(app);
    for (const State::Sub& sub : state.subs) co_await sub.app.begin_life();
}

// The parts first, each of them wholly: they may use what this one has set up. Nothing stops it.
Coro<> Application::end_life(std::vector<std::exception_ptr>& errors, bool runs_hooks) const {
    Application app = *this;
    State& state = *app.state_;
    for (std::size_t i = state.subs.size(); i-- > 0;) co_await state.subs[i].app.end_life(errors, runs_hooks);
    while (!state.lifespans.empty()) {
        Lifespan lifespan = std::move(state.lifespans.back());
        state.lifespans.pop_back();
        co_await collect(errors, ended(std::move(lifespan)));
    }
    if (!runs_hooks) co_return;
    for (const Hook& hook : state.cleanup_hooks) co_await collect(errors, call(hook, app));
}

Coro<> Application::shut_down(std::vector<std::exception_ptr>& errors) const {
    Application app = *this;
    for (const Hook& hook : app.state_->shutdown_hooks) co_await collect(errors, call(hook, app));
    for (const State::Sub& sub : app.state_->subs) co_await sub.app.shut_down(errors);
}

Coro<> Application::shutdown() const {
    const Application app = *this;
    EndErrors errors;
    co_await app.shut_down(errors);
    throw_all("the shutdown of an application", std::move(errors));
}

Coro<> Application::cleanup() const {
    const Application app = *this;
    EndErrors errors;
    co_await app.end_life(errors, true);
    app.state_->mark_started(false);
    throw_all("clean-up of an application", std::move(errors));
}

}  // namespace hocket::http
