// SPDX-License-Identifier: MIT
// How the programs of a world's hosts begin and end.
#include <hocket/sim/scheduler_internal.h>

#include <hocket/base/errors.h>
#include <hocket/core/await_graph.h>
#include <hocket/net/listener_internal.h>
#include <hocket/sim/names_internal.h>

#include <algorithm>
#include <utility>

namespace hocket::sim {

namespace {
constexpr Duration patience_at_end = std::chrono::seconds(300);  // as the Runner's
}

// Of the random numbers of one program: they have nothing to do with those of others, nor with the run's choices.
std::uint64_t Scheduler::seed_of(std::uint32_t host, std::uint32_t start) const noexcept {
    Random mixed(config_.seed);
    return Random(mixed.next() ^ (std::uint64_t{host} << 32 | start)).next();
}

HostState& Scheduler::add_host(std::string name, Function<Coro<>()> program) {
    if (network_.host_named(name) != nullptr) throw ValueError("there is a host " + name + " already");
    Kernel& kernel = network_.add_host(std::move(name));
    kernel.skew = std::chrono::nanoseconds(choices_.between(0, config_.skew.count()));
    hosts_.push_back(Unique<HostState>::make(*this, kernel, std::move(program)));
    start(*hosts_.back());
    return *hosts_.back();
}

void Scheduler::start(HostState& host) {
    ++host.programs;
    auto backend = Unique<SimBackend>::make(
        host.kernel, *this, seed_of(static_cast<std::uint32_t>(host.kernel.index() + 1), host.programs));
    host.backend = backend.get();
    host.loop = Unique<EventLoop>::make(std::move(backend));
    host.loop->set_exception_handler([this, &host](EventLoop&, const ErrorContext& context) {
        if (context.message == accept_lacks_resources) return host.kernel.tell("accepts nothing for a second");
        fail(host.kernel.name() + ": " + error_text(context));
    });
    host.loop->set_shuffle(config_.shuffle_tasks);
    host.stage = HostState::Stage::running;
    host.resume();
    host.must_go = host.starts_again = host.interrupted = false;
    host.files.begin();
    host.begin_life();
    const bool again = host.programs > 1;
    host.kernel.tell(again ? "starts again" : "starts", again ? Told::life : Told::routine);
    const Outside outside;
    const OnHost here(host);
    Resolver::of(*host.loop)->system = names_;
    host.inside = true;  // a program that is no coroutine itself does something already, and may end its host
    try {
        host.main.emplace(host.loop->create_task(host.program(), {.name = host.kernel.name()}));
        // Its name says more than the function here that has made it.
        static_cast<TaskBase&>(host.main->object()).created_at = nullptr;
    } catch (...) {
        fail(host.kernel.name() + ": " + describe(std::current_exception()));
        stop(host);
        host.must_go = true;
    }
    host.inside = false;
    if (host.must_go) destroy(host);
}

void Scheduler::restart(HostState& host) {
    if (host.stage != HostState::Stage::none && (!host.must_go || host.starts_again))
        throw RuntimeError("host " + host.kernel.name() + " runs already");
    if (!host.kernel.up()) host.kernel.boot();
    if (host.must_go) {
        host.starts_again = true;
    } else {
        start(host);
    }
}

void Scheduler::set_program(std::string name, Program program) {
    programs_[std::move(name)] = Shared<Program>::make(std::move(program));
}

Shared<Program> Scheduler::program(const std::string& name) const {
    const auto found = programs_.find(name);
    return found != programs_.end() ? found->second : nullptr;
}

// As `run` does when its main coroutine has ended; but others go on meanwhile, and so it is done in steps.
void Scheduler::begin_end(HostState& host) {
    host.stage = HostState::Stage::cancelling;
    host.left.clear();
    for (TaskBase* t = host.loop->tasks; t; t = t->older) {
        t->share();
        host.left.emplace_back(FutureHandle(t));
    }
    for (auto t = host.left.rbegin(); t != host.left.rend(); ++t) t->cancel();
}

void Scheduler::look_at(HostState& host) {
    using Stage = HostState::Stage;
    if (host.inside) return;
    if (host.must_go) return destroy(host);
    if (host.stage == Stage::running && host.main->done()) {
        const bool observed = observes(host);
        if (observed && !observer->ended(host)) return;
        if (!observed && !host.main->cancelled()) {
            if (const std::exception_ptr e = host.main->exception()) fail(host.kernel.name() + ": " + describe(e));
        }
        host.kernel.tell("ends", Told::life);
        if (&host == hosts_.front().get()) main_returned_ = true;
        begin_end(host);
    }
    if (host.stage == Stage::cancelling && std::ranges::all_of(host.left, [](const AnyTask& t) { return t.done(); })) {
        for (const AnyTask& t : host.left) {
            if (t.cancelled()) continue;
            if (const std::exception_ptr e = t.exception())
                fail(host.kernel.name() + ": " + t.get_name() + " on its way out: " + describe(e));
        }
        host.loop->begin_shutdown();
        host.stage = Stage::ending;
        host.patience = network_.schedule.now() + patience_at_end.count();
    }
    const bool patient = network_.schedule.now() < host.patience || host.jobs_inside > 0;
    if (host.stage == Stage::ending && (host.loop->shutdown_finished() || !patient)) end(host);
}

void Scheduler::end(HostState& host) noexcept {
    const OnHost here(host);
    host.stage = HostState::Stage::closing;
    host.left.clear();
    host.main.reset();
    host.backend->begin_end();
    host.loop.reset();
    host.children.clear();
    host.end_life();
    host.backend = nullptr;
    host.stage = HostState::Stage::none;
    host.kernel.close_all();
}

void Scheduler::crash(HostState& host) {
    if (host.kernel.up()) host.kernel.tell("crashes");
    stop(host);
    host.kernel.crash();
    destroy(host);
}

void Scheduler::kill(HostState& host) {
    if (!host.runs() && !host.starts_again) return;
    host.kernel.tell("is killed");
    host.kernel.close_all();
    stop(host);
    destroy(host);
}

// What its program still does has no effect.
void Scheduler::stop(HostState& host) noexcept {
    if (host.backend != nullptr) host.backend->die();
    host.files.end();
    host.starts_again = false;
}

// Its program is dead: its tasks are destroyed, once none of them is at work.
void Scheduler::destroy(HostState& host) noexcept {
    if (host.stage == HostState::Stage::none || host.stage == HostState::Stage::closing) return;
    if (host.inside || host.jobs_inside > 0) {
        if (!std::exchange(host.must_go, true) && host.inside)  // ends a nested run
            host.loop->escape(std::make_exception_ptr(RuntimeError("the host is gone")));
        return;
    }
    host.must_go = false;
    host.stage = HostState::Stage::closing;
    const OnHost here(host);
    host.loop->set_exception_handler([](EventLoop&, const ErrorContext&) {});  // nobody is left to be told
    host.left.clear();
    host.main.reset();
    host.loop.reset();
    host.children.clear();
    host.end_life();
    host.backend = nullptr;
    host.stage = HostState::Stage::none;
    if (std::exchange(host.starts_again, false) && !failed_) start(host);
}

void Scheduler::finish_hosts() {
    using Stage = HostState::Stage;
    for (const auto& host : hosts_) host->resume();
    const auto done = [&] {
        for (const auto& host : hosts_) {  // also one that the end of another starts
            if (host->stage == Stage::running) begin_end(*host);
        }
        return std::ranges::all_of(hosts_, [](const auto& h) { return h->stage == Stage::none; });
    };
    while (!failed_ && !done()) {
        if (!step(Backend::forever)) fail_with_graph("after the end of main, a host does not end when it is cancelled");
    }
    over_ = true;
    for (auto host = hosts_.rbegin(); host != hosts_.rend(); ++host) {
        stop(**host);
        (*host)->kernel.crash();
        destroy(**host);
    }
    const sys::WithFileCalls past(&main_host().past_files);
    network_.schedule.clear();
}

}  // namespace hocket::sim
