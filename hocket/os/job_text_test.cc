// SPDX-License-Identifier: MIT
// What a task that waits for a job of an executor says of it.
#include <hocket/os/process_pool.h>

#include <hocket/core/await_graph.h>
#include <hocket/flow/gather.h>
#include <hocket/os/process_pool_test.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <regex>
#include <string>

namespace hocket {
namespace {

using testing::ending_of, testing::run_alone, testing::turns, testing::wait_for_file;

// What a task waits for, with N in the place of times.
std::string state_of(const AnyTask& task) {
    static const std::regex seconds("[0-9]+[.][0-9]{3} s");
    return std::regex_replace(capture_call_graph(task).state, seconds, "N s");
}

Coro<> job(ThreadPoolExecutor& pool, std::shared_ptr<std::latch> until, std::shared_ptr<std::latch> begun) {
    co_await run_in_executor(pool, [until, begun] {
        begun->count_down();
        until->wait();
    });
}

TEST(Job, that_runs_and_those_behind_it_say_so) {
    run([]() -> Coro<> {
        ThreadPoolExecutor pool({.max_workers = 1});
        const auto end = std::make_shared<std::latch>(1), begun = std::make_shared<std::latch>(1),
                   later = std::make_shared<std::latch>(3);
        const Task<> first = create_task(job(pool, end, begun)), second = create_task(job(pool, end, later)),
                     third = create_task(job(pool, end, later)), fourth = create_task(job(pool, end, later));
        co_await turns(2);
        begun->wait();
        EXPECT_EQ(state_of(first), "waits for job in ThreadPoolExecutor, runs for N s");
        EXPECT_EQ(state_of(second), "waits for job in ThreadPoolExecutor, is in the queue for N s");
        EXPECT_EQ(state_of(fourth), "waits for job in ThreadPoolExecutor, is in the queue for N s behind 2");
        end->count_down();
        co_await first;
        co_await second;
        co_await third;
        co_await fourth;
    }());
}

TEST(Job, that_was_cancelled_is_none_that_others_wait_behind_once_it_has_left_the_queue) {
    run([]() -> Coro<> {
        ThreadPoolExecutor pool({.max_workers = 1, .max_queue = 2});
        const auto end = std::make_shared<std::latch>(1), begun = std::make_shared<std::latch>(1),
                   later = std::make_shared<std::latch>(3);
        const Task<> first = create_task(job(pool, end, begun)), second = create_task(job(pool, end, later)),
                     third = create_task(job(pool, end, later));
        co_await turns(2);
        begun->wait();
        EXPECT_EQ(state_of(third), "waits for job in ThreadPoolExecutor, is in the queue for N s behind 1");
        second.cancel();
        EXPECT_EQ(co_await ending_of(second), "hocket::CancelledError");
        const Task<> fourth = create_task(job(pool, end, later));  // there is room: what was cancelled goes
        co_await turns(2);
        EXPECT_EQ(state_of(third), "waits for job in ThreadPoolExecutor, is in the queue for N s");
        EXPECT_EQ(state_of(fourth), "waits for job in ThreadPoolExecutor, is in the queue for N s behind 1");
        end->count_down();
        co_await first;
        co_await third;
        co_await fourth;
    }());
}

TEST(Job, is_told_of_a_future_among_others_too) {
    run([]() -> Coro<> {
        ThreadPoolExecutor pool({.max_workers = 1});
        const auto end = std::make_shared<std::latch>(1), begun = std::make_shared<std::latch>(1);
        const auto work = [end, begun] {
            begun->count_down();
            end->wait();
        };
        const auto first = run_in_executor(pool, work), second = run_in_executor(pool, [] {});  // in this order
        const auto both = gather(first, second);
        begun->wait();
        const Task<> waiting = create_task([](auto all) -> Coro<> { co_await all; }(both));
        co_await turns(2);
        const AwaitNode node = capture_call_graph(waiting);
        EXPECT_EQ(node.state, "waits for gather, 2 of 2 not done");
        EXPECT_TRUE(node.awaits.at(0).state.starts_with("pending, job in ThreadPoolExecutor, runs for "))
            << node.awaits[0].state;
        EXPECT_TRUE(node.awaits.at(1).state.starts_with("pending, job in ThreadPoolExecutor, is in the queue for "))
            << node.awaits[1].state;
        end->count_down();
        co_await waiting;
    }());
}

TEST(Job, of_a_concurrent_future_of_the_programs_own_has_no_executor) {
    run([]() -> Coro<> {
        const ConcurrentFuture<> source;
        const Task<> waiting =
            create_task([](ConcurrentFuture<> f) -> Coro<> { co_await wrap_future(std::move(f)); }(source));
        co_await turns(2);
        EXPECT_EQ(state_of(waiting), "waits for a concurrent future");
        source.set_result();
        co_await waiting;
    }());
}

TEST(Job, of_a_process_pool_says_so) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        const std::string path = ::testing::TempDir() + "job_text_" + std::to_string(::getpid());
        const Task<> first = create_task(pool.run(wait_for_file, path)),
                     second = create_task(pool.run(wait_for_file, path));
        co_await turns(2);
        while (state_of(first) != "waits for job in ProcessPoolExecutor, runs for N s") co_await turns(1);
        EXPECT_EQ(state_of(second), "waits for job in ProcessPoolExecutor, is in the queue for N s");
        first.cancel();
        second.cancel();
        pool.kill_workers();
        static_cast<void>(co_await ending_of(first));
        static_cast<void>(co_await ending_of(second));
    }());
}

}  // namespace
}  // namespace hocket
