// SPDX-License-Identifier: MIT
// What the copies of an application share.
#pragma once

#include <hocket/http/application.h>
#include <hocket/http/router_internal.h>

#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

class Application::State {
public:
    explicit State(ApplicationOptions about) : options(std::move(about)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();

    struct Sub {
        std::vector<std::string> segments;  // of its prefix, decoded
        Application app;
    };

    /// The application under this one that `path` leads to, whose prefix is taken off it; null: none.
    const Application* sub_for(std::string_view& path) const { return subs.empty() ? nullptr : find_sub(path); }
    /// This one becomes a part of another one, or that of a third.
    void add_prefix(const std::string& more);
    /// Whether anything stands around the handlers, here or in what this is part of, up to `top`.
    bool is_layered(const State& top) const noexcept {
        return !middlewares.empty() || !prepare_hooks.empty() || (this != &top && parent && parent->is_layered(top));
    }
    /// Whether anything is done at the start or the end, here or below.
    bool has_hooks() const noexcept;
    void collect_routes(std::vector<const Route*>& to) const;

    ApplicationOptions options;
    Router router;
    Storage storage;
    std::string prefix;             // `/admin/items`: all of it, as it was written
    const State* parent = nullptr;  // what this is a part of
    std::vector<Sub> subs;          // in the order in which they were added

    std::vector<Middleware> middlewares;
    std::vector<PrepareHook> prepare_hooks;
    std::vector<CleanupContext> contexts;
    std::vector<Hook> startup_hooks, shutdown_hooks, cleanup_hooks;

    // While it is served.
    bool is_started = false;
    std::vector<Lifespan> lifespans;  // that have begun

private:
    const Application* find_sub(std::string_view& path) const;
};

}  // namespace hocket::http
