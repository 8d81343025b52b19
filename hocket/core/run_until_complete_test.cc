// SPDX-License-Identifier: MIT
// run_until_complete: what it takes, and what a run that ends otherwise leaves behind.
#include <hocket/core/event_loop.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;

TEST(RunUntilComplete, needs_a_loop_that_is_open) {
    const auto loop = new_event_loop();
    const auto task = loop->create_task(testing::value_after(1, 2), {});
    EXPECT_EQ(loop->run_until_complete(task), 2);
    loop->close();
    EXPECT_EQ(thrown_by([&] { loop->run_until_complete(task); }), "hocket::RuntimeError: Event loop is closed");
    EXPECT_EQ(task.result(), 2);
}

// 10
TEST(RunUntilComplete, stopped_early_leaves_the_task_to_be_cancelled) {
    const auto loop = new_event_loop();
    int rounds = 0;
    const auto task = loop->create_task([](EventLoop& l, int& n) -> Coro<> {
        while (n < 10) {
            co_await hocket::sleep(1ms);
            if (++n == 2) l.stop();
        }
    }(*loop, rounds));
    EXPECT_EQ(thrown_by([&] { loop->run_until_complete(task); }),
              "hocket::RuntimeError: Event loop stopped before Future completed.");
    EXPECT_FALSE(task.done());
    EXPECT_EQ(rounds, 2);
    task.cancel();
    EXPECT_EQ(thrown_by([&] { loop->run_until_complete(task); }), "hocket::CancelledError");
    EXPECT_EQ(rounds, 2);
}

TEST(RunUntilComplete, takes_a_task_of_any_type) {
    const auto loop = new_event_loop();
    const AnyTask good = loop->create_task(testing::value_after(1, 5));
    loop->run_until_complete(good);
    EXPECT_TRUE(good.done());
    const AnyTask bad = loop->create_task(testing::failure_after(1, "bad"));
    EXPECT_EQ(thrown_by([&] { loop->run_until_complete(bad); }), "hocket::RuntimeError: bad");
}

TEST(RunUntilComplete, takes_futures_of_this_loop) {
    const auto loop = new_event_loop(), other = new_event_loop();
    const Future<int> f(*loop), foreign(*other);
    loop->call_soon([&] { f.set_result(5); });
    EXPECT_EQ(loop->run_until_complete(f), 5);
    EXPECT_EQ(thrown_by([&] { loop->run_until_complete(foreign); }),
              "hocket::ValueError: run_until_complete of a future that belongs to a different loop");
    EXPECT_EQ(loop->run_until_complete(loop->create_task(testing::value_after(1, 6))), 6);
}

TEST(RunUntilComplete, inside_a_running_loop_is_an_error_and_closes_the_coroutine) {
    const Reports reports;
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        EXPECT_TRUE(loop.is_running());
        const std::string error =
            "hocket::RuntimeError: run_until_complete cannot be called while a loop runs on this thread: await instead";
        EXPECT_EQ(thrown_by([&] { loop.run_until_complete(testing::turns(1)); }), error);
        const auto other = new_event_loop();
        EXPECT_EQ(thrown_by([&] { other->run_until_complete(testing::turns(1)); }), error);
        co_return;
    }());
    EXPECT_EQ(reports.count(), 0U);
}

TEST(RunUntilComplete, that_throws_what_ends_the_program_is_not_reported_and_leaves_no_stop_behind) {
    Reports reports;
    Trace trace;
    const auto loop = new_event_loop();
    EXPECT_EQ(thrown_by([&] {
                  loop->run_until_complete([]() -> Coro<> {
                      throw KeyboardInterrupt();
                      co_return;
                  }());
              }),
              "hocket::KeyboardInterrupt");
    loop->call_soon([&] {
        loop->call_soon([&] {
            trace.note("second iteration");
            loop->stop();
        });
    });
    loop->run_forever();
    EXPECT_EQ(trace.taken(), "second iteration");
    loop->close();
    EXPECT_EQ(reports.taken(), "");
}

// The task of the first run ends during the second one.
TEST(RunUntilComplete, that_an_exception_left_does_not_end_a_later_one) {
    const Reports reports;
    const auto loop = new_event_loop();
    const auto first = loop->create_task(testing::value_after(1ms, 1));
    loop->call_soon([] { throw SystemExit{3}; });
    EXPECT_EQ(thrown_by([&] { loop->run_until_complete(first); }), "hocket::SystemExit: 3");
    EXPECT_FALSE(first.done());
    EXPECT_EQ(loop->run_until_complete(testing::value_after(4ms, 2)), 2);
    EXPECT_TRUE(first.done());
}

}  // namespace
}  // namespace hocket
