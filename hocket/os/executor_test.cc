// SPDX-License-Identifier: MIT
// run_in_executor: results, cancellation, and the end of the loop.
#include <hocket/os/executor.h>

#include <hocket/os/threads_test.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>

#include <pthread.h>
#include <tests/support/trace.h>
#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

// Tells on which thread it was destroyed.
struct Witness {
    std::thread::id* where;
    explicit Witness(std::thread::id* w) : where(w) {}
    Witness(Witness&& other) noexcept : where(std::exchange(other.where, nullptr)) {}
    Witness& operator=(Witness&&) = delete;
    ~Witness() {
        if (where) *where = std::this_thread::get_id();
    }
};

std::string name_of_this_thread() {
    char text[16] = {};
    pthread_getname_np(pthread_self(), text, sizeof text);
    return text;
}

TEST(RunInExecutor, gives_the_result_of_a_function_on_another_thread) {
    run([]() -> Coro<> {
        const auto here = std::this_thread::get_id();
        EXPECT_NE(co_await run_in_executor([] { return std::this_thread::get_id(); }), here);
        EXPECT_EQ(co_await run_in_executor([](int a, const std::string& b) { return a + static_cast<int>(b.size()); },
                                           40, "ab"),
                  42);
        co_await run_in_executor([] {});
    }());
}

TEST(RunInExecutor, runs_on_the_executor_that_is_given) {
    run([]() -> Coro<> {
        ThreadPoolExecutor pool({.thread_name_prefix = "mine"});
        EXPECT_EQ(co_await run_in_executor(pool, name_of_this_thread), "mine_0");
    }());
}

TEST(RunInExecutor, throws_what_the_function_threw) {
    run([]() -> Coro<> {
        std::string caught;
        try {
            co_await run_in_executor([]() -> int { throw ValueError("not a number"); });
        } catch (const ValueError& e) {
            caught = e.what();
        }
        EXPECT_EQ(caught, "not a number");
    }());
}

