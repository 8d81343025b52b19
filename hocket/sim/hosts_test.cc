// SPDX-License-Identifier: MIT
// Programs on hosts: how they begin, end, fail, crash, and are started again.
#include <hocket/core/sleep.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/wait_for.h>
#include <hocket/os/executor.h>
#include <hocket/sim/run_in_world_test.h>
#include <hocket/sync/event.h>

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using testing::echo_server;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::run_calmly;

TEST(OnceSimHosts, an_hour_of_sleep_takes_no_time) {
    const Outcome outcome = run_calmly([](World&) -> Coro<> { co_await hocket::sleep(30min); });
    EXPECT_GE(outcome.virtual_time.count(), Duration(30min).count());
    EXPECT_LT(outcome.steps, 20U);
}

TEST(OnceSimHosts, a_run_ends_with_its_main_program_and_cancels_the_others) {
    std::vector<std::string> log;
    const auto wait = [](std::vector<std::string>& to) -> Coro<> {
        try {
            co_await hocket::sleep(1h);
        } catch (const CancelledError&) {
            to.push_back("cancelled");
            throw;
        }
    };
    run_calmly([&](World& world) -> Coro<> {
        world.host("a", [&] { return wait(log); });
        co_await hocket::sleep(1s);
        log.push_back("main ends");
    });
    EXPECT_THAT(log, ElementsAre("main ends", "cancelled"));
}

TEST(OnceSimHosts, a_program_that_throws_fails_the_run) {
    const Outcome outcome = run(Config::calm(7), [](World& world) -> Coro<> {
        world.host("a", []() -> Coro<> {
            co_await hocket::sleep(1s);
            throw ValueError("no");
        });
        co_await hocket::sleep(1h);
    });
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.error, "a: hocket::ValueError: no");
    EXPECT_EQ(outcome.seed, 7U);
}

TEST(OnceSimHosts, so_does_an_exception_that_nobody_retrieves) {
    const Outcome outcome = run(Config::calm(), [](World&) -> Coro<> {
        create_task([]() -> Coro<> {
            co_await hocket::sleep(1s);
            throw ValueError("no");
        });
        co_await hocket::sleep(1h);
    });
    EXPECT_THAT(outcome.error, HasSubstr("Task exception was never retrieved"));
}

TEST(OnceSimHosts, a_deadlock_fails_the_run_and_says_who_waits_for_what) {
    const Outcome outcome = run(Config::calm(), [](World& world) -> Coro<> {
        world.host("a", []() -> Coro<> {
            Event never;
            co_await never.wait();
        });
        Event neither;
        co_await neither.wait();
    });
    EXPECT_THAT(outcome.error, HasSubstr("deadlock"));
    EXPECT_THAT(outcome.error, HasSubstr("a:\n"));
    EXPECT_THAT(outcome.error, HasSubstr("Event"));
}

TEST(OnceSimHosts, a_loop_that_never_rests_is_a_livelock) {
    Config config = Config::calm();
    config.max_steps = 1000;
    const Outcome outcome = run(config, [](World&) -> Coro<> {
        for (;;) co_await hocket::sleep(0s);
    });
    EXPECT_THAT(outcome.error, HasSubstr("livelock"));
}

TEST(OnceSimHosts, a_run_has_a_time_limit) {
    const Outcome outcome = run(Config::calm(), [](World&) -> Coro<> {
        for (;;) co_await hocket::sleep(1min);
    });
    EXPECT_THAT(outcome.error, HasSubstr("time limit of 3600"));
}

TEST(OnceSimHosts, a_main_task_has_the_name_of_its_host) {
    const Outcome outcome = run(Config::calm(), [](World& world) -> Coro<> {
        world.host("a", []() -> Coro<> { co_await Event().wait(); });
        co_await Event().wait();
    });
    EXPECT_THAT(outcome.error, HasSubstr("\na:\na: waits for Event"));
    EXPECT_THAT(outcome.error, HasSubstr("\nmain:\nmain: waits for Event"));
    EXPECT_EQ(outcome.error.find("created at"), std::string::npos) << outcome.error;
}

