// SPDX-License-Identifier: MIT
// Cancelling within one iteration, again and again, and the messages that go with each cancel.
#include <gtest/gtest.h>
#include <hocket/core/task.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <string>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::forever;
using testing::Trace;

// ---- Within one iteration

TEST(CancelInTheBatch, of_a_ready_task_by_one_before_it) {
    Trace trace;
    run([&]() -> Coro<> {
        Task<> second;
        const auto first = create_task([&]() -> Coro<> {
            co_await hocket::sleep(0);
            trace.note(second.cancel());
        });
        second = create_task([&]() -> Coro<> { trace.note(co_await ending_of(hocket::sleep(0))); });
        co_await first;
        co_await ending_of(second);
    }());
    EXPECT_EQ(trace.taken(), "1 hocket::CancelledError");
}

TEST(CancelInTheBatch, of_each_other_ends_both) {
    run([]() -> Coro<> {
        Task<> a, b;
        a = create_task([&]() -> Coro<> {
            co_await hocket::sleep(0);
            b.cancel();
            co_await forever();
        });
        b = create_task([&]() -> Coro<> {
            if (co_await ending_of(hocket::sleep(0)) != "nothing") a.cancel();
            throw CancelledError();
        });
        EXPECT_EQ(co_await ending_of(a), "hocket::CancelledError");
        EXPECT_EQ(co_await ending_of(b), "hocket::CancelledError");
    }());
}

TEST(CancelInTheBatch, of_many_sleepers_whose_time_has_come) {
    run([]() -> Coro<> {
        std::vector<Task<>> tasks;
        for (int i = 0; i < 50; ++i) tasks.push_back(create_task([]() -> Coro<> { co_await hocket::sleep(1ms); }));
        // Due in the same iteration as theirs, and registered before: it runs while their timers stand in the queue.
        tasks.insert(tasks.begin(), create_task([&]() -> Coro<> {
                         co_await hocket::sleep(1ms);
                         for (std::size_t i = 1; i < tasks.size(); ++i) tasks[i].cancel();
                     }));
        for (const auto& t : tasks) static_cast<void>(co_await ending_of(t));
    }());
}

TEST(CancelInTheBatch, of_a_sleeper_whose_timer_is_due_later_in_the_batch) {
    Trace trace;
    run([&]() -> Coro<> {
        Task<> sleeper;
        EventLoop& loop = get_running_loop();
        const TimePoint when = loop.time_after(2ms);
        loop.call_at(when, [&] { sleeper.cancel(); });
        sleeper = create_task(
            [&]() -> Coro<> { trace.note(co_await ending_of(hocket::sleep(when - get_running_loop().time()))); });
        co_await sleeper;
    }());
    EXPECT_EQ(trace.taken(), "hocket::CancelledError");
}

// ---- Repetition

TEST(Cancel, counts_up_to_255) {
    run([]() -> Coro<> {
        const auto task = create_task(forever());
        co_await testing::turns(1);
        for (int i = 0; i < 300; ++i) task.cancel();
        EXPECT_EQ(task.cancelling(), 255U);
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
    }());
}

TEST(Cancel, may_be_refused_again_and_again) {
    run([]() -> Coro<> {
        int refused = 0;
        const auto stubborn = create_task([&]() -> Coro<> {
            while (refused < 100) {
                if (co_await ending_of(forever()) == "hocket::CancelledError") ++refused;
            }
        });
        co_await testing::turns(1);
        while (!stubborn.done()) {
            stubborn.cancel();
            co_await hocket::sleep(0);
        }
        EXPECT_EQ(refused, 100);
    }());
}

TEST(Cancel, of_a_done_task_does_nothing) {
    run([]() -> Coro<> {
        const auto task = create_task(testing::value_after(0, 1));
        co_await task;
        EXPECT_FALSE(task.cancel("late"));
        EXPECT_EQ(task.cancelling(), 0U);
        EXPECT_EQ(task.result(), 1);
    }());
}

// A message of an old cancel does not appear in a later one.
TEST(CancelMessage, goes_with_its_own_cancel) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto task = create_task([&]() -> Coro<> {
            trace.note(co_await ending_of(forever()));
            trace.note(co_await ending_of(hocket::sleep(1h)));
            const Future<> f;
            f.cancel();
            trace.note(co_await ending_of(f));
        });
        co_await testing::turns(2);
        task.cancel("first");
        co_await testing::turns(1);
        task.cancel();
        co_await task;
    }());
    EXPECT_EQ(trace.taken(), "hocket::CancelledError: first hocket::CancelledError hocket::CancelledError");
}

TEST(CancelMessage, is_kept_with_the_task) {
    run([]() -> Coro<> {
        const auto task = create_task(forever());
        co_await testing::turns(1);
        task.cancel("kept");
        for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError: kept");
    }());
}

}  // namespace
}  // namespace hocket
