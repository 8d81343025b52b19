// SPDX-License-Identifier: MIT
// The thread pool: when its threads start, what they run, and that none is left behind.
#include <hocket/os/thread_pool.h>

#include <hocket/os/threads_test.h>

#include <gtest/gtest.h>

#include <pthread.h>
#include <tests/support/trace.h>
#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

std::string name_of_this_thread() {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    return name;
}

TEST(OnceThreadPool, work_runs_on_another_thread) {
    ThreadPoolExecutor pool;
    EXPECT_NE(pool.submit([] { return std::this_thread::get_id(); }).result(), std::this_thread::get_id());
}

TEST(OnceThreadPool, arguments_belong_to_the_job) {
    ThreadPoolExecutor pool;
    auto length = [](const std::unique_ptr<std::string>& text, int more) {
        return static_cast<int>(text->size()) + more;
    };
    EXPECT_EQ(pool.submit(length, std::make_unique<std::string>("four"), 1).result(), 5);
}

TEST(OnceThreadPool, an_exception_travels_to_whoever_asks_for_the_result) {
    ThreadPoolExecutor pool;
    const ConcurrentFuture<int> future = pool.submit([]() -> int { throw OSError(ENOENT, "open x"); });
    try {
        future.result();
        FAIL();
    } catch (const OSError& e) {
        EXPECT_STREQ(e.what(), "open x: No such file or directory");
    }
}

TEST(OnceThreadPool, a_thread_starts_only_when_there_is_work_and_none_is_idle) {
    ThreadPoolExecutor pool({.max_workers = 40});
    EXPECT_EQ(pool.workers(), 0U);
    std::latch both(2);
    auto meet = [&both] { both.arrive_and_wait(); };
    auto a = pool.submit(meet), b = pool.submit(meet);
    a.result(), b.result();
    EXPECT_EQ(pool.workers(), 2U);
    for (int i = 0; i < 30; ++i) {
        std::this_thread::sleep_for(1ms);  // most often one waits for work by now
        pool.submit([] {}).result();
    }
    EXPECT_LT(pool.workers(), 20U);
}

TEST(OnceThreadPool, no_more_threads_than_max_workers) {
    ThreadPoolExecutor pool({.max_workers = 2});
    std::atomic<int> running = 0, most = 0;
    std::vector<ConcurrentFuture<>> jobs;
    std::latch both(2);
    for (int i = 0; i < 30; ++i) {
        jobs.push_back(pool.submit([&, i] {
            int now = ++running, seen = most;
            while (now > seen && !most.compare_exchange_weak(seen, now)) {
            }
            if (i < 2) both.arrive_and_wait();  // two do run at the same time
            std::this_thread::sleep_for(200us);
            --running;
        }));
    }
    for (const auto& job : jobs) job.result();
    EXPECT_EQ(pool.workers(), 2U);
    EXPECT_EQ(most, 2);
}

TEST(OnceThreadPool, by_default_there_are_processors_and_four_more_but_no_more_than_32) {
    const unsigned processors = std::thread::hardware_concurrency();
    EXPECT_EQ(ThreadPoolExecutor().max_workers(), std::min(32U, processors + 4));
}

TEST(OnceThreadPool, one_thread_runs_jobs_in_the_order_of_submission) {
    ThreadPoolExecutor pool({.max_workers = 1});
    std::string order;
    ConcurrentFuture<> last = nullptr;
    for (const char c : std::string("abcdef")) last = pool.submit([&order, c] { order += c; });
    last.result();
    EXPECT_EQ(order, "abcdef");
}

TEST(OnceThreadPool, threads_are_named_by_prefix_and_number) {
    ThreadPoolExecutor pool({.thread_name_prefix = "hash"}), plain,
        verbose({.thread_name_prefix = "a-very-long-prefix"});
    EXPECT_EQ(pool.submit(name_of_this_thread).result(), "hash_0");
    EXPECT_EQ(plain.submit(name_of_this_thread).result(), "hocket_0");
    EXPECT_EQ(verbose.submit(name_of_this_thread).result(), "a-very-long-p_0");
}

TEST(OnceThreadPool, the_destructor_waits_for_the_work_and_leaves_no_thread) {
    const auto before = testing::threads_of_this_process();
    std::atomic<int> ran = 0;
    {
        ThreadPoolExecutor pool({.max_workers = 3});
        for (int i = 0; i < 10; ++i) {
            pool.submit([&] {
                std::this_thread::sleep_for(1ms);
                ++ran;
            });
        }
    }
    EXPECT_EQ(ran, 10);
    EXPECT_EQ(testing::threads_of_this_process(), before);
}

TEST(OnceThreadPool, a_shutdown_that_cancels_runs_nothing_that_has_not_begun) {
    ThreadPoolExecutor pool({.max_workers = 1});
    std::latch begun(1), go(1);
    const auto first = pool.submit([&] {
        begun.count_down();
        go.wait();
        return 1;
    });
    const auto second = pool.submit([] { return 2; });
    begun.wait();
    pool.shutdown({.wait = false, .cancel_futures = true});
    EXPECT_TRUE(second.cancelled());
    EXPECT_FALSE(first.done());
    EXPECT_FALSE(pool.ended().done());
    go.count_down();
    EXPECT_EQ(first.result(), 1);
    pool.shutdown();
    EXPECT_TRUE(pool.ended().done());
}