TEST(RunInExecutor, results_that_cannot_be_copied_arrive) {
    run([]() -> Coro<> {
        auto owned = co_await run_in_executor([](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(3));
        EXPECT_EQ(*owned, 3);
    }());
}

TEST(RunInExecutor, the_loop_goes_on_while_the_function_blocks) {
    run([]() -> Coro<> {
        std::latch go(1);
        Future<int> blocked = run_in_executor([&] {
            go.wait();
            return 1;
        });
        int turns = 0;
        for (; turns < 10; ++turns) co_await hocket::sleep(0);
        EXPECT_FALSE(blocked.done());
        go.count_down();  // only a loop that is alive can do this
        EXPECT_EQ(co_await blocked, 1);
    }());
}

TEST(RunInExecutor, the_work_is_submitted_whether_or_not_it_is_awaited) {
    std::atomic<bool> ran = false;
    run([](std::atomic<bool>& done) -> Coro<> {
        run_in_executor([&] { done = true; });
        co_return;
    }(ran));
    EXPECT_TRUE(ran);
}

TEST(RunInExecutor, many_results_arrive) {
    run([]() -> Coro<> {
        std::vector<Future<int>> futures;
        for (int i = 0; i < 500; ++i) futures.push_back(run_in_executor([i] { return i; }));
        long sum = 0;
        for (const auto& f : futures) sum += co_await f;
        EXPECT_EQ(sum, 499 * 500 / 2);
    }());
}

// 73
TEST(RunInExecutor, a_cancel_abandons_the_result_and_the_thread_goes_on) {
    run([]() -> Coro<> {
        std::latch begun(1), go(1), end(1);
        Task<> task = create_task(
            [](std::latch& b, std::latch& g, std::latch& e) -> Coro<> {
                co_await run_in_executor([&] {
                    b.count_down();
                    g.wait();
                    e.count_down();
                });
            },
            std::ref(begun), std::ref(go), std::ref(end));
        co_await hocket::sleep(0);
        begun.wait();
        task.cancel();
        bool cancelled = false;
        try {
            co_await task;
        } catch (const CancelledError&) {
            cancelled = true;
        }
        EXPECT_TRUE(cancelled);  // while the thread still waits
        go.count_down();
        end.wait();
    }());
}

// 73
TEST(RunInExecutor, a_cancelled_job_that_has_not_begun_never_runs) {
    std::atomic<bool> ran = false;
    run([](std::atomic<bool>& done) -> Coro<> {
        ThreadPoolExecutor pool({.max_workers = 1});
        std::latch go(1);
        Future<> first = run_in_executor(pool, [&] { go.wait(); });
        Future<> second = run_in_executor(pool, [&] { done = true; });
        second.cancel();
        co_await hocket::sleep(0);
        co_await hocket::sleep(0);
        go.count_down();
        co_await first;
    }(ran));
    EXPECT_FALSE(ran);
}

// 73
TEST(RunInExecutor, an_abandoned_result_is_destroyed_on_the_loops_thread) {
    run([]() -> Coro<> {
        std::thread::id where, worker;
        std::latch begun(1), go(1);
        Future<Witness> future = run_in_executor([&] {
            worker = std::this_thread::get_id();
            begun.count_down();
            go.wait();
            return Witness(&where);
        });
        begun.wait();
        future.cancel();
        co_await hocket::sleep(0);
        go.count_down();
        for (int i = 0; i < 1000 && where == std::thread::id(); ++i) co_await run_in_executor([] {});
        EXPECT_EQ(where, std::this_thread::get_id());
        EXPECT_NE(where, worker);
    }());
}

TEST(RunInExecutor, a_result_that_comes_after_the_loop_is_destroyed_where_the_work_ends) {
    ThreadPoolExecutor pool;
    std::thread::id where, worker;
    std::latch begun(1), go(1);
    run([](ThreadPoolExecutor& p, std::thread::id& w, std::thread::id& d, std::latch& b, std::latch& g) -> Coro<> {
        run_in_executor(p, [&] {
            w = std::this_thread::get_id();
            b.count_down();
            g.wait();
            return Witness(&d);
        });
        b.wait();
        co_return;
    }(pool, worker, where, begun, go));
    go.count_down();
    pool.shutdown();
    EXPECT_EQ(where, worker);
}

TEST(RunInExecutor, an_exception_that_nobody_asks_for_is_reported) {
    testing::Reports reports;
    run([]() -> Coro<> {
        ThreadPoolExecutor pool;
        run_in_executor(pool, [] { throw ValueError("lost"); });
        pool.shutdown();
        co_await hocket::sleep(0);
        co_await hocket::sleep(0);
    }());
    const std::string reported = reports.taken();
    EXPECT_NE(reported.find("Future exception was never retrieved"), std::string::npos) << reported;
    EXPECT_NE(reported.find("lost"), std::string::npos) << reported;
}

// 70
TEST(RunInExecutor, the_run_ends_when_what_was_submitted_has_run_and_leaves_no_thread) {
    const auto before = testing::threads_of_this_process();
    std::atomic<int> ran = 0;
    run([](std::atomic<int>& count) -> Coro<> {
        for (int i = 0; i < 20; ++i) {
            run_in_executor([&] {
                std::this_thread::sleep_for(1ms);
                ++count;
            });
        }
        co_return;
    }(ran));
    EXPECT_EQ(testing::threads_of_this_process(), before);
    EXPECT_EQ(ran, 20);
}

TEST(RunInExecutor, another_default_executor_is_taken_from_any_owner) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        set_default_executor(loop, std::make_unique<ThreadPoolExecutor>(
                                       ThreadPoolOptions{.max_workers = 1, .thread_name_prefix = "unique"}));
        EXPECT_EQ(co_await run_in_executor(name_of_this_thread), "unique_0");
        const auto standard =
            std::make_shared<ThreadPoolExecutor>(ThreadPoolOptions{.max_workers = 1, .thread_name_prefix = "shared"});
        set_default_executor(loop, standard);
        EXPECT_EQ(co_await run_in_executor(name_of_this_thread), "shared_0");
        EXPECT_EQ(standard.use_count(), 2);
        const auto ours =
            Shared<ThreadPoolExecutor>::make(ThreadPoolOptions{.max_workers = 1, .thread_name_prefix = "ours"});
        set_default_executor(loop, ours);
        EXPECT_EQ(co_await run_in_executor(name_of_this_thread), "ours_0");
        EXPECT_EQ(co_await to_thread(name_of_this_thread), "ours_0");
        EXPECT_THROW(set_default_executor(loop, nullptr), ValueError);
    }());
}

