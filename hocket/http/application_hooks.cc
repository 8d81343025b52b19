// SPDX-License-Identifier: MIT
// The life of an application: what is done before its first request and after its last.
#include <hocket/base/errors.h>
#include <hocket/base/exception_group.h>
#include <hocket/http/application_state_internal.h>

namespace hocket::http {

namespace {

template <class H>
void keep(std::vector<H>& hooks, H hook, const char* what) {
    if (!hook) throw ValueError(std::string(what) + ": the function is empty");
    hooks.push_back(std::move(hook));
}

void throw_all(std::vector<std::exception_ptr> errors) {
    if (errors.empty()) return;
    if (errors.size() == 1) std::rethrow_exception(errors.front());
    throw ExceptionGroup("clean-up of an application", std::move(errors));
}

}  // namespace

void Application::on_startup(Hook hook) { keep(state_->startup_hooks, std::move(hook), "on_startup"); }
void Application::on_shutdown(Hook hook) { keep(state_->shutdown_hooks, std::move(hook), "on_shutdown"); }
void Application::on_cleanup(Hook hook) { keep(state_->cleanup_hooks, std::move(hook), "on_cleanup"); }
void Application::cleanup_ctx(CleanupContext context) { keep(state_->contexts, std::move(context), "cleanup_ctx"); }

bool Application::State::has_hooks() const noexcept {
    if (!contexts.empty() || !startup_hooks.empty() || !shutdown_hooks.empty() || !cleanup_hooks.empty()) return true;
    for (const Sub& sub : subs) {
        if (sub.app.state_->has_hooks()) return true;
    }
    return false;
}

bool Application::has_hooks() const noexcept { return state_->has_hooks(); }

Coro<> Application::startup() const {
    const Application app = *this;
    if (!app.has_hooks()) co_return;  // it may be served several times at once, on several threads
    if (std::exchange(app.state_->is_started, true)) {
        throw RuntimeError("startup: this application is served already, and has hooks: make one for each server");
    }
    std::exception_ptr error;
    try {
        co_await app.begin_life();
    } catch (...) {
        error = std::current_exception();
    }
    if (!error) co_return;
    std::vector<std::exception_ptr> errors{error};
    co_await app.end_life(errors);
    app.state_->is_started = false;
    throw_all(std::move(errors));
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

// Of contexts only; nothing stops it.
Coro<> Application::end_life(std::vector<std::exception_ptr>& errors) const {
    State& state = *state_;
    for (std::size_t i = state.subs.size(); i-- > 0;) co_await state.subs[i].app.end_life(errors);
    while (!state.lifespans.empty()) {
        Lifespan lifespan = std::move(state.lifespans.back());
        state.lifespans.pop_back();
        try {
            const auto more = co_await lifespan.next();
            if (more) throw RuntimeError("cleanup_ctx: a context has more than one co_yield");
        } catch (...) {
            errors.push_back(std::current_exception());
        }
    }
}

Coro<> Application::shutdown() const {
    Application app = *this;
    const State& state = *app.state_;
    for (const Hook& hook : state.shutdown_hooks) co_await hook(app);
    for (const State::Sub& sub : state.subs) co_await sub.app.shutdown();
}

Coro<> Application::cleanup() const {
    const Application app = *this;
    std::vector<std::exception_ptr> errors;
    co_await app.end_life(errors);
    co_await app.run_cleanup_hooks(errors);
    app.state_->is_started = false;
    throw_all(std::move(errors));
}

Coro<> Application::run_cleanup_hooks(std::vector<std::exception_ptr>& errors) const {
    Application app = *this;
    const State& state = *app.state_;
    for (std::size_t i = state.subs.size(); i-- > 0;) co_await state.subs[i].app.run_cleanup_hooks(errors);
    for (const Hook& hook : state.cleanup_hooks) {
        try {
            co_await hook(app);
        } catch (...) {
            errors.push_back(std::current_exception());
        }
    }
}

}  // namespace hocket::http
