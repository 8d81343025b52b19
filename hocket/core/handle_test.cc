// SPDX-License-Identifier: MIT
// Callbacks and timers of the loop: order, cancellation at every point, times that are far away, the heap.
#include <hocket/core/handle.h>

#include <hocket/io/runner.h>

#include <tests/support/manual_backend.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::Trace;

TEST(Handle, cancelled_before_it_runs_it_does_not) {
    Trace trace;
    Census census;
    run([&]() -> Coro<> {
        Handle handle = get_running_loop().call_soon([&, m = census.member()] { trace.note("ran"); });
        EXPECT_FALSE(handle.cancelled());
        handle.cancel();
        EXPECT_TRUE(handle.cancelled());
        EXPECT_EQ(census.alive(), 0);  // what it holds is freed at once
        handle.cancel();
        co_await testing::turns(1);
    }());
    EXPECT_EQ(trace.taken(), "");
}

TEST(Handle, cancelled_by_an_earlier_callback_of_the_batch_it_does_not_run) {
    Trace trace;
    run([&]() -> Coro<> {
        Handle second;
        get_running_loop().call_soon([&] { second.cancel(); });
        second = get_running_loop().call_soon([&] { trace.note("second"); });
        get_running_loop().call_soon([&] { trace.note("third"); });
        co_await testing::turns(1);
    }());
    EXPECT_EQ(trace.taken(), "third");
}

TEST(Handle, cancelled_after_it_ran_says_so) {
    run([]() -> Coro<> {
        Handle handle = get_running_loop().call_soon([] {});
        co_await testing::turns(1);
        EXPECT_FALSE(handle.cancelled());
        handle.cancel();
        EXPECT_TRUE(handle.cancelled());
    }());
}

TEST(Handle, a_callback_may_cancel_itself_and_drop_its_handle) {
    Census census;
    run([&]() -> Coro<> {
        std::optional<Handle> handle;
        handle = get_running_loop().call_soon([&, m = census.member()] {
            handle->cancel();
            handle.reset();
            EXPECT_EQ(census.alive(), 1);  // it still runs
        });
        co_await testing::turns(1);
    }());
    EXPECT_EQ(census.alive(), 0);
}

TEST(Handle, a_callable_may_hold_its_own_handle) {
    Census census;
    run([&]() -> Coro<> {
        struct Holder {
            Census::Member member;
            Handle handle;
        };
        for (const Duration delay : {Duration(0s), Duration(1h)}) {
            auto holder = std::make_shared<Holder>(Holder{census.member(), {}});
            EventLoop& loop = get_running_loop();
            holder->handle = delay.count() ? loop.call_later(delay, [holder] {}) : loop.call_soon([holder] {});
            Holder* const raw = holder.get();
            holder.reset();
            raw->handle.cancel();  // destroys the holder, and so the handle that it is called on
        }
        EXPECT_EQ(census.alive(), 0);
        co_await testing::turns(1);
    }());
}

TEST(Handle, empty_it_does_nothing) {
    Handle none;
    none.cancel();
    EXPECT_FALSE(none);
    EXPECT_FALSE(none.cancelled());
    EXPECT_EQ(none.when(), TimePoint());
}

// ---- Timers

TEST(VirtualCallLater, runs_in_the_order_of_time) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        for (const int ms : {3, 1, 2}) loop.call_later(std::chrono::milliseconds(ms), [&trace, ms] { trace.note(ms); });
        co_await hocket::sleep(8ms);
    }());
    EXPECT_EQ(trace.taken(), "1 2 3");
}

TEST(CallAt, runs_in_the_order_of_time) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const TimePoint now = loop.time();
        for (const int ms : {3, 1, 2})
            loop.call_at(now + std::chrono::milliseconds(ms), [&trace, ms] { trace.note(ms); });
        co_await hocket::sleep(8ms);
    }());
    EXPECT_EQ(trace.taken(), "1 2 3");
}

// 4
TEST(CallAt, equal_times_run_first_in_first_out) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const TimePoint when = loop.time_after(1ms);
        for (int i = 0; i < 10; ++i) loop.call_at(when, [&trace, i] { trace.note(i); });
        co_await hocket::sleep(5ms);
    }());
    EXPECT_EQ(trace.taken(), "0 1 2 3 4 5 6 7 8 9");
}

