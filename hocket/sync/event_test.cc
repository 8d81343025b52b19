// SPDX-License-Identifier: MIT
// Events: who is woken, when nobody suspends, and what becomes of waiters.
#include <hocket/sync/event.h>

#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <memory>
#include <string>
#include <thread>

namespace hocket {
namespace {

using testing::ending_of;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;

Coro<> wait(Event& event, Trace& trace, const char* name) {
    co_await event.wait();
    trace.note(name);
}

TEST(OnceEvent, is_not_set_at_first_and_set_until_it_is_cleared) {
    Event event;
    EXPECT_FALSE(event.is_set());
    event.set();
    event.set();
    EXPECT_TRUE(event.is_set());
    event.clear();
    EXPECT_FALSE(event.is_set());
}

TEST(Event, set_wakes_every_task_that_waits_in_the_order_in_which_they_came) {
    auto main = []() -> Coro<> {
        Event event;
        Trace trace;
        const Task<> a = create_task(wait(event, trace, "a"));
        const Task<> b = create_task(wait(event, trace, "b"));
        co_await hocket::sleep(0);
        const Task<> late = create_task(wait(event, trace, "late"));
        event.set();
        EXPECT_EQ(trace.taken(), "");
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "late a b");
    };
    run(main());
}

// 13
TEST(Event, waiting_for_one_that_is_set_does_not_suspend) {
    auto main = []() -> Coro<> {
        Event event, other;
        Trace trace;
        event.set();
        other.set();
        const Task<> task = create_task(wait(other, trace, "other"));
        co_await event.wait();
        EXPECT_EQ(trace.taken(), "");
        co_await task;
    };
    run(main());
}

TEST(Event, wait_looks_at_the_flag_when_it_is_awaited) {
    auto main = []() -> Coro<> {
        Event event;
        Trace trace;
        auto waiting = event.wait();
        event.set();
        co_await waiting;
        event.clear();
        const Task<> setter = create_task(
            [](Event& e) -> Coro<> {
                e.set();
                co_return;
            },
            std::ref(event));
        co_await waiting;
        EXPECT_TRUE(setter.done());
    };
    run(main());
}

// 63
TEST(Event, set_and_clear_at_once_still_wakes_who_waits) {
    auto main = []() -> Coro<> {
        Event event;
        Trace trace;
        const Task<> waiter = create_task(wait(event, trace, "woken"));
        co_await hocket::sleep(0);
        event.set();
        event.clear();
        EXPECT_FALSE(event.is_set());
        co_await waiter;
        EXPECT_EQ(trace.taken(), "woken");
    };
    run(main());
}

// 63
TEST(Event, set_again_before_the_woken_task_runs_wakes_it_once) {
    auto main = []() -> Coro<> {
        Event event;
        Trace trace;
        const Task<> waiter = create_task(wait(event, trace, "woken"));
        co_await hocket::sleep(0);
        event.set();
        event.clear();
        event.set();
        event.set();
        EXPECT_EQ(trace.taken(), "");
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "woken");
        EXPECT_TRUE(waiter.done());
        EXPECT_TRUE(event.is_set());
    };
    run(main());
}

// 63
TEST(Event, set_and_clear_does_not_wake_who_comes_later) {
    auto main = []() -> Coro<> {
        Event event;
        Trace trace;
        event.set();
        event.clear();
        const Task<> waiter = create_task(wait(event, trace, "woken"));
        co_await testing::turns(3);
        EXPECT_EQ(trace.taken(), "");
        event.set();
        co_await waiter;
    };
    run(main());
}

TEST(Event, a_cancelled_waiter_leaves_and_the_others_are_woken) {
    auto main = []() -> Coro<> {
        Event event;
        Trace trace;
        const Task<> a = create_task(wait(event, trace, "a"));
        const Task<> b = create_task(wait(event, trace, "b"));
        const Task<> c = create_task(wait(event, trace, "c"));
        co_await hocket::sleep(0);
        b.cancel();
        event.set();
        co_await c;
        EXPECT_EQ(trace.taken(), "a c");
        EXPECT_TRUE(b.cancelled());
    };
    run(main());
}

// 17
TEST(Event, a_cancel_after_set_and_before_the_task_runs_is_delivered) {
    auto main = []() -> Coro<> {
        Event event;
        Trace trace;
        const Task<> waiter = create_task(wait(event, trace, "woken"));
        co_await hocket::sleep(0);
        event.set();
        waiter.cancel();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::CancelledError");
        EXPECT_EQ(trace.taken(), "");
    };
    run(main());
}