TEST(OnceSimHosts, what_a_program_throws_that_is_no_coroutine_fails_the_run) {
    const auto refuse = [](World&) -> Coro<> { throw ValueError("no main"); };
    const Outcome outcome = run(Config::calm(), refuse);
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.error, "main: hocket::ValueError: no main");

    bool runs = true;
    const Outcome other = run(Config::calm(), [&runs](World& world) -> Coro<> {
        const Host a = world.host("a", []() -> Coro<> { throw ValueError("no program"); });
        runs = a.running();
        co_await hocket::sleep(1s);
    });
    EXPECT_EQ(other.error, "a: hocket::ValueError: no program");
    EXPECT_FALSE(runs);
}

Coro<> take_turns_until_all_have(const std::vector<int>& turns, int& mine) {
    while (std::ranges::count(turns, 0) > 0) {
        ++mine;
        co_await hocket::sleep(0s);
    }
}

TEST(OnceSimHosts, of_a_hundred_that_are_never_idle_none_starves) {
    std::vector<int> turns(100);
    Config config = Config::calm();
    config.max_spins = 100'000;
    const Outcome outcome = run(config, [&](World& world) -> Coro<> {
        for (int& mine : turns) {
            world.host("host" + std::to_string(&mine - turns.data()),
                       [&turns, &mine] { return take_turns_until_all_have(turns, mine); });
        }
        co_await hocket::sleep(1s);
    });
    EXPECT_TRUE(outcome.ok) << outcome.error.substr(0, 200);
    EXPECT_EQ(std::ranges::count(turns, 0), 0);
}

TEST(OnceSimHosts, a_handle_is_equal_to_another_of_the_same_host) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        EXPECT_EQ(a, world.host_named("a"));
        EXPECT_NE(a, world.main());
        co_return;
    });
}

TEST(OnceSimHosts, a_name_is_one_host_s) {
    run_calmly([](World& world) -> Coro<> {
        world.host("a", []() -> Coro<> { co_return; });
        EXPECT_THROW(world.host("a", []() -> Coro<> { co_return; }), ValueError);
        co_return;
    });
}

TEST(OnceSimHosts, hosts_find_each_other_by_name) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        EXPECT_EQ(a.address(7).str(), "10.0.0.2:7");
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        co_await writer.write("hello");
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
        EXPECT_EQ(co_await testing::error_of(open_connection("b", 7)), "resolve b: Name or service not known");
    });
}

TEST(OnceSimHosts, tasks_that_are_ready_together_may_run_in_any_order) {
    std::set<std::string> orders;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Config config = Config::calm(seed);
        config.shuffle_tasks = true;
        std::string order;
        const auto add = [&order](char c) -> Coro<> {
            return [](std::string& to, char what) -> Coro<> {
                to += what;
                co_return;
            }(order, c);
        };
        const Outcome outcome = run(config, [&](World&) -> Coro<> { co_await gather(add('a'), add('b'), add('c')); });
        EXPECT_TRUE(outcome.ok);
        orders.insert(order);
    }
    EXPECT_EQ(orders.size(), 6U);
}

// ---- Crashes

TEST(OnceSimHosts, a_crash_destroys_the_tasks_and_others_hear_nothing) {
    bool destroyed = false;
    run_calmly([&](World& world) -> Coro<> {
        struct Mark {
            bool& set;
            ~Mark() { set = true; }
        };
        const Host a = world.host("a", [&]() -> Coro<> {
            return [](bool& mark) -> Coro<> {
                const Mark here{mark};
                co_await echo_server();
            }(destroyed);
        });
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.crash(a);
        EXPECT_TRUE(destroyed);
        EXPECT_FALSE(a.up());
        EXPECT_FALSE(a.running());
        EXPECT_EQ(co_await testing::error_of(wait_for(reader.read(1), 10min)), "timed out");
    });
}

TEST(OnceSimHosts, what_is_sent_to_a_crashed_host_is_refused_when_it_is_back) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.crash(a);
        co_await writer.write("hello");
        co_await hocket::sleep(1min);
        world.restart(a);
        EXPECT_TRUE(a.up());
        EXPECT_EQ(co_await testing::error_of(reader.read(1)), "read from [fd00::2]:7: Connection reset by peer");
        co_await hocket::sleep(1s);
        auto [again, to] = co_await open_connection(a.address().host(), 7);
        co_await to.write("x");
        EXPECT_EQ(co_await again.readexactly(1), "x");
    });
}

