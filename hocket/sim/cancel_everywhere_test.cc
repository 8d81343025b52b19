// SPDX-License-Identifier: MIT
// A program that is cancelled at each place where it waits: what is found, and that nothing is found in a right one.
#include <hocket/hocket.h>
#include <hocket/sim/cancel_everywhere.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;

Coro<> echo(StreamReader reader, StreamWriter writer) {
    const std::string line = co_await reader.readexactly(5);
    co_await writer.write(line);
}

Coro<> echo_server() {
    const Server server = co_await start_server(echo, "0.0.0.0", 80);
    co_await server.serve_forever();
}

TEST(OnceCancelEverywhere, a_program_that_cleans_up_passes) {
    const CancelReport report = cancel_everywhere([](World& world) -> Coro<> {
        const Host server = world.host("server", echo_server);
        co_await sleep(1s);
        auto [reader, writer] = co_await open_connection(server.address().host(), 80);
        co_await writer.write("hello");
        const std::string answer = co_await reader.readexactly(5);
        if (answer != "hello") world.fail("the answer is " + answer);
        writer.close();
        co_await writer.wait_closed();
    });
    EXPECT_TRUE(report.ok) << report.error;
    EXPECT_GE(report.points, 3U);
    EXPECT_EQ(report.error, "");
}

// Closes its connection at its end only; the second wait is the first with one open.
Coro<> forgetful(World& world, std::vector<std::unique_ptr<StreamWriter>>& kept) {
    kept.clear();
    const Host server = world.host("server", echo_server);
    co_await sleep(1s);
    auto [reader, writer] = co_await open_connection(server.address().host(), 80);
    kept.push_back(std::make_unique<StreamWriter>(std::move(writer)));
    co_await sleep(1s);
    kept.clear();
}

TEST(OnceCancelEverywhere, a_connection_that_stays_open_is_found_with_the_place) {
    std::vector<std::unique_ptr<StreamWriter>> kept;
    const CancelReport report = cancel_everywhere([&kept](World& world) { return forgetful(world, kept); });
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(report.points, 3U);
    EXPECT_EQ(report.point, 3U);
    EXPECT_EQ(report.error.substr(0, report.error.find('\n')),
              "cancelled at suspension 3 of 3: after its end 1 descriptor is left open");
    EXPECT_NE(report.where.find("waits for sleep, 1.000 s left"), std::string::npos) << report.where;
    EXPECT_NE(report.where.find("forgetful"), std::string::npos) << report.where;
    EXPECT_NE(report.where.find("cancel_everywhere_test.cc:"), std::string::npos) << report.where;
    EXPECT_NE(report.story.find("main      is cancelled\n"), std::string::npos) << report.story;
}

TEST(OnceCancelEverywhere, each_suspension_counts_once_also_at_one_place) {
    unsigned resumed = 0, fewest = 100;
    const CancelReport report = cancel_everywhere(
        [&](World&) -> Coro<> {
            resumed = 0;
            for (int i = 0; i < 5; ++i) {
                co_await sleep(1ms);
                ++resumed;
            }
            for (int i = 0; i < 5; ++i) {
                co_await sleep(0);
                ++resumed;
            }
        },
        {.invariant = [&] {
            fewest = std::min(fewest, resumed);
            return std::string();
        }});
    EXPECT_TRUE(report.ok) << report.error;
    EXPECT_EQ(report.points, 10U);
    EXPECT_EQ(fewest, 0U);
}

TEST(OnceCancelEverywhere, an_await_that_does_not_suspend_is_no_point) {
    const CancelReport report = cancel_everywhere([](World&) -> Coro<> {
        hocket::Event event;
        event.set();
        for (int i = 0; i < 5; ++i) co_await event.wait();
    });
    EXPECT_TRUE(report.ok) << report.error;
    EXPECT_EQ(report.points, 0U);
}

TEST(OnceCancelEverywhere, suspensions_below_a_call_count) {
    static constexpr auto inner = []() -> Coro<> {
        co_await sleep(1ms);
        co_await sleep(1ms);
    };
    const CancelReport report = cancel_everywhere([](World&) -> Coro<> {
        co_await inner();
        co_await inner();
    });
    EXPECT_EQ(report.points, 4U);
}

