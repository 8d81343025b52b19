// SPDX-License-Identifier: MIT
// Process pools: arguments and results, exceptions, workers that die, cancellation, and the end.
#include <hocket/os/process_pool.h>

#include <hocket/os/process_pool_test.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/wait_for.h>
#include <hocket/flow/with.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <tests/support/refused_calls.h>
#include <tests/support/trace.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <thread>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of, testing::own_pid, testing::run_alone, testing::wait_for_file;

int add(int a, int b) { return a + b; }
int pid_after(const std::string& path) {
    wait_for_file(path);
    return ::getpid();
}

TEST(ProcessPool, a_function_runs_in_another_process) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        EXPECT_EQ(co_await pool.run(add, 40, 2), 42);
        EXPECT_EQ(co_await pool.run(own_pid), pool.worker_pids().at(0));
        EXPECT_NE(co_await pool.run(own_pid), ::getpid());
    }());
}

TEST(ProcessPool, a_lambda_that_captures_nothing_will_do) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        const auto join = [](const std::vector<std::string>& words) {
            std::string all;
            for (const std::string& word : words) all += word;
            return all;
        };
        const std::vector<std::string> words{"two", "words"};
        EXPECT_EQ(co_await pool.run(join, words), "twowords");
    }());
}

TEST(ProcessPool, texts_go_as_strings) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        const auto length = [](std::string_view text, const std::string& other) { return text.size() + other.size(); };
        EXPECT_EQ(co_await pool.run(length, "four", std::string_view("12345")), 9U);
    }());
}

TEST(ProcessPool, a_function_may_give_nothing) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        co_await pool.run([] {});
    }());
}

TEST(ProcessPool, arguments_are_copied_when_the_call_is_made) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        std::string text = "before";
        Coro<std::string> call = pool.run([](std::string t) { return t; }, text);
        text = "after";
        EXPECT_EQ(co_await std::move(call), "before");
    }());
}

TEST(ProcessPool, workers_work_at_the_same_time) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 2});
        EXPECT_EQ(pool.max_workers(), 2U);
        // Each waits for what the other makes.
        const auto meet = [](const std::string& mine, const std::string& others) {
            testing::put_file(mine, "");
            return pid_after(others);
        };
        auto [a, b] = co_await gather(pool.run(meet, "a", "b"), pool.run(meet, "b", "a"));
        EXPECT_NE(a, b);
    }());
}

TEST(ProcessPool, calls_beyond_the_workers_wait_for_their_turn) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 2});
        std::vector<Coro<int>> calls;
        for (int i = 0; i < 20; ++i) calls.push_back(pool.run(add, i, i));
        const std::vector<int> sums = co_await gather(std::move(calls));
        for (int i = 0; i < 20; ++i) EXPECT_EQ(sums[static_cast<std::size_t>(i)], 2 * i);
    }());
}

TEST(ProcessPool, megabytes_go_both_ways) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 2});
        const auto twice = [](std::string text) { return text + text; };
        const std::string a(5'000'000, 'a'), b(3'000'000, 'b');
        auto [x, y] = co_await gather(pool.run(twice, a), pool.run(twice, b));
        EXPECT_TRUE(x == a + a);
        EXPECT_TRUE(y == b + b);
    }());
}

TEST(ProcessPool, run_in_executor_takes_it) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        const Future<int> sum = run_in_executor(pool, add, 1, 2);
        EXPECT_EQ(co_await sum, 3);
        EXPECT_EQ(pool.submit(add, 2, 2).result(), 4);
    }());
}

TEST(ProcessPool, exceptions_come_back_as_what_they_were) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        EXPECT_EQ(
            co_await ending_of(pool.run([](int n) -> int { throw ValueError("bad number " + std::to_string(n)); }, 7)),
            "hocket::ValueError: bad number 7");
        EXPECT_EQ(co_await ending_of(pool.run([] { throw OSError(ENOENT, "open x"); })),
                  "hocket::OSError: open x: No such file or directory");
        EXPECT_EQ(co_await ending_of(pool.run([] { throw 3; })), "hocket::RuntimeError: a worker process threw int");
        EXPECT_EQ(co_await pool.run(add, 1, 1), 2);  // the worker goes on
    }());
}

TEST(ProcessPool, a_worker_that_is_killed_breaks_the_pool) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 2});
        auto [killed, begun, waiting] =
            co_await gather(settle, pool.run([] { ::raise(SIGKILL); }), pool.run(wait_for_file, "never"),
                            pool.run(wait_for_file, "never"));
        const std::string expected =
            "hocket::BrokenProcessPool: the process pool is broken: a worker process was ended by signal 9 (Killed)";
        EXPECT_EQ(describe(killed.exception()), expected);
        EXPECT_EQ(describe(begun.exception()), expected);
        EXPECT_EQ(describe(waiting.exception()), expected);
        EXPECT_TRUE(pool.worker_pids().empty());
        EXPECT_EQ(co_await ending_of(pool.run(add, 1, 2)), expected);
        co_await pool.close();
    }());
}

