// SPDX-License-Identifier: MIT
// What a test may do with a world, and the runs of it.
#include <hocket/sim/world.h>

#include <hocket/base/errors.h>
#include <hocket/core/mailbox.h>
#include <hocket/io/signals_internal.h>
#include <hocket/sim/names_internal.h>
#include <hocket/sim/run.h>
#include <hocket/sim/scheduler_internal.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

namespace hocket::sim {

// ---- Hosts

const std::string& Host::name() const noexcept { return state_->kernel.name(); }
Address Host::address(std::uint16_t port) const { return address_of(state_->kernel.ip(false), port); }
bool Host::up() const noexcept { return state_->kernel.up(); }
bool Host::running() const noexcept { return state_->runs(); }

// ---- Their files

std::string HostFiles::read(std::string_view path) const {
    const Shared<Inode> inode = state_->kernel.files().file_at(path);
    const int error = !inode ? ENOENT : !inode->is_file() ? EISDIR : 0;
    if (error != 0) throw OSError(error, "read " + std::string(path) + " of " + state_->kernel.name());
    std::string data(inode->now.size, '\0');
    inode->now.read(0, data.data(), data.size());
    return data;
}

void HostFiles::write(std::string_view path, std::string_view data) const {
    const int result = state_->kernel.files().put(path, data);
    if (result < 0) throw OSError(-result, "write " + std::string(path) + " of " + state_->kernel.name());
}

bool HostFiles::exists(std::string_view path) const { return bool{state_->kernel.files().file_at(path)}; }

// ---- The world

Host World::host(std::string name, Function<Coro<>()> program) {
    scheduler_.network().check_no_rule_is_asked();
    if (!program) throw ValueError("host " + name + ": there is no program to run");
    return Host(scheduler_.add_host(std::move(name), std::move(program)));
}

Host World::host_named(std::string_view name) const {
    for (const auto& host : scheduler_.hosts()) {
        if (host->kernel.name() == name) return Host(*host);
    }
    throw ValueError("there is no host " + std::string(name));
}

void World::program(std::string name, Function<Coro<int>(ChildProcess)> program) {
    if (name.empty() || name.find('/') != std::string::npos)
        throw ValueError("\"" + name + "\" is no name of a program: it is the last part of a path");
    scheduler_.set_program(std::move(name), std::move(program));
}

Host World::main() const noexcept { return Host(scheduler_.main_host()); }

void World::crash(Host host) {
    scheduler_.network().check_no_rule_is_asked();
    scheduler_.crash(*host.state_);
}

void World::restart(Host host) {
    scheduler_.network().check_no_rule_is_asked();
    scheduler_.restart(*host.state_);
}

void World::kill(Host host) {
    scheduler_.network().check_no_rule_is_asked();
    scheduler_.kill(*host.state_);
}

void World::signal(Host host, int number) {
    scheduler_.network().check_no_rule_is_asked();
    HostState& state = *host.state_;
    if (number < 0 || number > SIGRTMAX) throw ValueError("there is no signal " + std::to_string(number));
    if (!state.runs() || number == 0) return;
    scheduler_.note(nullptr, Told::notable, host.name() + " gets signal " + std::to_string(number));
    if (number == SIGCONT) state.resume();
    if (handles_signal(*state.loop, number)) {
        state.loop->mailbox()->post_signal(number);
        return;
    }
    switch (number) {
        case SIGCHLD:
        case SIGCONT:
        case SIGURG:
        case SIGWINCH: return;
        case SIGSTOP:
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU: state.paused = true; return;
        case SIGINT:
            if (state.stage == HostState::Stage::running && state.main && !std::exchange(state.interrupted, true)) {
                state.main->cancel();
                return;
            }
            break;
        default: break;
    }
    scheduler_.kill(state);
}

void World::pause(Host host) {
    host.state_->paused = true;
    scheduler_.note(nullptr, Told::notable, host.name() + " is paused");
}

void World::resume(Host host) {
    if (!host.state_->paused) return;
    host.state_->resume();
    scheduler_.note(nullptr, Told::notable, host.name() + " is resumed");
}

// ---- The network

namespace {
template <class F>
void each_way(Host from, Host to, bool both_ways, F f) {
    f(from, to);
    if (both_ways) f(to, from);
}
}  // namespace

void World::partition(Host from, Host to, bool both_ways) {
    scheduler_.note(nullptr, Told::notable,
                    "no way from " + from.name() + (both_ways ? " to " + to.name() + " and back" : " to " + to.name()));
    each_way(from, to, both_ways,
             [this](Host a, Host b) { scheduler_.network().link(a.state_->kernel, b.state_->kernel).cut = true; });
}

void World::hold(Host from, Host to, bool both_ways) {
    scheduler_.note(nullptr, Told::notable, "what " + from.name() + " sends to " + to.name() + " waits");
    each_way(from, to, both_ways,
             [this](Host a, Host b) { scheduler_.network().link(a.state_->kernel, b.state_->kernel).held = true; });
}

void World::heal(Host from, Host to, bool both_ways) {
    scheduler_.note(nullptr, Told::notable, from.name() + " reaches " + to.name() + " again");
    each_way(from, to, both_ways,
             [this](Host a, Host b) { scheduler_.network().heal(a.state_->kernel, b.state_->kernel); });
}

void World::heal_all() {
    scheduler_.note(nullptr, Told::notable, "all links are whole");
    for (const auto& a : scheduler_.hosts()) {
        for (const auto& b : scheduler_.hosts()) scheduler_.network().heal(a->kernel, b->kernel);
    }
}

void World::latency(Host from, Host to, Range range) {
    check_range("latency", range);
    const std::int64_t low = range.low.count(), high = range.high.count();
    scheduler_.note(nullptr, Told::notable,
                    "packets take " + milliseconds_text(low) + (high > low ? " to " + milliseconds_text(high) : "") +
                        " from " + from.name() + " to " + to.name() + " and back");
    each_way(from, to, true, [&](Host a, Host b) {
        Link& link = scheduler_.network().link(a.state_->kernel, b.state_->kernel);
        link.has_latency = true;
        link.latency = range;
    });
}

void World::rule(Function<Verdict(Host, Host, std::string_view)> rule) {
    scheduler_.network().check_no_rule_is_asked();
    scheduler_.note(nullptr, Told::notable, rule ? "a rule judges packets" : "no rule judges packets any more");
    if (!rule) {
        scheduler_.network().rule = nullptr;
        return;
    }
    scheduler_.network().rule = [this, rule = std::move(rule)](Kernel& from, Kernel& to, std::span<const char> data) {
        const auto& hosts = scheduler_.hosts();
        return rule(Host(*hosts[from.index()]), Host(*hosts[to.index()]), std::string_view(data.data(), data.size()));
    };
}

void World::skew(Host host, Duration by) {
    host.state_->kernel.skew = by;
    const std::int64_t span = by.count();
    const std::string how =
        span == 0 ? "right" : milliseconds_text(span < 0 ? -span : span) + (span < 0 ? " behind" : " ahead");
    scheduler_.note(nullptr, Told::notable, "the clock of " + host.name() + " is " + how);
}

// ---- The run

Duration World::now() const noexcept {
    return std::chrono::nanoseconds(scheduler_.network().schedule.now() - Schedule::start);
}
std::uint32_t World::choose(std::uint32_t bound) { return scheduler_.network().choices.choose(bound); }
bool World::chance(double probability) { return scheduler_.network().choices.chance(probability); }
void World::note(const std::string& text) { scheduler_.note_of_program(text); }
void World::fail(std::string why) { scheduler_.fail(std::move(why)); }

Outcome run(const Config& config, const Main& main) {
    Choices choices(config.seed);
    return Scheduler(config, choices).run(main);
}

Outcome replay(const Config& config, const Outcome& outcome, const Main& main) {
    Config told = config;
    if (told.tell == Tell::off) told.tell = Tell::story;
    Choices choices(outcome.choices);
    return Scheduler(told, choices).run(main);
}

namespace {
// The line of a story in which that place is; what is behind its last one has no line.
std::string line_at(const std::string& story, std::size_t place) {
    const std::size_t begin = place == 0 ? 0 : story.rfind('\n', place - 1) + 1;
    return begin < story.size() ? story.substr(begin, story.find('\n', begin) - begin) : "(its end)";
}
}  // namespace

std::string check_determinism(Config config, const Main& main) {
    config.tell = Tell::everything;
    const Outcome first = run(config, main), second = run(config, main);
    if (first.story != second.story) {
        const auto differs = std::ranges::mismatch(first.story, second.story);
        const auto line = std::count(first.story.begin(), differs.in1, '\n') + 1;
        const auto where = static_cast<std::size_t>(differs.in1 - first.story.begin());
        return "the stories of two runs of seed " + std::to_string(config.seed) + " differ from line " +
               std::to_string(line) + " on:\n" + line_at(first.story, where) + "\n" + line_at(second.story, where);
    }
    if (first.choices != second.choices || first.fingerprint != second.fingerprint)
        return "two runs of seed " + std::to_string(config.seed) + " differ in their choices, or in what they send";
    return {};
}

}  // namespace hocket::sim
