// SPDX-License-Identifier: MIT
// The simulated network: time, faults, links that are cut, the sockets' rules.
#include <hocket/core/await_graph.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/wait_for.h>
#include <hocket/io/signals.h>
#include <hocket/net/connect_pipe.h>
#include <hocket/net/datagram_endpoint.h>
#include <hocket/net/datagram_socket_internal.h>
#include <hocket/net/sock_calls.h>
#include <hocket/sim/run_in_world_test.h>
#include <hocket/sync/event.h>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using testing::echo_server;
using testing::error_of;
using ::testing::HasSubstr;
using testing::run_calmly;

std::int64_t milliseconds(Duration d) { return d.count() / 1'000'000; }

Coro<Duration> round_trip(World& world, const StreamReader& reader, const StreamWriter& writer) {
    const Duration before = world.now();
    co_await writer.write("x");
    co_await reader.readexactly(1);
    co_return std::chrono::nanoseconds(world.now().count() - before.count());
}

TEST(OnceSimNetwork, a_packet_takes_the_latency_of_its_link) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        EXPECT_EQ(milliseconds(co_await round_trip(world, reader, writer)), 1);
        world.latency(world.main(), a, {100ms, 100ms});
        EXPECT_EQ(milliseconds(co_await round_trip(world, reader, writer)), 200);
    });
}

TEST(OnceSimNetwork, what_is_sent_over_a_cut_link_arrives_when_it_is_whole_again) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.partition(world.main(), a);
        co_await writer.write("hello");
        EXPECT_THROW(co_await wait_for(reader.read(5), 1min), TimeoutError);
        world.heal(world.main(), a);
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
    });
}

TEST(OnceSimNetwork, bytes_keep_their_order_when_a_link_is_healed) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Config config;
        config.seed = seed;
        config.network.slow = 0.3;
        const Outcome outcome = run(config, [](World& world) -> Coro<> {
            const Host a = world.host("a", echo_server);
            co_await sleep(1s);
            auto [reader, writer] = co_await open_connection("a", 7);
            std::string sent;
            for (char c = 'a'; c <= 'p'; ++c) {
                if (c == 'd') world.partition(world.main(), a);
                if (c == 'k') world.heal(world.main(), a);
                const std::string part(3, c);
                sent += part;
                co_await writer.write(part);
                co_await sleep(1ms);
            }
            EXPECT_EQ(co_await reader.readexactly(sent.size()), sent);
        });
        EXPECT_TRUE(outcome.ok) << outcome.error;
    }
}

TEST(OnceSimNetwork, a_link_may_be_cut_in_one_direction) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        std::string arrived;
        world.rule([&](Host from, Host, std::string_view data) {
            arrived += from.name() + ":" + std::string(data) + " ";
            return Verdict::pass;
        });
        world.partition(a, world.main(), false);
        co_await writer.write("hello");
        EXPECT_THROW(co_await wait_for(reader.read(5), 1min), TimeoutError);
        world.heal(a, world.main(), false);
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
        EXPECT_EQ(arrived, "main:hello a:hello ");
    });
}

TEST(OnceSimNetwork, what_a_rule_throws_fails_the_run) {
    const Outcome outcome = run(Config::calm(), [](World& world) -> Coro<> {
        world.host("a", echo_server);
        co_await sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.rule([](Host, Host, std::string_view) -> Verdict { throw ValueError("which verdict?"); });
        co_await writer.write("hello");
        co_await sleep(1h);
    });
    EXPECT_EQ(outcome.error, "a rule throws hocket::ValueError: which verdict?");
}

TEST(OnceSimNetwork, a_rule_only_judges) {
    const std::vector<std::function<void(World&, Host)>> deeds = {
        [](World& world, Host a) { world.crash(a); },   [](World& world, Host) { world.crash(world.main()); },
        [](World& world, Host a) { world.kill(a); },    [](World& world, Host a) { world.signal(a, SIGTERM); },
        [](World& world, Host a) { world.restart(a); }, [](World& world, Host) { world.host("b", echo_server); },
        [](World& world, Host) { world.rule({}); },
    };
    for (const auto& deed : deeds) {
        run_calmly([&](World& world) -> Coro<> {
            const Host a = world.host("a", echo_server);
            co_await sleep(1s);
            auto [reader, writer] = co_await open_connection("a", 7);
            std::string said;
            world.rule([&](Host, Host, std::string_view) {
                try {
                    deed(world, a);
                } catch (const RuntimeError& e) {
                    said = e.what();
                }
                return Verdict::pass;
            });
            co_await writer.write("hello");
            EXPECT_EQ(co_await reader.readexactly(5), "hello");
            EXPECT_EQ(said, "a rule only judges packets: what is done to hosts is for a task to do");
        });
    }
}

