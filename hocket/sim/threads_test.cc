// SPDX-License-Identifier: MIT
// Thread pools, random numbers and the clock of simulated programs.
#include <hocket/core/await_graph.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/wait_for.h>
#include <hocket/io/runner.h>
#include <hocket/io/solo_backend.h>
#include <hocket/net/resolve.h>
#include <hocket/os/executor.h>
#include <hocket/sim/run_in_world_test.h>
#include <tests/support/trace.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using testing::run_calmly;

std::string refusal(ThreadPoolExecutor& pool) {
    try {
        pool.submit([] {});
    } catch (const RuntimeError& e) {
        return e.what();
    }
    return "none";
}

constexpr const char* program_ended = "the thread pool was made by a simulated program, which has ended";

TEST(OnceSimThreads, a_pool_that_outlives_its_world_takes_nothing) {
    std::unique_ptr<ThreadPoolExecutor> pool;
    run_calmly([&](World&) -> Coro<> {
        pool = std::make_unique<ThreadPoolExecutor>();
        co_await run_in_executor(*pool, [] {});
    });
    EXPECT_EQ(refusal(*pool), program_ended);
    run_calmly([&](World&) -> Coro<> {
        EXPECT_EQ(refusal(*pool), program_ended);
        co_return;
    });
}

TEST(OnceSimThreads, so_does_one_whose_host_was_started_again) {
    std::unique_ptr<ThreadPoolExecutor> pool;
    run_calmly([&](World& world) -> Coro<> {
        const Host a = world.host("a", [&]() -> Coro<> {
            return [](std::unique_ptr<ThreadPoolExecutor>& p) -> Coro<> {
                if (p) {
                    EXPECT_EQ(refusal(*p), program_ended);
                    co_return;
                }
                p = std::make_unique<ThreadPoolExecutor>();
                co_await run_in_executor(*p, [] {});
                co_await sleep(1h);
            }(pool);
        });
        co_await sleep(1s);
        world.crash(a);
        EXPECT_EQ(refusal(*pool), program_ended);
        world.restart(a);
        co_await sleep(1s);
        EXPECT_FALSE(a.running());
    });
}

TEST(OnceSimThreads, a_pool_with_real_threads_is_refused) {
    ThreadPoolExecutor pool;
    run_calmly([&](World&) -> Coro<> {
        EXPECT_EQ(refusal(pool), "a thread pool that was made outside the simulation cannot be used in it");
        co_return;
    });
    EXPECT_EQ(pool.submit([] { return 1; }).result(), 1);
}

TEST(OnceSimThreads, jobs_of_a_paused_host_wait_until_it_is_resumed) {
    int jobs = 0;
    run_calmly([&](World& world) -> Coro<> {
        const Host a = world.host("a", [&]() -> Coro<> {
            return [](int& count) -> Coro<> {
                while (true) {
                    co_await to_thread([&count] { ++count; });
                    co_await sleep(1s);
                }
            }(jobs);
        });
        co_await sleep(10us);  // the first is to run after 100 us
        world.pause(a);
        co_await sleep(1min);
        EXPECT_EQ(jobs, 0);
        world.resume(a);
        co_await sleep(500ms);
        EXPECT_EQ(jobs, 1);
    });
}

TEST(OnceSimThreads, who_waits_for_a_job_says_for_how_long_in_the_hosts_time) {
    run_calmly([&](World& world) -> Coro<> {
        EventLoop* loop = nullptr;
        const Host a = world.host("a", [&]() -> Coro<> {
            return [](EventLoop*& own) -> Coro<> {
                own = &get_running_loop();
                co_await to_thread([] {});
            }(loop);
        });
        co_await sleep(10us);
        world.pause(a);
        co_await sleep(1min);
        const std::string graph = format_call_graph(*loop);
        EXPECT_NE(graph.find("job in ThreadPoolExecutor, is in the queue for 60.000 s"), std::string::npos) << graph;
        world.resume(a);
        co_await sleep(1s);
    });
}