TEST(ProcessPool, a_worker_that_exits_breaks_the_pool_and_runs_nothing_of_its_parents) {
    const testing::InNewFolder folder;
    static const int parent = ::getpid();
    std::atexit([] {
        if (::getpid() != parent) testing::put_file("atexit", "");
    });
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        EXPECT_EQ(co_await ending_of(pool.run([] { std::exit(7); })),
                  "hocket::BrokenProcessPool: the process pool is broken: a worker process ended with exit status 7");
    }());
    EXPECT_FALSE(std::filesystem::exists("atexit"));
}

TEST(ProcessPool, a_worker_that_died_idle_is_noticed_by_the_next_call) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        ::kill(pool.worker_pids().at(0), SIGTERM);
        EXPECT_EQ(co_await ending_of(pool.run(add, 1, 2)),
                  "hocket::BrokenProcessPool: the process pool is broken: a worker process was ended by signal 15 "
                  "(Terminated)");
    }());
}

TEST(ProcessPool, a_cancel_abandons_the_result) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        const auto call = create_task(pool.run([] {
            testing::put_file("begun", "");
            wait_for_file("go");
        }));
        while (!std::filesystem::exists("begun")) co_await hocket::sleep(0);
        call.cancel();
        EXPECT_EQ(co_await ending_of(call), "hocket::CancelledError");
        testing::put_file("go", "");
        EXPECT_EQ(co_await pool.run(add, 1, 2), 3);
    }());
}

TEST(ProcessPool, a_call_cancelled_before_it_begins_never_does) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        const auto first = create_task(pool.run(wait_for_file, "go"));
        const auto second = create_task(pool.run([] { testing::put_file("begun", ""); }));
        co_await testing::turns(2);
        second.cancel();
        co_await ending_of(second);
        testing::put_file("go", "");
        co_await first;
        co_await pool.close();
        EXPECT_FALSE(std::filesystem::exists("begun"));
    }());
}

TEST(ProcessPool, close_lets_calls_end_and_takes_no_more) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        const auto call = create_task(pool.run(pid_after, "go"));
        co_await testing::turns(2);
        const auto closing = create_task(pool.close());
        co_await testing::turns(5);
        EXPECT_FALSE(closing.done());
        EXPECT_EQ(co_await ending_of(pool.run(add, 1, 2)),
                  "hocket::RuntimeError: cannot schedule new futures after shutdown");
        testing::put_file("go", "");
        co_await closing;
        EXPECT_TRUE(call.done());
        EXPECT_TRUE(pool.worker_pids().empty());
        co_await pool.close();
    }());
}

TEST(ProcessPool, with_closes_it) {
    run_alone([]() -> Coro<> {
        const int sum = co_await with(ProcessPoolExecutor({.max_workers = 1}),
                                      [](auto& pool) -> Coro<int> { co_return co_await pool.run(add, 20, 3); });
        EXPECT_EQ(sum, 23);
    }());
}

TEST(ProcessPool, the_destructor_kills_what_still_computes) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        Task<> call;
        {
            ProcessPoolExecutor pool({.max_workers = 1});
            call = create_task(pool.run(wait_for_file, "never"));
            co_await testing::turns(2);
        }
        EXPECT_EQ(co_await ending_of(call),
                  "hocket::BrokenProcessPool: the process pool is broken: its workers were killed");
    }());
}

TEST(ProcessPool, kill_workers_ends_the_pool) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 2});
        const auto call = create_task(pool.run(wait_for_file, "never"));
        co_await testing::turns(2);
        pool.kill_workers();
        EXPECT_TRUE(pool.worker_pids().empty());
        EXPECT_EQ(co_await ending_of(call),
                  "hocket::BrokenProcessPool: the process pool is broken: its workers were killed");
    }());
}

TEST(ProcessPool, kill_workers_may_be_called_by_a_callback_on_one_of_its_threads) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 2});
        const auto never = create_task(pool.run(wait_for_file, "never"));
        co_await testing::turns(2);
        const ConcurrentFuture<> held = pool.submit(wait_for_file, "go");
        held.add_done_callback([&, loops = std::this_thread::get_id()](const ConcurrentFuture<>&) {
            EXPECT_NE(std::this_thread::get_id(), loops);
            pool.kill_workers();
            EXPECT_TRUE(pool.worker_pids().empty());
        });
        testing::put_file("go", "");
        EXPECT_EQ(co_await ending_of(never),
                  "hocket::BrokenProcessPool: the process pool is broken: its workers were killed");
        pool.kill_workers();  // waits for the callback's thread
        EXPECT_TRUE(pool.worker_pids().empty());
        EXPECT_EQ(co_await ending_of(pool.run(add, 1, 2)),
                  "hocket::RuntimeError: cannot schedule new futures after shutdown");
    }());
}