TEST(OnceThreadPool, an_abandoned_pool_waits_for_no_thread) {
    struct Latches {
        std::latch begun{1}, go{1};
    };
    const auto latches = std::make_shared<Latches>();
    ConcurrentFuture<int> first = nullptr, second = nullptr;
    ConcurrentFuture<> ended = nullptr;
    {
        ThreadPoolExecutor pool({.max_workers = 1});
        first = pool.submit([latches] {
            latches->begun.count_down();
            latches->go.wait();
            return 1;
        });
        second = pool.submit([] { return 2; });
        latches->begun.wait();
        pool.abandon();
        ended = pool.ended();
        EXPECT_THROW(pool.submit([] {}), RuntimeError);
    }
    EXPECT_TRUE(second.cancelled());
    EXPECT_FALSE(first.done());
    EXPECT_FALSE(ended.done());
    latches->go.count_down();
    EXPECT_EQ(first.result(), 1);
    ended.result();
}

TEST(OnceThreadPool, no_work_is_taken_after_the_shutdown) {
    ThreadPoolExecutor pool;
    pool.shutdown();
    pool.shutdown();
    EXPECT_THROW(pool.submit([] {}), RuntimeError);
    EXPECT_TRUE(pool.ended().done());
}

TEST(OnceThreadPool, two_threads_may_wait_for_the_shutdown) {
    ThreadPoolExecutor pool;
    std::atomic<bool> ran = false;
    pool.submit([&] {
        std::this_thread::sleep_for(3ms);
        ran = true;
    });
    std::thread other([&] {
        pool.shutdown();
        EXPECT_TRUE(ran);
    });
    pool.shutdown();
    EXPECT_TRUE(ran);
    other.join();
}

TEST(OnceThreadPool, its_own_thread_cannot_wait_for_its_end) {
    ThreadPoolExecutor pool;
    EXPECT_THROW(pool.submit([&] { pool.shutdown(); }).result(), RuntimeError);
}

TEST(OnceThreadPool, nobody_can_cancel_the_end) {
    ThreadPoolExecutor pool;
    EXPECT_FALSE(pool.ended().cancel());
}

TEST(OnceThreadPool, a_cancelled_job_releases_what_it_holds_at_once_and_never_runs) {
    ThreadPoolExecutor pool({.max_workers = 1});
    std::latch go(1);
    pool.submit([&] { go.wait(); });
    const auto held = std::make_shared<int>(1);
    bool ran = false;
    const auto future = pool.submit([held, &ran] { ran = true; });
    EXPECT_EQ(held.use_count(), 2);
    EXPECT_TRUE(future.cancel());
    EXPECT_EQ(held.use_count(), 1);
    go.count_down();
    pool.shutdown();
    EXPECT_FALSE(ran);
}

TEST(OnceThreadPool, nobody_else_sets_the_future_of_a_job) {
    const std::string error =
        "hocket::InvalidStateError: the concurrent future of a submitted function is set by its executor alone";
    ThreadPoolExecutor pool({.max_workers = 1});
    std::latch go(1);
    pool.submit([&] { go.wait(); });
    const auto job = pool.submit([] { return 1; });
    EXPECT_EQ(testing::thrown_by([&] { job.set_result(2); }), error);
    EXPECT_EQ(testing::thrown_by([&] { job.set_exception(ValueError("x")); }), error);
    EXPECT_EQ(testing::thrown_by([&] { job.set_running_or_notify_cancel(); }), error);
    EXPECT_FALSE(job.done());
    go.count_down();
    EXPECT_EQ(job.result(), 1);
}

TEST(OnceThreadPool, what_a_job_holds_is_gone_when_its_result_is_seen) {
    ThreadPoolExecutor pool;
    for (int i = 0; i < 200; ++i) {
        auto held = std::make_shared<int>(i);
        const std::weak_ptr<int> watch = held;
        EXPECT_EQ(pool.submit([held = std::move(held)] { return *held; }).result(), i);
        EXPECT_TRUE(watch.expired());
    }
}

TEST(OnceThreadPool, many_threads_submit_and_cancel) {
    ThreadPoolExecutor pool({.max_workers = 3});
    std::atomic<int> ran = 0, cancelled = 0;
    std::vector<std::thread> clients;
    for (int c = 0; c < 4; ++c) {
        clients.emplace_back([&] {
            std::vector<ConcurrentFuture<int>> futures;
            for (int i = 0; i < 200; ++i) {
                futures.push_back(pool.submit([&] { return ++ran; }));
                if (i % 3 == 0) cancelled += futures.back().cancel();
            }
            for (const auto& f : futures) {
                if (!f.cancelled()) {
                    EXPECT_GT(f.result(), 0);
                }
            }
        });
    }
    for (std::thread& t : clients) t.join();
    pool.shutdown();
    EXPECT_EQ(ran + cancelled, 800);
}

}  // namespace
}  // namespace hocket
