// SPDX-License-Identifier: MIT
// A world of one host, whose time passes when its loop waits.
#include <hocket/io/solo_backend.h>

#include <hocket/base/errors.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/mailbox.h>
#include <hocket/io/choices.h>
#include <hocket/io/sim_backend_internal.h>
#include <hocket/io/sim_kernel_internal.h>
#include <hocket/io/sim_network_internal.h>

#include <algorithm>
#include <chrono>
#include <exception>

namespace hocket::sim {

namespace {

struct SoloWorld : Driver {
    Choices choices;
    Network network;
    Kernel& kernel;

    explicit SoloWorld(std::uint64_t seed)
        : choices(seed),
          network(choices, seed == 0 ? NetworkConfig::calm() : NetworkConfig::weather(seed)),
          kernel(network.add_host("localhost")) {
        // The files that it works with, such as certificates, are the real world's.
        network.schedule.wall_start =
            std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
                .count();
    }

    void wait(SimBackend& backend, std::int64_t deadline) noexcept override {
        Schedule& schedule = network.schedule;
        const Mailbox& mailbox = *this_loop->mailbox();
        while (!backend.has_something() && schedule.now() < deadline) {
            if (schedule.run_due() > 0) continue;
            std::int64_t next = std::min(deadline, backend.next_due());
            if (!schedule.empty()) next = std::min(next, schedule.next());
            if (next < Backend::forever && !mailbox.time_stands()) {
                schedule.advance_to(next);
            } else if (mailbox.outside_work.load() > 0) {
                backend.sleep();
            } else {
                this_loop->escape(std::make_exception_ptr(RuntimeError(
                    "deadlock: every task waits, and nothing can wake one\n" + format_call_graph(*this_loop))));
                return;
            }
        }
    }
};

class SoloBackend final : SoloWorld, public SimBackend {
public:
    explicit SoloBackend(std::uint64_t seed) : SoloWorld(seed), SimBackend(SoloWorld::kernel, *this, seed) {}
    bool has_signals() const noexcept override { return false; }
};

}  // namespace

Unique<Backend> make_solo_backend(std::uint64_t seed) { return Unique<SoloBackend>::make(seed); }

}  // namespace hocket::sim
