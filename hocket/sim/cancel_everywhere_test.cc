// SPDX-License-Identifier: MIT
// A program that is cancelled at each place where it waits: what is found, and that nothing is found in a right one.
#include <hocket/hocket.h>
#include <hocket/sim/cancel_everywhere.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
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
        co_await hocket::sleep(1s);
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

// Closes its connection at its end only.
Coro<> forgetful(World& world, std::vector<std::unique_ptr<StreamWriter>>& kept) {
    kept.clear();
    const Host server = world.host("server", echo_server);
    co_await hocket::sleep(1s);
    auto [reader, writer] = co_await open_connection(server.address().host(), 80);
    kept.push_back(std::make_unique<StreamWriter>(std::move(writer)));
    co_await hocket::sleep(1s);
    kept.clear();
}

TEST(OnceCancelEverywhere, a_connection_that_stays_open_is_found_with_the_place) {
    std::vector<std::unique_ptr<StreamWriter>> kept;
    const CancelReport report = cancel_everywhere([&kept](World& world) { return forgetful(world, kept); });
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(report.points, 5U);
    EXPECT_EQ(report.point, 4U);  // where it first waits with one open
    EXPECT_EQ(report.error.substr(0, report.error.find('\n')),
              "cancelled at point 4 of 5: after its end 1 descriptor is left open");
    EXPECT_NE(report.where.find("waits for sleep, 1.000 s left"), std::string::npos) << report.where;
    EXPECT_NE(report.where.find("forgetful"), std::string::npos) << report.where;
    EXPECT_NE(report.where.find("cancel_everywhere_test.cc:"), std::string::npos) << report.where;
    EXPECT_NE(report.story.find("main      is cancelled\n"), std::string::npos) << report.story;
}

TEST(OnceCancelEverywhere, each_wait_counts_also_at_one_place_and_once_more_when_what_it_waits_for_has_come) {
    unsigned resumed = 0, fewest = 100;
    const CancelReport report = cancel_everywhere(
        [&](World&) -> Coro<> {
            resumed = 0;
            for (int i = 0; i < 5; ++i) {
                co_await hocket::sleep(1ms);
                ++resumed;
            }
            for (int i = 0; i < 5; ++i) {
                co_await hocket::sleep(0);
                ++resumed;
            }
        },
        {.invariant = [&] {
            fewest = std::min(fewest, resumed);
            return std::string();
        }});
    EXPECT_TRUE(report.ok) << report.error;
    EXPECT_EQ(report.points, 5U * 2 + 5);  // sleep(0) waits for nothing
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
        co_await hocket::sleep(1ms);
        co_await hocket::sleep(1ms);
    };
    const CancelReport report = cancel_everywhere([](World&) -> Coro<> {
        co_await inner();
        co_await inner();
    });
    EXPECT_EQ(report.points, 8U);
}

// What a task of a group has opened is closed at its end only.
Coro<> forgets_in_a_task(World& world, std::vector<std::unique_ptr<StreamWriter>>& kept) {
    kept.clear();
    const Host server = world.host("server", echo_server);
    co_await hocket::sleep(1s);
    co_await task_group([&](TaskGroup& group) -> Coro<> {
        group.create_task([](Host to, std::vector<std::unique_ptr<StreamWriter>>& open) -> Coro<> {
            auto [reader, writer] = co_await open_connection(to.address().host(), 80);
            open.push_back(std::make_unique<StreamWriter>(std::move(writer)));
            co_await open.back()->write("hello");
            co_await reader.readexactly(5);
            open.clear();
        }(server, kept));
        co_return;
    });
}

TEST(OnceCancelEverywhere, the_waits_of_other_tasks_are_points_too) {
    std::vector<std::unique_ptr<StreamWriter>> kept;
    const CancelReport report = cancel_everywhere([&kept](World& world) { return forgets_in_a_task(world, kept); });
    EXPECT_NE(report.error.find("after its end 1 descriptor is left open"), std::string::npos) << report.error;
    EXPECT_NE(report.where.find("forgets_in_a_task"), std::string::npos) << report.where;
    EXPECT_NE(report.where.find("waits for write to"), std::string::npos) << report.where;
}

Coro<> counts_its_end(unsigned& ended) {
    co_await hocket::sleep(1ms);
    ++ended;
}

TEST(OnceCancelEverywhere, a_task_may_be_cancelled_alone) {
    unsigned ended = 0, partly = 0;
    const Main body = [&ended](World&) -> Coro<> {
        ended = 0;
        co_await task_group([&ended](TaskGroup& group) -> Coro<> {
            for (int i = 0; i < 3; ++i) group.create_task(counts_its_end(ended));
            co_return;
        });
    };
    const auto count = [&] {
        if (ended == 2) ++partly;
        return std::string();
    };
    EXPECT_TRUE(cancel_everywhere(body, {.invariant = count}).ok);
    EXPECT_EQ(partly, 0U);
    EXPECT_TRUE(cancel_everywhere(body, {.invariant = count, .each_task_alone = true}).ok);
    EXPECT_EQ(partly, 6U);  // each of the three, where it sleeps and when its time has come
    const CancelReport report = cancel_everywhere(
        body, {.invariant = [&ended] { return ended == 2 ? "one is missing" : ""; }, .each_task_alone = true});
    EXPECT_NE(report.error.find("one is missing"), std::string::npos) << report.error;
    EXPECT_NE(report.where.find("counts_its_end"), std::string::npos) << report.where;
    EXPECT_TRUE(report.where.starts_with("Task-")) << report.where;  // one of the group's tasks, not who waits for them
    EXPECT_NE(report.story.find("main      Task-"), std::string::npos) << report.story;
}

TEST(OnceCancelEverywhere, a_task_that_is_left_is_found) {
    std::optional<Task<>> background;
    const CancelReport report = cancel_everywhere([&](World&) -> Coro<> {
        background = create_task([]() -> Coro<> { co_await hocket::sleep(1h); }());
        co_await hocket::sleep(1ms);
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
            co_await hocket::sleep(1ms);
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
            co_await hocket::sleep(1ms);
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
            co_await hocket::sleep(1ms);
            ++balance;
            co_await hocket::sleep(1ms);
            --balance;
            co_await hocket::sleep(1ms);
        },
        {.invariant = [&] { return balance == 0 ? "" : "the balance is " + std::to_string(balance); }});
    EXPECT_EQ(report.point, 3U);
    EXPECT_NE(report.error.find("of 6: the balance is 1\n"), std::string::npos) << report.error;
}

}  // namespace
}  // namespace hocket::sim
