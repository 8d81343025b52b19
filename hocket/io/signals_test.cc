// SPDX-License-Identifier: MIT
// Signals as callbacks: delivery, replacement, removal, several loops.
#include <hocket/io/signals.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <unistd.h>
#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace hocket {
namespace {

using testing::Census;
using testing::LoopErrors;
using testing::thrown_by;
using testing::Trace;

void send(int number) { ::kill(::getpid(), number); }

// A signal to the process itself arrives before `kill` returns: the loop takes it in its next iteration, and the callback runs in that.
Coro<> received(int number) {
    send(number);
    co_await testing::turns(2);
}

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
        co_await received(SIGUSR2);
        co_await received(SIGUSR1);
        co_await received(SIGUSR1);
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
        co_await received(SIGUSR1);
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
        co_await received(SIGUSR1);
    }());
    EXPECT_EQ(trace.taken(), "30");
}

TEST(RealSignal, that_is_taken_out_while_its_callback_is_queued_has_no_effect) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        add_signal_handler(loop, SIGUSR1, [&] { trace.note("removed"); });
        add_signal_handler(loop, SIGUSR2, [&] { trace.note("replaced"); });
        create_task([&]() -> Coro<> {  // runs before the callbacks, which are queued in the same iteration
            remove_signal_handler(loop, SIGUSR1);
            add_signal_handler(loop, SIGUSR2, [&] { trace.note("latest"); });
            co_return;
        });
        send(SIGUSR1);
        send(SIGUSR2);
        co_await testing::turns(3);
    }());
    EXPECT_EQ(trace.taken(), "latest");
}

TEST(RealSignal, runs_its_callback_in_the_context_of_the_registration) {
    static ContextVar<int> number("number", 0);
    Trace trace;
    run([&]() -> Coro<> {
        number.set(1);
        add_signal_handler(get_running_loop(), SIGUSR1, [&] {
            trace.note(number.get());
            number.set(number.get() + 10);  // what it sets, its next call sees
        });
        number.set(2);
        co_await received(SIGUSR1);
        co_await received(SIGUSR1);
        EXPECT_EQ(number.get(), 2);
    }());
    EXPECT_EQ(trace.taken(), "1 11");
}

// Signals that come all the time, to any thread, find loops that begin and end: whom they reach does not matter, that they do no harm does.
TEST(RealSignal, may_come_while_loops_of_several_threads_end) {
    struct sigaction ignored{}, before{};
    ignored.sa_handler = SIG_IGN;
    sigaction(SIGUSR1, &ignored, &before);
    std::atomic<int> running = 3;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 300; ++round) {
                const auto loop = new_event_loop();
                add_signal_handler(*loop, SIGUSR1, [] {});
                loop->run_once({});
                loop->close();
            }
            --running;
        });
    }
    threads.emplace_back([&] {
        while (running > 0) ::raise(SIGUSR1);
    });
    while (running > 0) ::raise(SIGUSR1);
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(handler_of(SIGUSR1), SIG_IGN);
    sigaction(SIGUSR1, &before, nullptr);
}

TEST(RealSignal, a_callback_that_throws_is_an_error_of_the_loop) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        LoopErrors errors(loop);
        add_signal_handler(loop, SIGUSR1, [] { throw RuntimeError("in signal"); });
        co_await received(SIGUSR1);
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

TEST(RealSignal, what_is_no_signal_has_no_handler) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        for (const int number : {-1, 0, NSIG + 1}) {
            const std::string error = "hocket::ValueError: there is no signal " + std::to_string(number) + " to handle";
            EXPECT_EQ(thrown_by([&] { add_signal_handler(loop, number, [] {}); }), error);
            EXPECT_EQ(thrown_by([&] { remove_signal_handler(loop, number); }), error);
        }
        co_return;
    }());
}

TEST(RealSignal, a_loop_that_is_closed_takes_no_handler) {
    const auto before = handler_of(SIGUSR1);
    const auto loop = new_event_loop();
    loop->close();
    EXPECT_EQ(thrown_by([&] { add_signal_handler(*loop, SIGUSR1, [] {}); }),
              "hocket::RuntimeError: Event loop is closed");
    EXPECT_EQ(handler_of(SIGUSR1), before);
}

TEST(RealSignal, the_close_of_the_loop_restores_all_of_its_signals) {
    const auto before_1 = handler_of(SIGUSR1), before_2 = handler_of(SIGUSR2);
    const auto loop = new_event_loop();
    add_signal_handler(*loop, SIGUSR1, [] {});
    add_signal_handler(*loop, SIGUSR2, [] {});
    EXPECT_TRUE(remove_signal_handler(*loop, SIGUSR1));
    EXPECT_EQ(handler_of(SIGUSR1), before_1);
    EXPECT_NE(handler_of(SIGUSR2), before_2);  // one has nothing to do with the other
    add_signal_handler(*loop, SIGUSR1, [] {});
    loop->close();
    EXPECT_EQ(handler_of(SIGUSR1), before_1);
    EXPECT_EQ(handler_of(SIGUSR2), before_2);
}

TEST(RealSignal, needs_a_callback) {
    const auto before = handler_of(SIGUSR1);
    const auto loop = new_event_loop();
    void (*const none)() = nullptr;
    EXPECT_EQ(thrown_by([&] { add_signal_handler(*loop, SIGUSR1, none); }),
              "hocket::ValueError: add_signal_handler: there is no callback for signal 10");
    EXPECT_EQ(handler_of(SIGUSR1), before);
}

TEST(RealSignal, belongs_to_the_loops_thread) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.set_debug(true);
        std::thread([&] {
            EXPECT_EQ(thrown_by([&] { add_signal_handler(loop, SIGUSR1, [] {}); }),
                      "hocket::RuntimeError: add_signal_handler was called from another thread than the loop's: use "
                      "call_soon_threadsafe");
            EXPECT_EQ(thrown_by([&] { remove_signal_handler(loop, SIGUSR1); }),
                      "hocket::RuntimeError: remove_signal_handler was called from another thread than the loop's: use "
                      "call_soon_threadsafe");
        }).join();
        co_return;
    }());
}

TEST(VirtualSignal, does_not_reach_a_loop_in_virtual_time) {
    run([]() -> Coro<> {
        EXPECT_EQ(thrown_by([] { add_signal_handler(get_running_loop(), SIGUSR1, [] {}); }),
                  "hocket::RuntimeError: signals do not reach a loop whose time is virtual");
        EXPECT_EQ(thrown_by([] { remove_signal_handler(get_running_loop(), SIGUSR1); }),
                  "hocket::RuntimeError: signals do not reach a loop whose time is virtual");
        co_return;
    }());
}

}  // namespace
}  // namespace hocket
