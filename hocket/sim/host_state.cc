// SPDX-License-Identifier: MIT
// When a simulated host has something to do, and the jobs of its executors.
#include <hocket/sim/scheduler_internal.h>

#include <algorithm>
#include <utility>

namespace hocket::sim {

std::int64_t HostState::due() const noexcept {
    if (stage == Stage::none || stage == Stage::closing || paused || inside || must_go) return Backend::forever;
    if (!loop->idle() || backend->has_something()) return 0;
    std::int64_t first = backend->next_due();
    if (const auto timer = loop->next_timer()) first = std::min(first, timer->time_since_epoch().count());
    if (stage == Stage::ending && jobs_inside == 0) first = std::min(first, patience);
    return first;
}

std::int64_t HostState::now() const noexcept { return backend ? backend->now() : 0; }

void HostState::run_later(Function<void()> job) {
    Network& network = scheduler.network();
    const Range& range = scheduler.config().job;
    const Duration delay = std::chrono::nanoseconds(network.choices.between(range.low.count(), range.high.count()));
    network.after(delay, [this, number = programs, j = std::move(job)]() mutable { run_job(number, std::move(j)); });
}

void HostState::run_job(std::uint32_t program_number, Function<void()> job) {
    if (program_number != programs || stage == Stage::none || backend->dead()) {
        const sys::WithFileCalls past(&past_files);  // it may be the last to hold a file
        job = nullptr;
        return;
    }
    if (paused) {
        paused_jobs.push_back(
            [this, program_number, j = std::move(job)]() mutable { run_job(program_number, std::move(j)); });
        return;
    }
    ++jobs_inside;
    {
        const OnHost here(*this);
        job();
        job = nullptr;
    }
    if (--jobs_inside == 0 && must_go) scheduler.destroy(*this);
}

void HostState::resume() {
    paused = false;
    for (Function<void()>& job : std::exchange(paused_jobs, {})) scheduler.network().after({}, std::move(job));
}

}  // namespace hocket::sim
