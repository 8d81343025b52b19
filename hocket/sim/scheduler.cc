// SPDX-License-Identifier: MIT
// The steps of a world.
#include <hocket/sim/scheduler_internal.h>

#include <hocket/base/errors.h>
#include <hocket/core/await_graph.h>
#include <hocket/sim/names_internal.h>

#include <algorithm>
#include <utility>

namespace hocket::sim {

namespace {
constexpr char deadlock[] = "deadlock: everybody waits, and nothing can wake one";
}

Scheduler::Scheduler(const Config& config, Choices& choices)
    : config_(config),
      choices_(choices),
      network_(choices, config.network),
      world_(*this),
      names_(names_of(*this)),
      randomness_(seed_of(0, 0)),
      story_(config.tell) {
    config.check();
    network_.schedule.wall_start = config.wall_clock.count();
    network_.disk = config.disk;
    network_.fail = [this](std::string why) { fail(std::move(why)); };
    if (!story_.told()) return;
    network_.story = [this](const Kernel& host, Told import, const std::string& text) { note(&host, import, text); };
    network_.carried = [this](const Kernel& from, const Kernel& to, std::size_t size, const std::string& what) {
        if (!over_) story_.carried(network_.schedule.now(), from.name(), to.name(), size, what);
    };
}

Scheduler::~Scheduler() = default;

void Scheduler::note(const Kernel* host, Told import, const std::string& text) {
    if (!over_) story_.line(network_.schedule.now(), host != nullptr ? host->name() : "-", import, text);
}

void Scheduler::note_of_program(const std::string& text) {
    const auto* const host = static_cast<const HostState*>(simulated_threads);
    note(host != nullptr ? &host->kernel : nullptr, Told::notable, "* " + text);
}

void Scheduler::fail(std::string why) {
    if (std::exchange(failed_, true)) return;
    note(nullptr, Told::notable, "the run fails: " + why.substr(0, why.find('\n')));
    over_ = true;
    error_ = std::move(why);
}

void Scheduler::fail_with_graph(const std::string& why) {
    if (!failed_) fail(why + "\n" + what_all_await());
}

// ---- Steps

void Scheduler::run_host(HostState& host) {
    ++steps_;
    mix(host.kernel.index());
    const bool only_a_timer = host.loop->idle() && !host.backend->has_something();
    host.inside = true;
    try {
        const OnHost here(host);
        host.loop->run_once({});
    } catch (...) {
        if (!host.must_go) fail(host.kernel.name() + ": " + describe(std::current_exception()));
    }
    host.inside = false;
    if (observes(host) && host.stage == HostState::Stage::running) observer->stepped(host);
    look_for_quiet(only_a_timer, host);
    network_.schedule.advance_to(network_.schedule.now() + config_.step_cost.count());
    look_at(host);
}

// One step of one host, or the way to the next time at which something happens, at most `deadline`. False: nothing will.
bool Scheduler::step(std::int64_t deadline) {
    Schedule& schedule = network_.schedule;
    if (const std::size_t happened = schedule.run_due()) {
        events_ += happened;
        spins_ = 0;
        return true;
    }
    std::int64_t next = schedule.empty() ? Backend::forever : schedule.next();
    ready_.clear();
    for (const auto& host : hosts_) {
        const std::int64_t due = host->due();
        if (due > schedule.now()) {
            next = std::min(next, due);
        } else {
            ready_.push_back(host.get());
        }
    }
    if (!ready_.empty()) {
        run_host(*ready_[choices_.choose(static_cast<std::uint32_t>(ready_.size()))]);
        if (steps_ >= config_.max_steps) fail_with_graph("livelock: " + std::to_string(steps_) + " steps, and no end");
        if (++spins_ >= config_.max_spins)
            fail_with_graph("livelock: " + std::to_string(spins_) + " steps in which nothing was waited for");
        return true;
    }
    if (next == Backend::forever && deadline == Backend::forever) return false;
    next = std::min(next, deadline);
    if (next - Schedule::start > config_.time_limit.count()) {
        fail_with_graph("the run takes longer than its time limit of " + seconds_text(config_.time_limit.count()) +
                        " seconds");
        return true;
    }
    schedule.advance_to(next);
    spins_ = 0;
    mix(static_cast<std::uint64_t>(next));
    for (std::size_t i = 0; i < hosts_.size(); ++i) {  // one that ends may let others go on, who add hosts
        HostState& host = *hosts_[i];
        if (host.stage == HostState::Stage::ending || (observes(host) && host.stage == HostState::Stage::running))
            look_at(host);
    }
    return true;
}

// A program that waits for ever may keep timers going: a library's upkeep, which sets its timer again each time. It is told from one that
// waits for a time by what becomes of the timers that are set: when all have fired, and no task has run, it is for ever.
void Scheduler::look_for_quiet(bool only_a_timer, const HostState& host) {
    const std::int64_t now = network_.schedule.now();
    const bool woke_none =
        host.stage == HostState::Stage::running && host.loop->idle() && !host.backend->has_something();
    if (!only_a_timer || !woke_none) {
        quiet_since_ = now;
        quiet_until_ = now + config_.quiet_limit.count();
        quiet_for_long_ = false;
    }
    if (config_.quiet_limit.count() <= 0 || now < quiet_until_) return;
    if (!std::exchange(quiet_for_long_, true)) {
        for (const auto& h : hosts_) {
            if (!h->loop || h->paused || h->loop->timers().empty()) continue;
            quiet_until_ = std::max(quiet_until_, h->loop->timers().last() + 1);
        }
        if (!network_.schedule.empty()) quiet_until_ = std::max(quiet_until_, network_.schedule.last() + 1);
        return;
    }
    fail_with_graph("deadlock: for " + seconds_text(now - quiet_since_) +
                    " seconds nothing has run but callbacks of timers, and no task");
}

std::string Scheduler::what_all_await() {
    std::string text;
    if (observer != nullptr) observer->before_report(*hosts_.front());
    for (const auto& host : hosts_) {
        if (!host->loop) continue;
        text += host->kernel.name() + (host->paused ? " (paused)" : "") + ":\n" + format_call_graph(*host->loop) + "\n";
    }
    return text;
}

template <class F>
bool Scheduler::run_until(F done, std::int64_t deadline) {
    const Outside outside;
    while (!done()) {
        if (failed_ || network_.schedule.now() >= deadline) return false;
        if (!step(deadline)) fail_with_graph(deadlock);
    }
    return true;
}

HostState& Scheduler::host_of(const SimBackend& backend) noexcept {
    return **std::ranges::find_if(hosts_, [&](const auto& host) { return host->backend == &backend; });
}

void Scheduler::wait(SimBackend& backend, std::int64_t deadline) noexcept {
    HostState& host = host_of(backend);
    run_until([&] { return backend.has_something(); }, deadline);
    run_until([&] { return !host.paused || backend.dead(); }, Backend::forever);
    if (failed_) host.loop->escape(std::make_exception_ptr(RuntimeError("the simulation has failed")));
}

bool HostState::wait_until(bool (*done)(const void*), const void* object, std::optional<Duration> timeout) noexcept {
    if (backend == nullptr || backend->dead()) return done(object);
    const std::int64_t now = backend->now();
    std::int64_t deadline = Backend::forever;
    if (timeout && __builtin_add_overflow(now, timeout->count(), &deadline)) deadline = Backend::forever;
    const auto gone = [this, mine = programs] { return programs != mine || backend == nullptr || backend->dead(); };
    scheduler.run_until([&] { return done(object) || gone(); }, deadline);
    scheduler.run_until([&] { return !paused || gone(); }, Backend::forever);
    return done(object);
}

Outcome Scheduler::run(const Function<Coro<>(World&)>& main) {
    const OpensslRandomness randomness(randomness_);
    if (this_loop) throw RuntimeError("sim::run cannot be called while a loop runs on this thread");
    HostState& first = add_host("main", [this, &main] { return main(world_); });
    while (!failed_ && first.stage != HostState::Stage::none) {
        if (!step(Backend::forever)) fail_with_graph(deadlock);
    }
    if (!failed_ && !main_returned_) fail("main: its host crashed, or was killed, before it returned");
    finish_hosts();
    return {.ok = !failed_,
            .error = std::move(error_),
            .seed = config_.seed,
            .steps = steps_,
            .events = events_ + steps_,
            .virtual_time = std::chrono::nanoseconds(network_.schedule.now() - Schedule::start),
            .fingerprint = fingerprint_ ^ network_.sent,
            .story = story_.take(),
            .choices = choices_.made()};
}

}  // namespace hocket::sim