TEST(RunInExecutor, a_loop_that_is_closed_cancels_what_has_not_begun_and_waits_for_the_rest) {
    const auto before = testing::threads_of_this_process();
    bool first_saw_the_cancel = false, second_ran = false;
    {
        const auto loop = new_event_loop();
        const auto pool = Shared<ThreadPoolExecutor>::make(ThreadPoolOptions{.max_workers = 1});
        set_default_executor(*loop, pool);
        ConcurrentFuture<> second = nullptr;
        std::latch begun(1), submitted(1);
        loop->run_until_complete([&]() -> Coro<> {
            run_in_executor([&] {
                begun.count_down();
                submitted.wait();
                try {
                    second.result(30s);
                } catch (const CancelledError&) {
                    first_saw_the_cancel = true;
                }
            });
            second = pool->submit([&] { second_ran = true; });
            submitted.count_down();
            begun.wait();
            co_return;
        }());
        loop->close();
        EXPECT_TRUE(first_saw_the_cancel);
    }
    EXPECT_FALSE(second_ran);
    EXPECT_EQ(testing::threads_of_this_process(), before);
}

TEST(RunInExecutor, a_job_that_waits_for_the_loop_does_not_keep_it_from_closing) {
    testing::Reports reports;
    const auto before = testing::threads_of_this_process();
    std::string ending;
    {
        const auto loop = new_event_loop();
        std::latch waits(1);
        loop->run_until_complete([&]() -> Coro<> {
            run_in_executor([&] {
                const ConcurrentFuture<> future = run_coroutine_threadsafe(testing::forever(), *loop);
                waits.count_down();
                ending = testing::thrown_by([&] { future.result(10s); });
            });
            waits.wait();
            co_await testing::turns(3);
        }());
        loop->close();
    }
    EXPECT_EQ(ending, "hocket::CancelledError");
    EXPECT_EQ(testing::threads_of_this_process(), before);
}

TEST(RunInExecutor, an_executor_that_is_replaced_does_not_hold_the_loop_up) {
    const auto before = testing::threads_of_this_process();
    run([]() -> Coro<> {
        std::latch begun(1);
        std::binary_semaphore go(0);
        Future<bool> first = run_in_executor([&] {
            begun.count_down();
            return go.try_acquire_for(10s);
        });
        begun.wait();
        set_default_executor(get_running_loop(), Shared<ThreadPoolExecutor>::make());
        EXPECT_EQ(co_await run_in_executor([] { return 2; }), 2);
        go.release();
        EXPECT_TRUE(co_await first);
    }());
    EXPECT_EQ(testing::threads_of_this_process(), before);
}

TEST(RealRunInExecutor, a_loop_that_is_closed_early_does_not_say_that_time_has_passed) {
    testing::Reports reports;
    const auto loop = new_event_loop();
    const auto pool = Shared<ThreadPoolExecutor>::make(ThreadPoolOptions{.max_workers = 1});
    set_default_executor(*loop, pool);
    ConcurrentFuture<> second = nullptr;
    std::latch begun(1), submitted(1);
    loop->run_until_complete([&]() -> Coro<> {
        run_in_executor([&] {
            begun.count_down();
            submitted.wait();
            testing::thrown_by([&] { second.result(10s); });
        });
        second = pool->submit([] {});
        submitted.count_down();
        begun.wait();
        const Task<> ending = create_task(shutdown_default_executor());
        co_await testing::turns(2);
        ending.cancel();
        co_await testing::ending_of(ending);
    }());
    loop->close();
    EXPECT_EQ(reports.taken().find("300"), std::string::npos);
}