// `waits` takes a second of its host's time.
void expect_to_stand_while_paused(void (*waits)()) {
    bool returned = false;
    run_calmly([&](World& world) -> Coro<> {
        const Host a = world.host("a", [&]() -> Coro<> {
            return [](void (*wait)(), bool& mark) -> Coro<> {
                wait();
                mark = true;
                co_return;
            }(waits, returned);
        });
        co_await sleep(500ms);
        world.pause(a);
        co_await sleep(1min);
        EXPECT_FALSE(returned);
        world.resume(a);
        co_await sleep(1s);
        EXPECT_TRUE(returned);
    });
}

TEST(OnceSimThreads, what_blocks_on_a_paused_host_goes_on_when_it_is_resumed) {
    expect_to_stand_while_paused([] {
        const ThreadPoolExecutor pool;
        ConcurrentFuture<int> never;
        EXPECT_THROW(never.result(1s), TimeoutError);
    });
}

TEST(OnceSimThreads, a_nested_run_of_a_paused_host_goes_on_when_it_is_resumed) {
    expect_to_stand_while_paused([] { nested_run([]() -> Coro<> { co_await sleep(1s); }()); });
}

TEST(OnceSimThreads, the_random_numbers_of_programs_have_nothing_in_common) {
    constexpr std::size_t count = 100;
    std::multiset<std::uint64_t> drawn;
    run(Config::calm(), [&](World& world) -> Coro<> {
        const auto draw = [&]() -> Coro<> {
            return [](std::multiset<std::uint64_t>& to) -> Coro<> {
                for (std::size_t i = 0; i < count; ++i) to.insert(get_running_loop().backend().entropy());
                co_return;
            }(drawn);
        };
        const Host hosts[] = {world.host("a", draw), world.host("b", draw), world.host("c", draw)};
        co_await sleep(1s);
        world.restart(hosts[0]);
        co_await sleep(1s);
        co_await draw();
    });
    EXPECT_EQ(drawn.size(), 5 * count);
    EXPECT_EQ(std::set<std::uint64_t>(drawn.begin(), drawn.end()).size(), 5 * count);
}

TEST(OnceSimThreads, the_end_of_a_program_that_asks_for_a_name_is_not_reported) {
    hocket::testing::Reports reports;
    Config config = Config::calm();
    config.job = {10s, 10s};
    const Outcome outcome = run(config, [](World& world) -> Coro<> {
        const auto ask = []() -> Coro<> { co_await getaddrinfo("a", 1); };
        const Host a = world.host("a", ask), b = world.host("b", ask);
        co_await sleep(1s);
        world.crash(a);
        world.signal(b, SIGINT);
        co_await sleep(1min);
        EXPECT_FALSE(b.running());
    });
    EXPECT_TRUE(outcome.ok) << outcome.error;
    EXPECT_EQ(reports.taken(), "");
}

TEST(OnceSolo, time_stands_while_a_job_runs) {
    RunOptions options;
    options.loop_factory = [] { return Unique<EventLoop>::make(make_solo_backend(1)); };
    hocket::run(
        []() -> Coro<> {
            const Server server = co_await start_server(testing::echo, "127.0.0.1", 7);
            auto connection = co_await open_connection("127.0.0.1", 7);
            co_await connection.second.write("hello");
            EventLoop& loop = get_running_loop();
            const auto before = loop.time();
            // Long enough for a loop that goes on meanwhile to let time pass, which is what would be wrong; the test does not go by the clock.
            co_await to_thread([] { std::this_thread::sleep_for(20ms); });
            EXPECT_EQ(loop.time(), before);  // the bytes are on their way
            EXPECT_EQ(co_await connection.first.readexactly(5), "hello");
            EXPECT_GT(loop.time(), before);
        }(),
        std::move(options));
}

}  // namespace
}  // namespace hocket::sim
