// SPDX-License-Identifier: MIT
// What the copies of an application share.
#pragma once

#include <hocket/http/application.h>
#include <hocket/http/router_internal.h>

#include <atomic>
#include <cstddef>
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
        SubappOptions options;
    };

    /// The application under this one that `path` leads to, whose prefix is taken off it; null: none.
    const Application* sub_for(std::string_view& path) const { return subs.empty() ? nullptr : find_sub(path); }
    /// This one becomes a part of another one, or that of a third.
    void add_prefix(const std::string& more);
    /// Whether anything stands around the handlers, here or in what this is part of, up to `top`.
    bool is_layered(const State& top) const noexcept {
        return layers.size() > top.own_layers + 1 || preparations.size() > top.own_preparations;
    }
    /// From now on nothing is added that stands around the handlers, here, above and below; if it `serves`, no route either. Thread-safe.
    void freeze(bool serves);
    /// Throws RuntimeError if `is_closed`.
    static void check_open(std::string_view what, bool is_closed);
    /// Of this one and what is under it.
    bool is_any_started() const noexcept;
    void mark_started(bool on) noexcept;
    /// Whether anything is done at the start or the end, here or below.
    bool has_hooks() const noexcept;
    void collect_routes(std::vector<const Route*>& to) const;

    ApplicationOptions options;
    Router router;
    Storage storage;
    std::string prefix;       // `/admin/items`: all of it, as it was written
    State* parent = nullptr;  // what this is a part of
    std::vector<Sub> subs;    // in the order in which they were added

    std::vector<Middleware> middlewares;
    std::vector<PrepareHook> prepare_hooks;
    std::vector<CleanupContext> contexts;
    std::vector<Hook> startup_hooks, shutdown_hooks, cleanup_hooks;

    // Of these and those of the applications around this one, since `freeze`: the outermost first.
    struct Preparation {
        const PrepareHook* hook;
        const Application* app;  // as of Next::Layer
    };
    std::vector<Next::Layer> layers;  // the last is the handler
    std::vector<Preparation> preparations;
    std::size_t own_layers = 0, own_preparations = 0;  // where those of this one begin
    std::atomic<bool> is_frozen = false;
    std::atomic<bool> is_served = false;

    // While it is served.
    bool is_started = false;
    std::vector<Lifespan> lifespans;  // that have begun

private:
    void freeze_within(const std::vector<Next::Layer>& outer, const std::vector<Preparation>& before,
                       const Application* self);
    void mark_served() noexcept;
    const Application* find_sub(std::string_view& path) const;
};

}  // namespace hocket::http