TEST(ProcessPool, can_be_moved_and_used_by_several_loops) {
    ProcessPoolExecutor first({.max_workers = 1});
    run([](ProcessPoolExecutor& pool) -> Coro<> { EXPECT_EQ(co_await pool.run(add, 1, 2), 3); }(first));
    ProcessPoolExecutor second = std::move(first);
    EXPECT_EQ(testing::thrown_by([&] { static_cast<void>(first.max_workers()); }),
              "hocket::RuntimeError: the process pool was moved away");
    run([](ProcessPoolExecutor& pool) -> Coro<> { EXPECT_EQ(co_await pool.run(add, 3, 4), 7); }(second));
    second = ProcessPoolExecutor({.max_workers = 1});
    run([](ProcessPoolExecutor& pool) -> Coro<> { EXPECT_EQ(co_await pool.run(add, 5, 6), 11); }(second));
}

TEST(ProcessPool, an_interrupt_does_not_end_the_workers) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        ::kill(pool.worker_pids().at(0), SIGINT);
        EXPECT_EQ(co_await pool.run(add, 1, 2), 3);
    }());
}

TEST(ProcessPool, a_worker_runs_no_loop_and_may_run_its_own) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        EXPECT_FALSE(co_await pool.run([] { return this_loop != nullptr; }));
        EXPECT_EQ(co_await pool.run([] { return hocket::run(testing::value_after(1ms, 5)); }), 5);
    }());
}

TEST(ProcessPool, what_a_worker_prints_is_seen_once) {
    const testing::InNewFolder folder;
    const int out = ::dup(STDOUT_FILENO);
    const int file = ::open("out", O_CREAT | O_WRONLY | O_APPEND, 0600);
    std::fflush(stdout);
    ::dup2(file, STDOUT_FILENO);
    std::printf("parent\n");
    run([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 2});
        co_await pool.run([] { std::printf("worker\n"); });
    }());
    std::fflush(stdout);
    ::dup2(out, STDOUT_FILENO);
    ::close(out);
    ::close(file);
    EXPECT_EQ(testing::content_of("out"), "parent\nworker\n");
}

TEST(ProcessPool, a_worker_keeps_no_descriptor_that_is_close_on_exec) {
    run_alone([]() -> Coro<> {
        int pair[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        ProcessPoolExecutor pool({.max_workers = 2});
        EXPECT_EQ(co_await pool.run([] { return ::fcntl(STDOUT_FILENO, F_GETFD) < 0; }),
                  ::fcntl(STDOUT_FILENO, F_GETFD) < 0);
        ::close(pair[1]);
        char byte = 0;
        EXPECT_EQ(::read(pair[0], &byte, 1), 0);  // the end: no worker has the other side
        ::close(pair[0]);
    }());
}

TEST(ProcessPool, the_child_of_a_fork_leaves_its_parents_workers_alone) {
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        const pid_t child = ::fork();
        if (child == 0) {
            {
                const ProcessPoolExecutor gone = std::move(pool);
            }
            ::_exit(0);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        EXPECT_EQ(co_await pool.run(add, 1, 2), 3);
    }());
}

TEST(ProcessPool, can_be_made_while_other_threads_allocate_and_throw) {
    std::atomic<bool> stop = false;
    std::vector<std::thread> busy;
    for (int i = 0; i < 3; ++i) {
        busy.emplace_back([&] {
            while (!stop) {
                try {
                    throw RuntimeError(std::string(1000, 'x'));
                } catch (const RuntimeError&) {  // only to keep the allocator and the unwinder busy
                }
            }
        });
    }
    for (int i = 0; i < 10; ++i) {
        ProcessPoolExecutor pool({.max_workers = 2});
        EXPECT_EQ(pool.submit(add, i, 1).result(20s), i + 1);
    }
    stop = true;
    for (std::thread& thread : busy) thread.join();
}

int kill_a_busy_worker() {
    ProcessPoolExecutor pool({.max_workers = 1});
    pool.submit([] {
        ::alarm(30);  // where this test fails, too
        testing::put_file("begun", "");
        wait_for_file("never");
    });
    wait_for_file("begun");
    pool.kill_workers();
    return pool.worker_pids().empty() ? 0 : 1;
}

TEST(OnceProcessPool, workers_are_killed_by_their_descriptors) {
    const testing::InNewFolder folder;
    testing::expect_success_without({{SYS_kill, EPERM}}, kill_a_busy_worker);
}

TEST(OnceProcessPool, workers_without_descriptors_are_killed_by_their_numbers) {
    const testing::InNewFolder folder;
    testing::expect_success_without({{SYS_pidfd_open, ENOSYS}}, kill_a_busy_worker);
}

TEST(RealProcessPool, the_loop_lives_on_while_workers_compute) {
    const testing::InNewFolder folder;
    run_alone([]() -> Coro<> {
        ProcessPoolExecutor pool({.max_workers = 1});
        EXPECT_EQ(co_await ending_of(wait_for(pool.run(wait_for_file, "go"), 5ms)), "hocket::TimeoutError: timed out");
        testing::put_file("go", "");
        EXPECT_EQ(co_await pool.run(add, 1, 2), 3);
    }());
}

}  // namespace
}  // namespace hocket