TEST(OnceSimNetwork, a_connection_over_a_link_that_stays_cut_times_out) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.partition(world.main(), a);
        co_await writer.write("hello");
        EXPECT_THAT(co_await error_of(reader.read(1)), HasSubstr("Connection timed out"));
        EXPECT_GE(milliseconds(world.now()), 924'000);
    });
}

TEST(OnceSimNetwork, a_connection_without_a_listener_is_refused) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        EXPECT_EQ(co_await error_of(open_connection(a.address().host(), 8)),
                  "connect to 10.0.0.2:8: Connection refused");
        EXPECT_EQ(co_await error_of(open_connection("10.0.0.9", 8)), "connect to 10.0.0.9:8: Network is unreachable");
    });
}

Coro<> server_that_does_not_read() {
    const auto silent = [](StreamReader, StreamWriter) -> Coro<> { co_await sleep(1h); };
    const Server server = co_await start_server(silent, "", 7);
    co_await server.serve_forever();
}

TEST(OnceSimNetwork, a_writer_waits_for_a_reader_that_does_not_read) {
    run_calmly([](World& world) -> Coro<> {
        world.host("a", server_that_does_not_read);
        co_await sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        EXPECT_THROW(co_await wait_for(writer.write(std::string(1'000'000, 'x')), 1min), TimeoutError);
    });
}

// As with asyncio.
TEST(OnceSimNetwork, a_close_waits_for_such_a_reader_and_an_abort_does_not) {
    run_calmly([](World& world) -> Coro<> {
        world.host("a", server_that_does_not_read);
        co_await sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        EXPECT_THROW(co_await wait_for(writer.write(std::string(1'000'000, 'x')), 1s), TimeoutError);
        writer.close();
        EXPECT_THROW(co_await wait_for(writer.wait_closed(), 1min), TimeoutError);
        writer.abort();
        co_await writer.wait_closed();
    });
}

TEST(OnceSimNetwork, who_reads_names_the_host_s_descriptor_and_the_peer) {
    run_calmly([](World& world) -> Coro<> {
        world.host("a", server_that_does_not_read);
        co_await sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        const Task<std::string> reading = create_task(reader.readline());
        co_await sleep(1s);
        EXPECT_EQ(capture_call_graph(reading).state, "waits for read from descriptor " +
                                                         std::to_string(reader.transport()->fileno()) + ", TCP to " +
                                                         reader.transport()->peername().str());
        reading.cancel();
    });
}

TEST(OnceSimNetwork, descriptors_of_the_real_system_are_not_the_host_s) {
    run_calmly([](World&) -> Coro<> {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) < 0) throw RuntimeError("no pipe");
        const std::string reading = std::to_string(ends[0]), writing = std::to_string(ends[1]);
        EXPECT_EQ(co_await error_of(connect_read_pipe(ends[0])),
                  "connect a stream to descriptor " + reading + ": Operation not supported");
        EXPECT_EQ(co_await error_of(connect_write_pipe(ends[1])),
                  "connect a stream to descriptor " + writing + ": Operation not supported");
        EXPECT_EQ(co_await error_of(sock_recv(ends[0], 1)),
                  "receive from descriptor " + reading + ": Operation not supported");
        EXPECT_THAT(co_await error_of(connect_read_pipe(1'000'000)), HasSubstr("Bad file descriptor"));
        ::close(ends[0]);
        ::close(ends[1]);
    });
}