TEST(Event, may_be_destroyed_right_after_set) {
    auto main = []() -> Coro<> {
        auto event = std::make_unique<Event>();
        Trace trace;
        const Task<> waiter = create_task(wait(*event, trace, "woken"));
        co_await hocket::sleep(0);
        event->set();
        event.reset();
        co_await waiter;
        EXPECT_EQ(trace.taken(), "woken");
    };
    run(main());
}

TEST(Event, destroyed_it_wakes_the_tasks_that_wait_with_an_error) {
    auto main = []() -> Coro<> {
        auto event = std::make_unique<Event>();
        Trace trace;
        const Task<> waiter = create_task(wait(*event, trace, "woken"));
        co_await hocket::sleep(0);
        event.reset();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::RuntimeError: Event was destroyed while 1 task waited for it");
    };
    run(main());
}

TEST(Event, the_error_of_a_destroyed_one_can_be_caught_and_the_task_goes_on) {
    auto main = []() -> Coro<> {
        auto event = std::make_unique<Event>();
        Trace trace;
        const Task<> waiter = create_task([&]() -> Coro<> {
            try {
                co_await event->wait();
            } catch (const RuntimeError&) {
                trace.note("caught");
            }
            co_await hocket::sleep(0);
            current_task().cancel("later");
            co_await hocket::sleep(0);
        });
        co_await hocket::sleep(0);
        event.reset();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::CancelledError: later");
        EXPECT_EQ(trace.taken(), "caught");
    };
    run(main());
}

TEST(Event, a_task_that_waits_when_the_run_ends_is_cancelled_quietly) {
    Trace trace;
    Reports reports;
    auto main = [&]() -> Coro<> {
        Event event;
        create_task(wait(event, trace, "woken"));
        co_await hocket::sleep(0);
    };
    run(main());
    EXPECT_EQ(trace.taken(), "");
    EXPECT_EQ(reports.taken(), "");
}

TEST(Event, a_loop_that_is_closed_with_waiters_leaves_it_usable) {
    Reports reports;
    Trace trace;
    Event event;
    {
        const auto loop = new_event_loop();
        auto task = loop->create_task(wait(event, trace, "woken"), {});
        loop->run_once(Duration());
        loop->close();
    }
    event.set();
    EXPECT_EQ(trace.taken(), "");
}

// The numbers by which loops are told apart come again after 255.
TEST(OnceEvent, is_of_no_later_loop_that_has_its_loops_number) {
    Event event;
    auto main = [&]() -> Coro<> {
        event.clear();
        get_running_loop().call_soon([&] { event.set(); });
        co_await event.wait();
    };
    run(main());
    int refused = 0;
    for (int i = 0; i < 256; ++i) {
        refused += thrown_by([&] { run(main()); }) == "hocket::RuntimeError: Event is bound to a different event loop";
    }
    EXPECT_EQ(refused, 256);
}

// 65
TEST(OnceEvent, belongs_to_the_loop_of_the_first_task_that_waits) {
    Event event;
    auto main = [&]() -> Coro<> {
        Trace trace;
        const Task<> waiter = create_task(wait(event, trace, "woken"));
        co_await hocket::sleep(0);
        event.set();
        co_await waiter;
        event.clear();
    };
    run(main());
    EXPECT_EQ(thrown_by([&] { run(main()); }), "hocket::RuntimeError: Event is bound to a different event loop");
}

TEST(RealEvent, set_from_another_thread_throws_in_debug_mode) {
    auto main = []() -> Coro<> {
        get_running_loop().set_debug(true);
        Event event;
        Trace trace;
        const Task<> waiter = create_task(wait(event, trace, "woken"));
        co_await hocket::sleep(0);
        std::string said;
        std::thread([&] { said = thrown_by([&] { event.set(); }); }).join();
        EXPECT_NE(said.find("from another thread than the loop's"), std::string::npos) << said;
        event.clear();
        event.set();
        co_await waiter;
    };
    run(main());
}

TEST(Event, names_itself_in_the_await_graph) {
    auto main = []() -> Coro<> {
        Event event;
        Trace trace;
        const Task<> waiter = create_task(wait(event, trace, "woken"));
        co_await hocket::sleep(0);
        EXPECT_EQ(capture_call_graph(*waiter.state()).state, "waits for Event");
        event.set();
        EXPECT_EQ(capture_call_graph(*waiter.state()).state, "ready");
        co_await waiter;
    };
    run(main());
}

}  // namespace
}  // namespace hocket
