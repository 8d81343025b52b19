// SPDX-License-Identifier: MIT
// What takes the place of threads where a simulation runs everything on one.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/function.h>
#include <hocket/base/owners.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace hocket {

/// The threads of a program on a simulated host, none of which is one: jobs are run one after the other, between the steps of loops.
class HOCKET_EXPORT SimulatedThreads {
public:
    /// So many workers a pool has that was not told how many, on every machine.
    static constexpr unsigned workers = 8;

    /// Has `job` called some time from now.
    virtual void run_later(Function<void()> job) = 0;
    /// The host's time, in nanoseconds.
    virtual std::int64_t now() const noexcept = 0;
    /// Lets everything but the caller go on until `done(object)`. False: `timeout` has passed, or nothing goes on any more, which has
    /// failed the simulation.
    virtual bool wait_until(bool (*done)(const void*), const void* object,
                            std::optional<Duration> timeout) noexcept = 0;

    /// What an object keeps that may outlive the program.
    struct Life {
        SimulatedThreads* threads;  ///< null: the program has ended
    };
    const Shared<Life>& life() const noexcept { return life_; }

    void begin_life() { life_ = Shared<Life>::make(this); }
    void end_life() noexcept {
        if (life_) life_->threads = nullptr;
    }

protected:
    ~SimulatedThreads() { end_life(); }

private:
    Shared<Life> life_;
};

/// Those of the host whose code runs now on this thread; null: its code is no simulation's, and has real ones.
HOCKET_EXPORT extern constinit thread_local SimulatedThreads* simulated_threads [[gnu::tls_model("initial-exec")]];

/// Throws RuntimeError in a simulation: `a simulation has no processes`.
HOCKET_EXPORT void check_not_simulated(const char* what);

}  // namespace hocket