TEST(OnceSimHosts, a_connection_to_a_crashed_host_times_out) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        world.crash(a);
        const Duration before = world.now();
        EXPECT_EQ(co_await testing::error_of(open_connection(a.address().host(), 7)),
                  "connect to 10.0.0.2:7: Connection timed out");
        EXPECT_EQ((world.now().count() - before.count()) / 1'000'000'000, 127);
    });
}

TEST(OnceSimHosts, a_host_that_crashes_itself_has_no_effect_any_more) {
    run_calmly([](World& world) -> Coro<> {
        const Host b = world.host("b", echo_server);
        co_await hocket::sleep(1s);
        bool came_back = false;
        std::string sent;
        const Host a = world.host("a", [&]() -> Coro<> {
            return [](World& w, Host other, bool& back, std::string& result) -> Coro<> {
                auto [reader, writer] = co_await open_connection(other.address().host(), 7);
                for (const Host h : {w.host_named("a")}) w.crash(h);
                result = co_await testing::error_of(writer.write("x"));
                back = true;
            }(world, b, came_back, sent);
        });
        co_await hocket::sleep(1s);
        EXPECT_FALSE(a.up());
        EXPECT_FALSE(came_back);
    });
}

TEST(OnceSimHosts, a_program_that_is_killed_closes_what_it_had) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.kill(a);
        EXPECT_TRUE(a.up());
        EXPECT_EQ(co_await reader.read(1), "");
        EXPECT_EQ(co_await testing::error_of(open_connection(a.address().host(), 7)),
                  "connect to 10.0.0.2:7: Connection refused");
    });
}

TEST(OnceSimHosts, a_paused_host_goes_on_where_it_was) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.pause(a);
        co_await writer.write("hello");
        EXPECT_THROW(co_await wait_for(reader.read(1), 1min), TimeoutError);
        world.resume(a);
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
    });
}

// ---- Jobs

TEST(OnceSimHosts, jobs_of_executors_run_between_the_steps) {
    run_calmly([](World&) -> Coro<> {
        EXPECT_EQ(co_await to_thread([] { return 1 + 1; }), 2);
        ThreadPoolExecutor pool({.max_workers = 1});
        std::vector<int> order;
        const auto add = [&](int n) { order.push_back(n); };
        co_await gather(run_in_executor(pool, add, 1), run_in_executor(pool, add, 2), run_in_executor(pool, add, 3));
        EXPECT_THAT(order, ElementsAre(1, 2, 3));
        EXPECT_EQ(pool.workers(), 1U);
    });
}

TEST(OnceSimHosts, a_function_that_blocks_on_another_lets_it_run) {
    run_calmly([](World&) -> Coro<> {
        ThreadPoolExecutor pool({.max_workers = 2});
        auto inner = pool.submit([] { return 5; });
        EXPECT_EQ(inner.result(), 5);
        EXPECT_EQ(co_await run_in_executor(pool, [&] { return pool.submit([] { return 6; }).result(); }), 6);
    });
}

TEST(OnceSimHosts, a_host_may_crash_while_one_of_its_jobs_waits) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", []() -> Coro<> {
            EventLoop& loop = get_running_loop();
            co_await to_thread([&loop] {
                const auto never = []() -> Coro<> { co_await hocket::sleep(24h); };
                run_coroutine_threadsafe(never(), loop).result();
            });
        });
        co_await hocket::sleep(1s);
        world.crash(a);
        co_await hocket::sleep(1s);
        EXPECT_FALSE(a.running());
    });
}

TEST(OnceSimHosts, a_main_program_that_is_killed_has_not_passed) {
    const Outcome outcome = run(Config::calm(), [](World& world) -> Coro<> {
        world.crash(world.main());
        co_await hocket::sleep(1s);
    });
    EXPECT_EQ(outcome.error, "main: its host crashed, or was killed, before it returned");
}

TEST(OnceSimHosts, jobs_of_a_crashed_host_do_not_run) {
    bool ran = false;
    run_calmly([&](World& world) -> Coro<> {
        const Host a = world.host("a", [&]() -> Coro<> {
            return [](bool& mark) -> Coro<> { co_await to_thread([&mark] { mark = true; }); }(ran);
        });
        co_await hocket::sleep(10us);
        world.crash(a);
        co_await hocket::sleep(1s);
    });
    EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace hocket::sim
