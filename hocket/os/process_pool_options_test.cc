// SPDX-License-Identifier: MIT
// Process pools whose workers are replaced, initialized, named, and not waited for longer than a time.
#include <hocket/os/process_pool.h>

#include <hocket/os/process_pool_test.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/gather.h>

#include <tests/support/trace.h>
#include <unistd.h>
#include <csignal>
#include <set>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of, testing::own_pid, testing::run_alone, testing::wait_for_file;

std::string own_name() {
    std::string name = testing::content_of("/proc/self/comm");
    name.pop_back();
    return name;
}

/// Whether the process is gone, or only waits for its parent to look.
bool has_ended(int pid) {
    const std::string status = testing::content_of("/proc/" + std::to_string(pid) + "/stat");
    return status.empty() || status.find(") Z ") != std::string::npos;
}

TEST(ProcessPoolOptions, a_worker_is_replaced_after_so_many_calls) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1, .max_tasks_per_child = 2});
        std::vector<int> pids;
        for (int i = 0; i < 6; ++i) pids.push_back(co_await pool.run(own_pid));
        EXPECT_EQ(pids[0], pids[1]);
        EXPECT_EQ(pids[2], pids[3]);
        EXPECT_EQ(pids[4], pids[5]);
        EXPECT_EQ(std::set(pids.begin(), pids.end()).size(), 3U);
        co_await pool.close();
        EXPECT_TRUE(has_ended(pids[0]));
    }());
}

TEST(ProcessPoolOptions, what_a_worker_leaks_is_gone_with_it) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1, .max_tasks_per_child = 3});
        const auto count = [] {
            static int calls = 0;
            return ++calls;
        };
        std::string counts;
        for (int i = 0; i < 7; ++i) counts += std::to_string(co_await pool.run(count));
        EXPECT_EQ(counts, "1231231");
    }());
}

TEST(ProcessPoolOptions, many_calls_go_through_workers_that_are_replaced) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 2, .max_tasks_per_child = 1});
        std::vector<Coro<int>> calls;
        for (int i = 0; i < 20; ++i) calls.push_back(pool.run([](int n) { return 2 * n; }, i));
        const std::vector<int> doubled = co_await gather(std::move(calls));
        for (int i = 0; i < 20; ++i) EXPECT_EQ(doubled[static_cast<std::size_t>(i)], 2 * i);
    }());
}

TEST(ProcessPoolOptions, a_replaced_worker_that_dies_breaks_the_pool_and_says_how) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor crashing({.max_workers = 1, .max_tasks_per_child = 2});
        for (int i = 0; i < 3; ++i) co_await crashing.run(own_pid);
        EXPECT_EQ(co_await ending_of(crashing.run([] { ::raise(SIGKILL); })),
                  "hocket::BrokenProcessPool: the process pool is broken: a worker process was ended by signal 9 "
                  "(Killed)");
        ProcessPoolExecutor exiting({.max_workers = 1, .max_tasks_per_child = 2});
        EXPECT_EQ(co_await ending_of(exiting.run([] { ::_exit(0); })),
                  "hocket::BrokenProcessPool: the process pool is broken: a worker process ended with exit status 0");
        EXPECT_THROW(exiting.submit(own_pid).result(), BrokenExecutor);
    }());
}

TEST(ProcessPoolOptions, no_worker_outlives_a_pool_that_is_killed) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1, .max_tasks_per_child = 5});
        const int pid = co_await pool.run(own_pid);
        EXPECT_NE(pid, pool.worker_pids().at(0));
        const auto call = create_task(pool.run(wait_for_file, "never"));
        co_await testing::turns(2);
        pool.kill_workers();
        EXPECT_EQ(co_await ending_of(call),
                  "hocket::BrokenProcessPool: the process pool is broken: its workers were killed");
        while (!has_ended(pid)) co_await hocket::sleep(0);
    }());
}