TEST(CallAt, knows_its_time) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const TimePoint when = loop.time_after(1ms);
        EXPECT_EQ(loop.call_at(when, [] {}).when(), when);
        EXPECT_GE(loop.call_later(1h, [] {}).when(), when);
        co_return;
    }());
}

TEST(CallLater, times_in_the_past_are_due_at_once) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.call_later(-1h, [&] { trace.note("past"); });
        loop.call_later(Duration(std::chrono::hours::min()), [&] { trace.note("long past"); });
        loop.call_at(TimePoint::min(), [&] { trace.note("first"); });
        loop.call_soon([&] { trace.note("soon"); });
        co_await hocket::sleep(2ms);
    }());
    EXPECT_EQ(trace.taken(), "soon long past first past");
}

TEST(CallLater, times_beyond_what_can_be_told_are_far_away) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        Handle never = loop.call_later(Duration(std::chrono::hours::max()), [] { ADD_FAILURE(); });
        Handle at_the_end = loop.call_at(TimePoint::max(), [] { ADD_FAILURE(); });
        co_await hocket::sleep(1ms);
        EXPECT_GT(never.when(), loop.time());
        never.cancel();
        at_the_end.cancel();
    }());
}

// 5
TEST(CallLater, cancelled_timers_leave_at_once) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        std::vector<Handle> handles;
        for (int i = 0; i < 200; ++i) handles.push_back(loop.call_later(1h, [] {}));
        const std::size_t before = loop.timers().size();
        for (Handle& h : handles) h.cancel();
        EXPECT_EQ(loop.timers().size(), before - 200);
        co_return;
    }());
}

TEST(CallLater, a_cancelled_timer_does_not_wake_the_loop) {
    const auto loop = new_event_loop();
    Handle first = loop->call_later(5s, [] {});
    const Handle second = loop->call_later(10s, [] {});
    EXPECT_EQ(loop->next_timer(), first.when());
    first.cancel();
    EXPECT_EQ(loop->next_timer(), second.when());
}

TEST(CallLater, cancelled_while_due_in_the_batch_it_does_not_run) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const TimePoint when = loop.time_after(1ms);
        Handle second;
        loop.call_at(when, [&] { second.cancel(); });
        second = loop.call_at(when, [&] { trace.note("second"); });
        loop.call_at(when, [&] { trace.note("third"); });
        co_await hocket::sleep(5ms);
    }());
    EXPECT_EQ(trace.taken(), "third");
}

TEST(CallLater, a_timer_may_set_the_next) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const Future<> done;
        struct Tick {
            EventLoop& loop;
            Trace& trace;
            const Future<>& done;
            int left;
            void operator()() const {
                trace.note(left);
                if (left == 0) return done.set_result();
                loop.call_later(1ms, Tick{loop, trace, done, left - 1});
            }
        };
        loop.call_later(1ms, Tick{loop, trace, done, 3});
        co_await done;
    }());
    EXPECT_EQ(trace.taken(), "3 2 1 0");
}

TEST(VirtualTime, passes_only_while_nothing_is_ready) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const TimePoint start = loop.time();
        co_await testing::turns(100);
        EXPECT_EQ(loop.time(), start);
        co_await hocket::sleep(24h);
        EXPECT_EQ(loop.time() - start, 24h);
    }());
}

TEST(RealTime, passes_while_a_timer_is_waited_for) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const TimePoint start = loop.time();
        co_await hocket::sleep(20ms);
        EXPECT_GE(loop.time() - start, 20ms);
    }());
}

TEST(RealTime, a_timer_is_not_early) {
    const auto loop = new_event_loop();
    const TimePoint when = loop->time_after(20ms);
    loop->call_at(when, [&] { loop->stop(); });
    loop->run_forever();
    EXPECT_GE(loop->time(), when);
}

// A busy loop reads the clock seldom; its timers are due all the same.
TEST(RealTime, timers_are_due_in_a_loop_that_is_always_busy) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        bool due = false;
        const TimePoint start = loop.time();
        loop.call_later(5ms, [&] { due = true; });
        while (!due) co_await hocket::sleep(0);
        EXPECT_GE(loop.time() - start, 5ms);
        EXPECT_LT(loop.time() - start, 1s);
    }());
}

// ---- Sleep