struct Hasher {
    int base;
    int hash(int n) const { return base + n; }
};

TEST(RunInExecutor, takes_members_as_std_invoke_does) {
    run([]() -> Coro<> {
        const Hasher hasher{40};
        EXPECT_EQ(co_await run_in_executor(&Hasher::hash, &hasher, 2), 42);
        EXPECT_EQ(co_await run_in_executor(&Hasher::hash, hasher, 3), 43);
        EXPECT_EQ(co_await run_in_executor(&Hasher::base, std::ref(hasher)), 40);
        EXPECT_EQ(co_await to_thread(&Hasher::hash, &hasher, 4), 44);
    }());
}

TEST(RunInExecutor, the_default_executor_can_be_shut_down_and_then_refuses) {
    run([]() -> Coro<> {
        std::atomic<bool> ran = false;
        run_in_executor([&] {
            std::this_thread::sleep_for(2ms);
            ran = true;
        });
        co_await shutdown_default_executor();
        EXPECT_TRUE(ran);
        EXPECT_THROW(run_in_executor([] {}), RuntimeError);
        co_await shutdown_default_executor();
    }());
}

TEST(RealRunInExecutor, the_shutdown_of_the_default_executor_waits_no_longer_than_it_was_told_and_says_so) {
    testing::Reports reports;
    std::latch go(1);
    std::atomic<bool> ran = false;
    run([](testing::Reports& r, std::latch& g, std::atomic<bool>& done) -> Coro<> {
        run_in_executor([&] {
            g.wait();
            done = true;
        });
        co_await shutdown_default_executor(10ms);
        EXPECT_EQ(r.taken(), "the default executor's threads have not ended within 0.010 seconds");
        EXPECT_FALSE(done);
        EXPECT_THROW(run_in_executor([] {}), RuntimeError);
        g.count_down();
        co_await shutdown_default_executor(10min);
    }(reports, go, ran));
    EXPECT_TRUE(ran);
    EXPECT_EQ(reports.taken(), "");
}

TEST(RunInExecutor, the_default_executor_is_shut_down_though_there_is_no_time_to_wait) {
    testing::Reports reports;
    std::latch go(1);
    std::atomic<bool> ran = false;
    run([](testing::Reports& r, std::latch& g, std::atomic<bool>& done) -> Coro<> {
        run_in_executor([&] {
            g.wait();
            done = true;
        });
        co_await shutdown_default_executor(0s);
        EXPECT_EQ(r.taken(), "the default executor's threads have not ended within 0.000 seconds");
        EXPECT_EQ(testing::thrown_by([] { run_in_executor([] {}); }),
                  "hocket::RuntimeError: Executor shutdown has been called");
        g.count_down();
        co_await shutdown_default_executor();
        EXPECT_TRUE(done);
        co_await shutdown_default_executor(0s);
    }(reports, go, ran));
    EXPECT_EQ(reports.taken(), "");
}

TEST(RunInExecutor, a_default_executor_without_threads_is_shut_down_at_once_and_nothing_is_reported) {
    for (const Duration none : {Duration(0s), Duration(-1s)}) {
        testing::Reports reports;
        run([](Duration limit) -> Coro<> {
            co_await shutdown_default_executor(limit);
            EXPECT_THROW(run_in_executor([] {}), RuntimeError);
        }(none));
        EXPECT_EQ(reports.taken(), "");
    }
}

TEST(RunInExecutor, without_a_loop_it_throws_and_submits_nothing) {
    ThreadPoolExecutor pool;
    EXPECT_THROW(run_in_executor(pool, [] {}), RuntimeError);
    EXPECT_THROW(run_in_executor([] {}), RuntimeError);
    EXPECT_EQ(pool.workers(), 0U);
}

TEST(VirtualRunInExecutor, a_job_keeps_a_loop_that_waits_for_nothing_else_from_a_deadlock) {
    run([]() -> Coro<> { co_await run_in_executor([] { std::this_thread::sleep_for(5ms); }); }());
}

}  // namespace
}  // namespace hocket