TEST(OnceSimNetwork, one_end_may_be_closed_before_the_other) {
    run_calmly([](World& world) -> Coro<> {
        world.host("a", []() -> Coro<> {
            const auto answer = [](StreamReader reader, StreamWriter writer) -> Coro<> {
                const std::string all = co_await reader.read();
                co_await sleep(1s);
                co_await writer.write(std::to_string(all.size()));
            };
            const Server server = co_await start_server(answer, "", 7);
            co_await server.serve_forever();
        });
        co_await sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        co_await writer.write(std::string(200'000, 'x'));
        writer.write_eof();
        EXPECT_EQ(co_await reader.read(), "200000");
    });
}

TEST(OnceSimNetwork, a_port_has_one_listener) {
    run_calmly([](World&) -> Coro<> {
        const auto nothing = [](StreamReader, StreamWriter) -> Coro<> { co_return; };
        const Server first = co_await start_server(nothing, "10.0.0.1", 7);
        EXPECT_THAT(co_await error_of(start_server(nothing, "10.0.0.1", 7)), HasSubstr("Address already in use"));
        EXPECT_THAT(co_await error_of(start_server(nothing, "10.0.0.2", 7)),
                    HasSubstr("Cannot assign requested address"));
        const Server other = co_await start_server(nothing, "127.0.0.1", 0);
        EXPECT_NE(other.port(), 0);
    });
}

TEST(OnceSimNetwork, descriptors_are_limited) {
    Config config = Config::calm();
    config.network.descriptors = 2;
    const Outcome outcome = run(config, [](World&) -> Coro<> {
        const auto nothing = [](StreamReader, StreamWriter) -> Coro<> { co_return; };
        const Server first = co_await start_server(nothing, "10.0.0.1", 1);
        Server second = co_await start_server(nothing, "10.0.0.1", 2);
        EXPECT_THAT(co_await error_of(start_server(nothing, "10.0.0.1", 3)), HasSubstr("Too many open files"));
        second.close();
        co_await second.wait_closed();
        const Server third = co_await start_server(nothing, "10.0.0.1", 3);
    });
    EXPECT_TRUE(outcome.ok) << outcome.error;
}

// The table of descriptors grows in the middle of what is tried on one socket.
TEST(OnceSimNetwork, tasks_that_wait_for_connections_of_one_socket_get_one_each) {
    run_calmly([](World& world) -> Coro<> {
        Backend& backend = get_running_loop().backend();
        const RawAddress address = world.main().address(7).raw();
        const int listener = backend.socket(AF_INET, SOCK_STREAM, 0);
        EXPECT_EQ(backend.bind(listener, address.get(), address.size), 0);
        EXPECT_EQ(backend.listen(listener, 100), 0);
        std::vector<Task<std::pair<Descriptor, Address>>> accepting;
        accepting.reserve(100);
        for (int i = 0; i < 100; ++i) accepting.push_back(create_task(sock_accept(listener)));
        world.host("a", []() -> Coro<> {
            std::vector<std::pair<StreamReader, StreamWriter>> connections;
            connections.reserve(100);
            for (int i = 0; i < 100; ++i) connections.push_back(co_await open_connection("main", 7));
            co_await sleep(1s);
        });
        std::set<std::uint16_t> ports;
        for (auto& task : accepting) ports.insert((co_await task).second.port());
        EXPECT_EQ(ports.size(), 100U);
        backend.close(listener);
    });
}

TEST(OnceSimNetwork, a_signal_calls_its_handler_or_has_its_effect) {
    run_calmly([](World& world) -> Coro<> {
        std::string log;
        const auto program = [&]() -> Coro<> {
            return [](std::string& to) -> Coro<> {
                add_signal_handler(get_running_loop(), SIGHUP, [&to] { to += "hangup "; });
                try {
                    co_await sleep(1h);
                } catch (const CancelledError&) {
                    to += "cancelled ";
                    throw;
                }
            }(log);
        };
        const Host a = world.host("a", program);
        co_await sleep(1s);
        world.signal(a, SIGHUP);
        co_await sleep(1s);
        EXPECT_EQ(log, "hangup ");
        EXPECT_TRUE(a.running());
        world.signal(a, SIGINT);
        co_await sleep(1s);
        EXPECT_EQ(log, "hangup cancelled ");
        EXPECT_FALSE(a.running());
        world.restart(a);
        co_await sleep(1s);
        world.signal(a, SIGTERM);
        EXPECT_FALSE(a.running());
        EXPECT_EQ(log, "hangup cancelled ");
    });
}

TEST(OnceSimNetwork, wall_clocks_may_differ) {
    run_calmly([](World& world) -> Coro<> {
        std::int64_t there = 0;
        const Host a = world.host("a", [&]() -> Coro<> {
            return [](std::int64_t& time) -> Coro<> {
                co_await sleep(1s);
                time = get_running_loop().backend().wall_time();
            }(there);
        });
        world.skew(a, 1h);
        co_await sleep(2s);
        const std::int64_t here = get_running_loop().backend().wall_time();
        EXPECT_EQ((there - here + 1'500'000'000) / 1'000'000'000, 3600);
    });
}

TEST(OnceSimNetwork, equal_seeds_give_equal_runs) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Config config = Config::swarm(seed);
        EXPECT_EQ(check_determinism(config,
                                    [](World& world) -> Coro<> {
                                        world.host("a", echo_server);
                                        co_await sleep(1s);
                                        auto [reader, writer] = co_await open_connection("a", 7);
                                        for (int i = 0; i < 20; ++i) co_await round_trip(world, reader, writer);
                                    }),
                  "");
    }
}

}  // namespace
}  // namespace hocket::sim
