// SPDX-License-Identifier: MIT
// hocket's own streams, groups, queues and locks, cancelled at each place where one of their tasks waits.
#include <hocket/hocket.h>
#include <hocket/sim/cancel_everywhere.h>
#include <hocket/sim/certificates_test.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using testing::FixedCertificates;

CancelOptions without_faults(std::uint64_t seed) {
    CancelOptions options;
    options.config = Config::swarm(seed);
    options.config.unresolved = 0;
    options.config.disk = {};
    NetworkConfig& n = options.config.network;
    n.reset = n.refused = n.no_descriptors = n.no_buffers = 0;
    n.descriptors = 1024;
    n.buffer = 65536;  // what a cancelled write has left is sent in any case: there has to be room for it
    return options;
}

/// Both ways, in as many worlds.
void expect_nothing_is_left(const Main& body, std::uint64_t seeds, const std::function<std::string()>& invariant = {}) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        for (const bool alone : {false, true}) {
            CancelOptions options = without_faults(seed);
            options.each_task_alone = alone;
            if (invariant) options.invariant = [&] { return invariant(); };
            if (alone) options.may_end = [](const std::exception_ptr&) { return true; };  // without what it waited for
            const CancelReport report = cancel_everywhere(body, options);
            ASSERT_TRUE(report.ok) << "seed " << seed << (alone ? ", alone: " : ": ") << report.error << "\n"
                                   << report.story;
        }
    }
}

// ---- Streams

Coro<> echoes(StreamReader reader, StreamWriter writer) {
    try {
        while (true) {
            const std::string part = co_await reader.read(100);
            if (part.empty()) co_return;
            co_await writer.write(part);
        }
    } catch (const OSError&) {
        co_return;
    }
}

Coro<> echo_server(ServerOptions options = {}) {
    const Server server = co_await start_server(echoes, "0.0.0.0", 80, options);
    co_await server.serve_forever();
}

Coro<> exchanges(Host server, ConnectionOptions options = {}) {
    auto [reader, writer] = co_await open_connection(server.address().host(), 80, options);
    co_await writer.write(std::string(3000, 'x'));
    co_await reader.readexactly(3000);
    writer.close();
    co_await writer.wait_closed();
}

TEST(OnceCancelledEverywhere, a_stream_leaves_nothing) {
    expect_nothing_is_left(
        [](World& world) -> Coro<> {
            const Host server = world.host("server", [] { return echo_server(); });
            co_await hocket::sleep(1s);
            co_await exchanges(server);
        },
        20);
}

TEST(OnceCancelledEverywhere, streams_of_a_group_leave_nothing) {
    expect_nothing_is_left(
        [](World& world) -> Coro<> {
            const Host server = world.host("server", [] { return echo_server(); });
            co_await hocket::sleep(1s);
            co_await task_group([&](TaskGroup& group) -> Coro<> {
                for (int i = 0; i < 3; ++i) group.create_task(exchanges(server));
                co_return;
            });
        },
        20);
}

TEST(OnceCancelledEverywhere, streams_over_tls_leave_nothing) {
    expect_nothing_is_left(
        [](World& world) -> Coro<> {
            ServerOptions options;
            options.tls = FixedCertificates::server();
            const Host server = world.host("server", [&] { return echo_server(options); });
            co_await hocket::sleep(1s);
            const TlsContext context = FixedCertificates::client();
            co_await gather(exchanges(server, {.tls = context, .server_hostname = "localhost"}),
                            exchanges(server, {.tls = context, .server_hostname = "localhost"}));
        },
        10);
}

TEST(OnceCancelledEverywhere, a_server_with_its_clients_leaves_nothing) {
    expect_nothing_is_left(
        [](World& world) -> Coro<> {
            const Server server = co_await start_server(echoes, "0.0.0.0", 80);
            const struct Closing {  // a server goes on when its last handle is gone
                Server server;
                ~Closing() { server.close(); }
            } closing{server};
            co_await task_group([&](TaskGroup& group) -> Coro<> {
                for (int i = 0; i < 2; ++i) group.create_task(exchanges(world.main()));
                co_return;
            });
            server.close();
            co_await server.wait_closed();
        },
        10);
}

// ---- Datagrams

TEST(OnceCancelledEverywhere, datagrams_leave_nothing) {
    expect_nothing_is_left(
        [](World& world) -> Coro<> {
            const Host server = world.host("server", []() -> Coro<> {
                const DatagramEndpoint socket = co_await create_datagram_endpoint({.local_address = {"0.0.0.0", 7}});
                for (;;) {
                    auto [data, from] = co_await socket.recvfrom();
                    co_await socket.send(data, from);
                }
            });
            co_await hocket::sleep(1s);
            const DatagramEndpoint socket =
                co_await create_datagram_endpoint({.remote_address = {server.address().host(), 7}});
            co_await socket.send("hello");
            try {
                co_await wait_for(socket.recvfrom(), 1s);
            } catch (const TimeoutError&) {
                world.note("it is lost");
            }
            socket.close();
            co_await socket.wait_closed();
        },
        20);
}