TEST(ProcessPoolOptions, each_worker_is_initialized) {
    run_alone([]() -> Coro<> {
        static int prepared = 0;
        const auto prepare = [] { ++prepared; };
        const auto seen = [] { return prepared++; };
        ProcessPoolExecutor pool({.max_workers = 1, .initializer = prepare});
        EXPECT_EQ(co_await pool.run(seen), 1);
        EXPECT_EQ(co_await pool.run(seen), 2);
        ProcessPoolExecutor replacing({.max_workers = 1, .max_tasks_per_child = 1, .initializer = prepare});
        EXPECT_EQ(co_await replacing.run(seen), 1);
        EXPECT_EQ(co_await replacing.run(seen), 1);
        EXPECT_EQ(prepared, 0);
    }());
}

TEST(ProcessPoolOptions, an_initializer_that_fails_breaks_the_pool) {
    run_alone([]() -> Coro<> {
        for (const unsigned tasks : {0U, 3U}) {
            ProcessPoolExecutor pool(
                {.max_workers = 1, .max_tasks_per_child = tasks, .initializer = [] { throw ValueError("no model"); }});
            const std::string error =
                "hocket::BrokenProcessPool: the process pool is broken: its initializer failed: hocket::ValueError: no "
                "model";
            EXPECT_EQ(co_await ending_of(pool.run(own_pid)), error);
            EXPECT_EQ(co_await ending_of(pool.run(own_pid)), error);
        }
    }());
}

TEST(ProcessPoolOptions, an_initializer_that_crashes_breaks_the_pool) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1, .initializer = [] { ::raise(SIGKILL); }});
        EXPECT_EQ(co_await ending_of(pool.run(own_pid)),
                  "hocket::BrokenProcessPool: the process pool is broken: a worker process was ended by signal 9 "
                  "(Killed)");
    }());
}

TEST(ProcessPoolOptions, workers_are_named_by_prefix_and_number) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor plain({.max_workers = 1});
        EXPECT_EQ(co_await plain.run(own_name), "hocket_worker_0");
        ProcessPoolExecutor named({.max_workers = 1, .process_name_prefix = "a-very-long-prefix"});
        EXPECT_EQ(co_await named.run(own_name), "a-very-long-p_0");
        ProcessPoolExecutor replaced({.max_workers = 1, .max_tasks_per_child = 1, .process_name_prefix = "hash"});
        EXPECT_EQ(co_await replaced.run(own_name), "hash_0");
    }());
}

TEST(ProcessPoolOptions, close_may_cancel_what_has_not_begun) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        const auto first = create_task(pool.run([] {
            testing::put_file("begun", "");
            wait_for_file("go");
        }));
        const auto second = create_task(pool.run(own_pid));
        while (!std::filesystem::exists("begun")) co_await hocket::sleep(0);
        const auto closing = create_task(pool.close({.cancel_futures = true}));
        EXPECT_EQ(co_await ending_of(second), "hocket::CancelledError");
        testing::put_file("go", "");
        EXPECT_TRUE(co_await closing);
        co_await first;
    }());
}

TEST(ProcessPoolOptions, close_kills_what_has_not_ended_in_time) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        const auto call = create_task(pool.run(wait_for_file, "never"));
        co_await testing::turns(2);
        EXPECT_FALSE(co_await pool.close({.timeout = 0s}));
        EXPECT_TRUE(pool.worker_pids().empty());
        EXPECT_EQ(co_await ending_of(call),
                  "hocket::BrokenProcessPool: the process pool is broken: its workers were killed");
        EXPECT_TRUE(co_await pool.close());
    }());
}

TEST(RealProcessPoolOptions, close_waits_for_a_while) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor slow({.max_workers = 1}), quick({.max_workers = 1});
        const auto call = create_task(slow.run(wait_for_file, "never"));
        co_await testing::turns(2);
        EXPECT_FALSE(co_await slow.close({.timeout = 2ms}));
        EXPECT_EQ(co_await ending_of(call),
                  "hocket::BrokenProcessPool: the process pool is broken: its workers were killed");
        const auto other = create_task(quick.run(own_pid));
        co_await testing::turns(2);
        EXPECT_TRUE(co_await quick.close({.timeout = 20s}));
        EXPECT_GT(co_await other, 0);
    }());
}

}  // namespace
}  // namespace hocket