TEST(OnceCancelEverywhere, a_task_that_is_left_is_found) {
    std::optional<Task<>> background;
    const CancelReport report = cancel_everywhere([&](World&) -> Coro<> {
        background = create_task([]() -> Coro<> { co_await sleep(1h); }());
        co_await sleep(1ms);
        background->cancel();
    });
    background.reset();
    EXPECT_EQ(report.point, 1U);
    EXPECT_NE(report.error.find("after its end 1 task is left\n"), std::string::npos) << report.error;
}

TEST(OnceCancelEverywhere, a_program_that_hangs_when_it_is_cancelled_is_found) {
    const CancelReport report = cancel_everywhere([](World&) -> Coro<> {
        bool cancelled = false;
        try {
            co_await sleep(1ms);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        if (cancelled) co_await get_running_loop().create_future<void>();
    });
    EXPECT_EQ(report.point, 1U);
    EXPECT_NE(report.error.find("deadlock: everybody waits"), std::string::npos) << report.error;
}

TEST(OnceCancelEverywhere, another_exception_than_a_cancel_is_wrong_unless_it_may_be) {
    const Main body = [](World&) -> Coro<> {
        try {
            co_await sleep(1ms);
        } catch (const CancelledError&) {
            throw ValueError("in the middle");
        }
    };
    const CancelReport report = cancel_everywhere(body);
    EXPECT_NE(report.error.find("it ends with hocket::ValueError: in the middle"), std::string::npos) << report.error;
    EXPECT_TRUE(cancel_everywhere(body, {.may_end = [](const std::exception_ptr&) { return true; }}).ok);
}

TEST(OnceCancelEverywhere, an_invariant_that_breaks_is_found_with_the_point) {
    int balance = 0;
    const CancelReport report = cancel_everywhere(
        [&](World&) -> Coro<> {
            balance = 0;
            co_await sleep(1ms);
            ++balance;
            co_await sleep(1ms);
            --balance;
            co_await sleep(1ms);
        },
        {.invariant = [&] { return balance == 0 ? "" : "the balance is " + std::to_string(balance); }});
    EXPECT_EQ(report.point, 2U);
    EXPECT_NE(report.error.find("of 3: the balance is 1\n"), std::string::npos) << report.error;
}

// ---- hocket's own

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

Coro<> exchanges(Host server) {
    auto [reader, writer] = co_await open_connection(server.address().host(), 80);
    co_await writer.write(std::string(3000, 'x'));
    co_await reader.readexactly(3000);
    writer.close();
    co_await writer.wait_closed();
}

Coro<> uses_much(World& world) {
    const Host server = world.host("server", []() -> Coro<> {
        const Server own = co_await start_server(echoes, "0.0.0.0", 80);
        co_await own.serve_forever();
    });
    co_await sleep(1s);
    co_await task_group([&](TaskGroup& group) -> Coro<> {
        for (int i = 0; i < 3; ++i) group.create_task(exchanges(server));
        co_return;
    });
    Queue<int> queue(1);
    Lock lock;
    for (int i = 0; i < 3; ++i) {
        const auto guard = co_await lock.scoped();
        co_await queue.put(i);
        co_await shield(sleep(1ms));
        co_await wait_for(queue.get(), 1s);
    }
}

TEST(OnceCancelEverywhere, streams_groups_queues_and_locks_leave_nothing_whatever_is_slow) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CancelOptions options;
        options.config = Config::swarm(seed);
        NetworkConfig& n = options.config.network;
        n.reset = n.refused = n.no_descriptors = n.no_buffers = 0;
        n.descriptors = 1024;
        n.buffer = 65536;  // what a cancelled write has left is sent in any case: there has to be room for it
        const CancelReport report = cancel_everywhere(uses_much, options);
        EXPECT_TRUE(report.ok) << "seed " << seed << ": " << report.error << "\n" << report.story;
    }
}

}  // namespace
}  // namespace hocket::sim
