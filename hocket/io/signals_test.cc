// SPDX-License-Identifier: MIT
// Signals as callbacks: delivery, replacement, removal, several loops.
#include <hocket/io/signals.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <unistd.h>
#include <csignal>
#include <memory>
#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::LoopErrors;
using testing::thrown_by;
using testing::Trace;

void send(int number) { ::kill(::getpid(), number); }

auto handler_of(int number) {
    struct sigaction action{};
    sigaction(number, nullptr, &action);
    return action.sa_handler;
}

TEST(RealSignal, runs_its_callback_in_the_loop) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const Future<> arrived;
        add_signal_handler(loop, SIGUSR1, [&] {
            EXPECT_EQ(&get_running_loop(), &loop);
            EXPECT_FALSE(current_task());
            arrived.set_result();
        });
        send(SIGUSR1);
        EXPECT_FALSE(arrived.done());
        co_await arrived;
    }());
}

TEST(RealSignal, wakes_a_loop_that_waits) {
    run([]() -> Coro<> {
        const Future<> arrived;
        add_signal_handler(get_running_loop(), SIGALRM, [&] { arrived.set_result(); });
        ::ualarm(5000, 0);
        co_await arrived;
    }());
}

TEST(RealSignal, each_has_a_callback_of_its_own) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        add_signal_handler(loop, SIGUSR1, [&] { trace.note("one"); });
        add_signal_handler(loop, SIGUSR2, [&] { trace.note("two"); });
        send(SIGUSR2);
        co_await hocket::sleep(2ms);
        send(SIGUSR1);
        co_await hocket::sleep(2ms);
        send(SIGUSR1);
        co_await hocket::sleep(2ms);
    }());
    EXPECT_EQ(trace.taken(), "two one one");
}

TEST(RealSignal, the_latest_callback_replaces_the_one_before) {
    Trace trace;
    Census census;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        add_signal_handler(loop, SIGUSR1, [&, m = census.member()] { trace.note("first"); });
        add_signal_handler(loop, SIGUSR1, [&] { trace.note("second"); });
        EXPECT_EQ(census.alive(), 0);
        send(SIGUSR1);
        co_await hocket::sleep(2ms);
    }());
    EXPECT_EQ(trace.taken(), "second");
}

TEST(RealSignal, removal_restores_what_was_before) {
    const auto before = handler_of(SIGUSR1);
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        EXPECT_FALSE(remove_signal_handler(loop, SIGUSR1));
        add_signal_handler(loop, SIGUSR1, [] {});
        EXPECT_NE(handler_of(SIGUSR1), before);
        EXPECT_TRUE(remove_signal_handler(loop, SIGUSR1));
        EXPECT_EQ(handler_of(SIGUSR1), before);
        EXPECT_FALSE(remove_signal_handler(loop, SIGUSR1));
        co_return;
    }());
}

TEST(RealSignal, the_end_of_the_loop_restores_what_was_before) {
    const auto before = handler_of(SIGUSR1);
    run([]() -> Coro<> {
        add_signal_handler(get_running_loop(), SIGUSR1, [] {});
        co_return;
    }());
    EXPECT_EQ(handler_of(SIGUSR1), before);
}

TEST(RealSignal, a_callback_may_remove_itself) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        add_signal_handler(loop, SIGUSR1, [&, text = std::string("a text that stands on the heap")] {
            remove_signal_handler(loop, SIGUSR1);
            trace.note(text.size());
        });
        send(SIGUSR1);
        co_await hocket::sleep(2ms);
    }());
    EXPECT_EQ(trace.taken(), "30");
}

TEST(RealSignal, a_callback_that_throws_is_an_error_of_the_loop) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        LoopErrors errors(loop);
        add_signal_handler(loop, SIGUSR1, [] { throw RuntimeError("in signal"); });
        send(SIGUSR1);
        co_await hocket::sleep(2ms);
        EXPECT_EQ(errors.taken(), "Exception in callback | hocket::RuntimeError: in signal");
    }());
}

TEST(RealSignal, a_later_loop_takes_it_over_and_gives_it_back_to_the_system) {
    const auto before = handler_of(SIGUSR1);
    Trace trace;
    const auto first = new_event_loop();
    add_signal_handler(*first, SIGUSR1, [&] { trace.note("first"); });
    {
        const auto second = new_event_loop();
        add_signal_handler(*second, SIGUSR1, [&] {
            trace.note("second");
            second->stop();
        });
        send(SIGUSR1);
        second->run_forever();
    }
    EXPECT_EQ(trace.taken(), "second");
    EXPECT_EQ(handler_of(SIGUSR1), before);
    add_signal_handler(*first, SIGUSR1, [&] {
        trace.note("again");
        first->stop();
    });
    send(SIGUSR1);
    first->run_forever();
    EXPECT_EQ(trace.taken(), "again");
    first->close();
    EXPECT_EQ(handler_of(SIGUSR1), before);
}

TEST(RealSignal, an_earlier_loop_that_ends_leaves_it_to_the_later) {
    const auto before = handler_of(SIGUSR1);
    auto first = new_event_loop(), second = new_event_loop();
    for (auto* loop : {&first, &second}) add_signal_handler(**loop, SIGUSR1, [loop] { (*loop)->stop(); });
    first.reset();
    send(SIGUSR1);
    second->run_forever();
    second->close();
    EXPECT_EQ(handler_of(SIGUSR1), before);
}

TEST(RealSignal, that_cannot_be_caught_is_an_error) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        EXPECT_NE(thrown_by([&] { add_signal_handler(loop, SIGKILL, [] {}); }).find("ValueError"), std::string::npos);
        EXPECT_NE(thrown_by([&] { add_signal_handler(loop, 0, [] {}); }).find("ValueError"), std::string::npos);
        EXPECT_NE(thrown_by([&] { add_signal_handler(loop, 4711, [] {}); }).find("ValueError"), std::string::npos);
        EXPECT_FALSE(remove_signal_handler(loop, SIGKILL));
        co_return;
    }());
}

TEST(VirtualSignal, does_not_reach_a_loop_in_virtual_time) {
    run([]() -> Coro<> {
        EXPECT_EQ(thrown_by([] { add_signal_handler(get_running_loop(), SIGUSR1, [] {}); }),
                  "hocket::RuntimeError: signals do not reach a loop whose time is virtual");
        co_return;
    }());
}

}  // namespace
}  // namespace hocket