// ---- Queues and locks

TEST(OnceCancelledEverywhere, a_queue_loses_nothing) {
    std::optional<Queue<int>> queue;
    int put = 0, taken = 0;
    expect_nothing_is_left(
        [&](World&) -> Coro<> {
            put = taken = 0;
            queue.emplace(1);
            co_await task_group([&](TaskGroup& group) -> Coro<> {
                for (int i = 0; i < 2; ++i) {
                    group.create_task([](Queue<int>& q, int& count) -> Coro<> {
                        for (int n = 0; n < 3; ++n) {
                            try {
                                co_await wait_for(q.put(n), 1min);
                            } catch (const TimeoutError&) {  // who gets was cancelled
                                co_return;
                            }
                            ++count;
                            co_await hocket::sleep(1ms);
                        }
                    }(*queue, put));
                    group.create_task([](Queue<int>& q, int& count) -> Coro<> {
                        for (int n = 0; n < 3; ++n) {
                            try {
                                co_await wait_for(q.get(), 1min);
                            } catch (const TimeoutError&) {  // who puts was cancelled
                                co_return;
                            }
                            ++count;
                            q.task_done();
                        }
                    }(*queue, taken));
                }
                group.create_task([](Queue<int>& q, int& count) -> Coro<> {
                    co_await hocket::sleep(1min);
                    while (!q.empty()) {
                        co_await q.get();
                        ++count;
                    }
                }(*queue, taken));
                co_return;
            });
        },
        20,
        [&] {
            const int left = static_cast<int>(queue->qsize());
            queue.reset();
            return put == taken + left ? std::string()
                                       : std::to_string(put) + " put, " + std::to_string(taken) + " taken, " +
                                             std::to_string(left) + " left";
        });
}

TEST(OnceCancelledEverywhere, locks_semaphores_and_conditions_are_free_afterwards) {
    std::optional<Lock> lock;
    std::optional<Semaphore> permit;
    std::optional<Condition> changed;
    int items = 0;
    expect_nothing_is_left(
        [&](World&) -> Coro<> {
            lock.emplace();
            permit.emplace(1U);
            changed.emplace(*lock);
            items = 0;
            co_await task_group([&](TaskGroup& group) -> Coro<> {
                for (int i = 0; i < 3; ++i) {
                    group.create_task([](Lock& l, Semaphore& s, Condition& c, int& n) -> Coro<> {
                        const auto inside = co_await s.scoped();
                        co_await hocket::sleep(1ms);
                        const auto guard = co_await l.scoped();
                        ++n;
                        c.notify();
                        co_await hocket::sleep(1ms);
                    }(*lock, *permit, *changed, items));
                    group.create_task([](Lock& l, Condition& c, int& n) -> Coro<> {
                        try {
                            co_await timeout(1min, [&]() -> Coro<> {
                                const auto guard = co_await l.scoped();
                                co_await c.wait_for([&] { return n > 0; });
                                --n;
                            });
                        } catch (const TimeoutError&) {  // who adds was cancelled
                            co_return;
                        }
                    }(*lock, *changed, items));
                }
                co_return;
            });
        },
        20,
        [&]() -> std::string {
            if (lock->locked()) return "the lock is held";
            return permit->locked() ? "the permit is gone" : "";
        });
}

TEST(OnceCancelledEverywhere, what_is_shielded_or_waited_for_ends) {
    expect_nothing_is_left(
        [](World&) -> Coro<> {
            Queue<int> queue(1);
            Lock lock;
            for (int i = 0; i < 3; ++i) {
                const auto guard = co_await lock.scoped();
                co_await queue.put(i);
                co_await shield(sleep(1ms));
                co_await wait_for(queue.get(), 1s);
            }
        },
        20);
}

TEST(OnceCancelledEverywhere, events_barriers_and_futures_leave_nobody) {
    expect_nothing_is_left(
        [](World&) -> Coro<> {
            Event event;
            Barrier barrier(2);
            auto meets = [](Event& e, Barrier& b) -> Coro<> {
                try {
                    co_await timeout(1min, [&]() -> Coro<> {
                        co_await e.wait();
                        co_await b.wait();
                    });
                } catch (const TimeoutError&) {  // the other one was cancelled
                    co_return;
                } catch (const BrokenBarrierError&) {
                    co_return;
                }
            };
            const Task<> first = create_task(meets(event, barrier));
            const Task<> second = create_task(meets(event, barrier));
            struct Cancels {
                const Task<>&one, &other;
                ~Cancels() {
                    one.cancel();
                    other.cancel();
                }
            } const cancels{first, second};
            co_await hocket::sleep(1ms);
            event.set();
            co_await wait({first, second});
        },
        10);
}

}  // namespace
}  // namespace hocket::sim
