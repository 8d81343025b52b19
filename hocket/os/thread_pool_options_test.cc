// SPDX-License-Identifier: MIT
// Thread pools with an initializer, with a bounded queue, and ends that wait only so long.
#include <hocket/os/executor.h>

#include <hocket/os/threads_test.h>

#include <gtest/gtest.h>
#include <hocket/flow/with.h>
#include <hocket/io/runner.h>
#include <hocket/sync/queue.h>

#include <tests/support/trace.h>
#include <atomic>
#include <latch>
#include <memory>
#include <string>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::ending_of;
using testing::thrown_by;

// ---- An initializer

TEST(OnceThreadPoolOptions, each_thread_is_initialized_before_its_first_job) {
    static thread_local int prepared = 0;
    std::atomic<int> threads = 0;
    ThreadPoolExecutor pool({.max_workers = 2, .initializer = [&] {
                                 ++prepared;
                                 ++threads;
                             }});
    EXPECT_EQ(threads, 0);
    std::latch both(2);
    auto meet = [&both] {
        both.arrive_and_wait();
        return prepared;
    };
    auto a = pool.submit(meet), b = pool.submit(meet);
    EXPECT_EQ(a.result() + b.result(), 2);
    EXPECT_EQ(pool.submit([] { return prepared; }).result(), 1);
    EXPECT_EQ(threads, 2);
}

TEST(OnceThreadPoolOptions, an_initializer_that_fails_breaks_the_pool) {
    std::latch go(1);
    ThreadPoolExecutor pool({.max_workers = 1, .initializer = [&] {
                                 go.wait();
                                 throw OSError(ENOENT, "open model");
                             }});
    const auto held = std::make_shared<int>(1);
    const auto first = pool.submit([] {}), second = pool.submit([held] {});
    go.count_down();
    const std::string error =
        "hocket::BrokenThreadPool: the thread pool is broken: its initializer failed: hocket::OSError: open model: No "
        "such file or directory";
    EXPECT_EQ(thrown_by([&] { first.result(); }), error);
    EXPECT_EQ(thrown_by([&] { second.result(); }), error);
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_EQ(thrown_by([&] { pool.submit([] {}); }), error);
    EXPECT_THROW(pool.submit([] {}), BrokenExecutor);
    EXPECT_TRUE(pool.shutdown());
    EXPECT_TRUE(pool.ended().done());
}

TEST(ThreadPoolOptions, a_broken_pool_is_told_by_the_await) {
    run([]() -> Coro<> {
        ThreadPoolExecutor pool({.initializer = [] { throw ValueError("no"); }});
        const Future<int> work = run_in_executor(pool, [] { return 1; });
        EXPECT_EQ(
            co_await ending_of(work),
            "hocket::BrokenThreadPool: the thread pool is broken: its initializer failed: hocket::ValueError: no");
    }());
}

// ---- A bounded queue

TEST(OnceThreadPoolOptions, only_so_many_jobs_wait) {
    ThreadPoolExecutor pool({.max_workers = 2, .max_queue = 3});
    std::latch begun(2), go(1);
    std::atomic<int> ran = 0;
    for (int i = 0; i < 2; ++i) {
        pool.submit([&] {
            begun.count_down();
            go.wait();
        });
    }
    begun.wait();
    for (int i = 0; i < 3; ++i) pool.submit([&] { ++ran; });
    EXPECT_EQ(thrown_by([&] { pool.submit([&] { ++ran; }); }), "hocket::QueueFull: queue is full");
    go.count_down();
    pool.shutdown();
    EXPECT_EQ(ran, 3);
}

TEST(OnceThreadPoolOptions, a_job_that_was_cancelled_takes_no_place) {
    ThreadPoolExecutor pool({.max_workers = 1, .max_queue = 2});
    std::latch begun(1), go(1);
    pool.submit([&] {
        begun.count_down();
        go.wait();
    });
    begun.wait();
    std::string order;
    const auto first = pool.submit([&] { order += 'a'; });
    pool.submit([&] { order += 'b'; });
    EXPECT_THROW(pool.submit([] {}), QueueFull);
    first.cancel();
    const auto last = pool.submit([&] { order += 'c'; });
    EXPECT_THROW(pool.submit([] {}), QueueFull);
    go.count_down();
    last.result();
    EXPECT_EQ(order, "bc");
}

