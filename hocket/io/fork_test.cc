// SPDX-License-Identifier: MIT
// A loop after fork: parent and child each go on with a loop of their own.
#include <hocket/io/signals.h>

#include <hocket/core/operation.h>
#include <hocket/io/operations_test.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

namespace hocket {
namespace {

using namespace std::chrono_literals;

// 0: tasks, timers and calls from another thread work here.
Coro<int> everything_works() {
    EventLoop& loop = get_running_loop();
    if (co_await create_task(testing::value_after(2, 1)) != 1) co_return 1;
    if (co_await testing::value_after(1ms, 2) != 2) co_return 2;
    const Future<> called;
    std::thread other([&] { loop.call_soon_threadsafe([&] { called.set_result(); }); });
    {
        const OutsideWork thread(loop);
        co_await called;
    }
    other.join();
    co_return 0;
}

TEST(Fork, a_loop_at_rest_serves_parent_and_child) {
    const auto loop = new_event_loop();
    const Task<int> begun = loop->run_until_complete([]() -> Coro<Task<int>> {
        Task<int> task = create_task(testing::value_after(1ms, 3));
        co_await testing::turns(2);
        co_return task;
    }());
    const auto use = [&] {
        if (loop->run_until_complete(begun) != 3) return 10;
        const int result = loop->run_until_complete(everything_works());
        loop->close();
        return result;
    };
    EXPECT_EQ(in_child(use), 0);
    EXPECT_EQ(use(), 0);
}

TEST(Fork, a_child_runs_loops_of_its_own) {
    const auto kept = new_event_loop();
    EXPECT_EQ(in_child([&] {
                  if (run(everything_works()) != 0) return 1;
                  return kept->is_closed() ? 2 : 0;
              }),
              0);
    EXPECT_EQ(run(everything_works()), 0);
    // Inside a coroutine the child has the loop that it was forked in, and another thread for one of its own.
    run([]() -> Coro<> {
        const pid_t child = ::fork();
        if (child == 0) {
            int result = -1;
            std::thread([&] { result = run(everything_works()); }).join();
            ::_exit(result);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        co_return;
    }());
}

TEST(Fork, a_coroutine_goes_on_in_parent_and_child) {
    run([]() -> Coro<> {
        const Task<int> sibling = create_task(testing::value_after(1ms, 4));
        co_await testing::turns(1);
        const pid_t child = ::fork();
        int result = co_await everything_works();
        if (co_await sibling != 4) result = 11;
        if (child == 0) ::_exit(result);
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        EXPECT_EQ(result, 0);
    }());
}

// What the kernel does for the parent it does not do for the child.
TEST(RealFork, an_operation_in_flight_goes_on_in_the_parent_and_is_cancelled_in_the_child) {
    run([]() -> Coro<> {
        Pair pipe = make_pipe();
        const auto read_byte = [](int fd) -> Coro<int> {
            std::array<char, 1> byte{};
            PendingOperation op(Opcode::read, fd);
            op.data = byte.data();
            op.size = 1;
            co_return co_await std::move(op);
        };
        const Task<int> reading = create_task(read_byte, int{pipe.a});
        co_await testing::turns(2);
        const pid_t child = ::fork();
        if (child == 0) {
            if (co_await reading != -ECANCELED) ::_exit(1);
            Pair own = make_pipe();
            const Task<int> mine = create_task(read_byte, int{own.a});
            co_await testing::turns(2);
            if (::write(own.b, "x", 1) != 1) ::_exit(2);
            ::_exit(co_await mine == 1 ? 0 : 3);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        EXPECT_FALSE(reading.done());
        EXPECT_EQ(::write(pipe.b, "x", 1), 1);
        EXPECT_EQ(co_await reading, 1);
    }());
}

// It replaces the handler in its own process.
TEST(RealFork, a_signal_to_a_child_that_handles_it_itself_does_not_reach_the_parent) {
    run([]() -> Coro<> {
        bool parent_was_told = false;
        add_signal_handler(get_running_loop(), SIGTERM, [&] { parent_was_told = true; });
        Pair ready = make_pipe();
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(20);
            ::signal(SIGTERM, [](int) { ::_exit(7); });
            if (::write(ready.b, "x", 1) != 1) ::_exit(1);
            for (;;) ::pause();
        }
        char byte = 0;
        PendingOperation begun(Opcode::read, ready.a);
        begun.data = &byte;
        begun.size = 1;
        EXPECT_EQ(co_await std::move(begun), 1);
        ::kill(child, SIGTERM);
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(WEXITSTATUS(status), 7);
        EXPECT_EQ(co_await create_task(testing::value_after(2ms, 42)), 42);
        EXPECT_FALSE(parent_was_told);
    }());
}

TEST(RealFork, a_signal_goes_to_the_loop_of_the_process_that_receives_it) {
    run([]() -> Coro<> {
        const Future<> arrived;
        add_signal_handler(get_running_loop(), SIGUSR1, [arrived] { arrived.set_result(); });
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(20);
            std::thread other([] { ::kill(::getpid(), SIGUSR1); });
            co_await arrived;
            other.join();
            remove_signal_handler(get_running_loop(), SIGUSR1);
            ::_exit(0);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        EXPECT_FALSE(arrived.done());
        ::kill(::getpid(), SIGUSR1);
        co_await arrived;
    }());
}

}  // namespace
}  // namespace hocket