TEST(Sleep, without_time_gives_the_others_a_turn) {
    Trace trace;
    run([&]() -> Coro<> {
        for (const Duration d : {Duration(0s), Duration(-1s), Duration(std::chrono::hours::min())}) {
            get_running_loop().call_soon([&] { trace.note("turn"); });
            co_await hocket::sleep(d);
            trace.note("back");
        }
        static_cast<void>(hocket::sleep(Duration(std::chrono::hours::min())));  // not awaited
    }());
    EXPECT_EQ(trace.taken(), "turn back turn back turn back");
}

TEST(Sleep, ends_in_the_order_of_time) {
    Trace trace;
    run([&]() -> Coro<> {
        std::vector<Task<>> tasks;
        for (const int ms : {6, 2, 4}) {
            tasks.push_back(create_task(
                [&trace](int n) -> Coro<> {
                    co_await hocket::sleep(std::chrono::milliseconds(n));
                    trace.note(n);
                },
                ms));
        }
        for (const auto& t : tasks) co_await t;
    }());
    EXPECT_EQ(trace.taken(), "2 4 6");
}

TEST(VirtualSleep, is_awaited_once) {
    run([]() -> Coro<> {
        const std::string twice = "hocket::RuntimeError: cannot await a sleep twice";
        for (const Duration d : {Duration(0s), Duration(1h)}) {
            Sleep s = hocket::sleep(d);
            co_await std::move(s);
            std::string said;
            try {
                co_await std::move(s);
            } catch (const RuntimeError&) {
                said = describe(std::current_exception());
            }
            EXPECT_EQ(said, twice);
        }
    }());
}

TEST(VirtualSleep, stays_where_it_is_once_it_has_begun) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const TimePoint start = loop.time();
        Sleep s = hocket::sleep(1h);
        const auto task = create_task([&]() -> Coro<> { co_await std::move(s); });
        co_await testing::turns(1);
        EXPECT_EQ(co_await testing::ending_of(Sleep(std::move(s))), "hocket::RuntimeError: cannot await a sleep twice");
        co_await task;
        EXPECT_EQ(loop.time() - start, 1h);
    }());
}

TEST(VirtualSleep, for_as_long_as_can_be_told_is_ended_by_a_cancel) {
    run([]() -> Coro<> {
        const auto task = create_task([]() -> Coro<> { co_await hocket::sleep(Duration(std::chrono::hours::max())); });
        co_await hocket::sleep(24h * 365 * 100);
        EXPECT_FALSE(task.done());
        task.cancel();
        EXPECT_EQ(co_await testing::ending_of(task), "hocket::CancelledError");
    }());
}

// ---- The heap itself

struct TestTimer final : Timer {
    int number = 0;
    void run() override {}
};

TEST(OnceTimerHeap, keeps_100000_random_timers_in_exact_order) {
    constexpr int count = 100'000;
    TimerHeap heap;
    std::deque<TestTimer> timers(count);
    std::mt19937 random(7);
    struct Expected {
        std::int64_t when;
        int number;
    };
    std::vector<Expected> expected;
    int sequence = 0;
    std::vector<std::int64_t> whens(count);
    const auto arm = [&](int i) {
        timers[static_cast<std::size_t>(i)].number = sequence++;
        whens[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(random() % 1000);
        heap.push(timers[static_cast<std::size_t>(i)], whens[static_cast<std::size_t>(i)]);
    };
    for (int i = 0; i < count; ++i) arm(i);
    for (int n = 0; n < count; ++n) {  // a third removed for good, others armed anew
        const int i = static_cast<int>(random() % count);
        TestTimer& t = timers[static_cast<std::size_t>(i)];
        if (t.armed()) {
            EXPECT_EQ(heap.when(t), whens[static_cast<std::size_t>(i)]);
            heap.remove(t);
            EXPECT_FALSE(t.armed());
        }
        if (n % 3 != 0) arm(i);
    }
    for (int i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (timers[at].armed()) expected.push_back({whens[at], timers[at].number});
    }
    std::sort(expected.begin(), expected.end(), [](const Expected& a, const Expected& b) {
        return a.when != b.when ? a.when < b.when : a.number < b.number;
    });
    ASSERT_EQ(heap.size(), expected.size());
    for (const Expected& e : expected) {
        ASSERT_EQ(heap.first(), e.when);
        ASSERT_EQ(static_cast<TestTimer*>(heap.pop())->number, e.number);
    }
    EXPECT_TRUE(heap.empty());
}

}  // namespace
}  // namespace hocket