TEST(ThreadPoolOptions, run_in_executor_says_that_the_queue_is_full) {
    run([]() -> Coro<> {
        ThreadPoolExecutor pool({.max_workers = 1, .max_queue = 1});
        std::latch begun(1), go(1);
        const Future<> first = run_in_executor(pool, [&] {
            begun.count_down();
            go.wait();
        });
        begun.wait();
        const Future<> second = run_in_executor(pool, [] {});
        EXPECT_EQ(thrown_by([&] { run_in_executor(pool, [] {}); }), "hocket::QueueFull: queue is full");
        go.count_down();
        co_await first;
        co_await second;
    }());
}

// ---- The end

TEST(OnceThreadPoolOptions, a_shutdown_waits_no_longer_than_it_was_told) {
    ThreadPoolExecutor pool({.max_workers = 1});
    std::latch go(1);
    bool ran = false;
    pool.submit([&] { go.wait(); });
    pool.submit([&] { ran = true; });
    EXPECT_FALSE(pool.shutdown({.timeout = 1ms}));
    EXPECT_FALSE(pool.shutdown({.timeout = 0s}));
    EXPECT_FALSE(pool.shutdown({.timeout = -1s}));
    EXPECT_FALSE(pool.shutdown({.wait = false}));
    EXPECT_THROW(pool.submit([] {}), RuntimeError);
    go.count_down();
    EXPECT_TRUE(pool.shutdown({.timeout = std::chrono::hours(3'000'000)}));
    EXPECT_TRUE(pool.shutdown({.wait = false}));
    EXPECT_TRUE(ran);
}

TEST(ThreadPoolOptions, close_lets_jobs_end_and_the_loop_go_on) {
    run([]() -> Coro<> {
        ThreadPoolExecutor pool({.max_workers = 1});
        std::latch go(1);
        const Future<> job = run_in_executor(pool, [&] { go.wait(); });
        const auto closing = create_task(pool.close());
        co_await testing::turns(3);
        EXPECT_FALSE(closing.done());
        EXPECT_EQ(thrown_by([&] { pool.submit([] {}); }),
                  "hocket::RuntimeError: cannot schedule new futures after shutdown");
        go.count_down();
        EXPECT_TRUE(co_await closing);
        EXPECT_TRUE(co_await pool.close());
        co_await job;
    }());
}

TEST(ThreadPoolOptions, close_may_cancel_what_has_not_begun) {
    run([]() -> Coro<> {
        ThreadPoolExecutor pool({.max_workers = 1});
        std::latch begun(1), go(1);
        run_in_executor(pool, [&] {
            begun.count_down();
            go.wait();
        });
        const Future<int> second = run_in_executor(pool, [] { return 2; });
        begun.wait();
        EXPECT_FALSE(co_await pool.close({.timeout = 0s, .cancel_futures = true}));
        EXPECT_EQ(co_await ending_of(second), "hocket::CancelledError");
        go.count_down();
        EXPECT_TRUE(co_await pool.close());
    }());
}

TEST(ThreadPoolOptions, a_close_that_is_cancelled_stops_waiting) {
    run([]() -> Coro<> {
        ThreadPoolExecutor pool({.max_workers = 1});
        std::latch go(1);
        const Future<> job = run_in_executor(pool, [&] { go.wait(); });
        const auto closing = create_task(pool.close());
        co_await testing::turns(3);
        closing.cancel();
        EXPECT_EQ(co_await ending_of(closing), "hocket::CancelledError");
        EXPECT_FALSE(job.done());
        go.count_down();
        co_await job;
    }());
}

TEST(ThreadPoolOptions, with_closes_the_pool) {
    const auto before = testing::threads_of_this_process();
    run([]() -> Coro<> {
        ThreadPoolExecutor pool({.max_workers = 2});
        bool ran = false;
        co_await with(pool, [&](ThreadPoolExecutor& p) -> Coro<> {
            p.submit([&] { ran = true; });
            co_return;
        });
        EXPECT_TRUE(ran);
        EXPECT_TRUE(pool.ended().done());
    }());
    EXPECT_EQ(testing::threads_of_this_process(), before);
}

TEST(RealThreadPoolOptions, close_waits_no_longer_than_it_was_told) {
    run([]() -> Coro<> {
        ThreadPoolExecutor pool({.max_workers = 1});
        std::latch go(1);
        const Future<> job = run_in_executor(pool, [&] { go.wait(); });
        EXPECT_FALSE(co_await pool.close({.timeout = 1ms}));
        EXPECT_FALSE(job.done());
        go.count_down();
        co_await job;
        EXPECT_TRUE(co_await pool.close({.timeout = 20s}));
    }());
}

}  // namespace
}  // namespace hocket
