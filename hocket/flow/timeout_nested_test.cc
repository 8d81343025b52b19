// SPDX-License-Identifier: MIT
// Time limits inside others, inside the clean-up that others cause, and around a task group.
#include <hocket/flow/timeout.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/sleep.h>
#include <hocket/core/task.h>
#include <hocket/flow/task_group_test.h>
#include <hocket/io/runner.h>
#include <hocket/io/virtual_backend.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::forever;
using testing::Trace;
using testing::turns;

constexpr const char* timed_out = "hocket::TimeoutError: timed out";

/// Computes for so long: the loop does nothing else meanwhile.
void keep_busy(Duration time) { static_cast<VirtualBackend&>(get_running_loop().backend()).advance(time.count()); }

TEST(Timeout, of_two_that_pass_together_the_outer_throws) {
    Trace trace;
    run([&]() -> Coro<> {
        const TimePoint deadline = get_running_loop().time() + 5ms;
        Timeout inner, outer;
        const auto waiting = [&](Timeout& t) -> Coro<> {
            inner = t;
            co_await forever();
        };
        const auto body = [&](Timeout& t) -> Coro<> {
            outer = t;
            std::exception_ptr error;
            try {
                co_await timeout_at(deadline, waiting);
            } catch (const CancelledError&) {
                error = std::current_exception();
            }
            trace.note("cancelled");
            std::rethrow_exception(error);
        };
        EXPECT_EQ(co_await ending_of(timeout_at(deadline, body)), timed_out);
        EXPECT_TRUE(inner.expired());
        EXPECT_TRUE(outer.expired());
        EXPECT_EQ(current_task().cancelling(), 0u);
    }());
    EXPECT_EQ(trace.taken(), "cancelled");
}

TEST(VirtualTimeout, the_outer_interrupts_what_follows_the_inner) {
    run([]() -> Coro<> {
        const EventLoop& loop = get_running_loop();
        const TimePoint start = loop.time();
        const auto body = []() -> Coro<> {
            EXPECT_EQ(co_await ending_of(timeout(10ms,
                                                 []() -> Coro<> {
                                                     keep_busy(50ms);
                                                     co_await hocket::sleep(1s);
                                                 })),
                      timed_out);
            co_await hocket::sleep(10s);
        };
        EXPECT_EQ(co_await ending_of(timeout(100ms, body)), timed_out);
        EXPECT_EQ(loop.time() - start, 100ms);
    }());
}

TEST(VirtualTimeout, both_may_have_passed_before_a_busy_body_waits) {
    run([]() -> Coro<> {
        const EventLoop& loop = get_running_loop();
        const TimePoint start = loop.time();
        const auto body = []() -> Coro<> {
            co_await timeout(10ms, []() -> Coro<> {
                keep_busy(200ms);
                co_await hocket::sleep(1s);
            });
        };
        EXPECT_EQ(co_await ending_of(timeout(100ms, body)), timed_out);
        EXPECT_EQ(loop.time() - start, 200ms);
        EXPECT_EQ(current_task().cancelling(), 0u);
    }());
}

TEST(VirtualTimeout, an_inner_that_would_pass_later_leaves_the_cancel_to_the_outer) {
    run([]() -> Coro<> {
        std::string inner;
        const auto body = [&]() -> Coro<> {
            inner = co_await ending_of(timeout(100ms, []() -> Coro<> {
                keep_busy(10ms);
                co_await hocket::sleep(1s);
            }));
            throw CancelledError();
        };
        EXPECT_EQ(co_await ending_of(timeout(2ms, body)), timed_out);
        EXPECT_EQ(inner, "hocket::CancelledError");
    }());
}

// 38
TEST(Timeout, works_in_clean_up_after_a_limit) {
    run([]() -> Coro<> {
        const auto body = []() -> Coro<> {
            std::exception_ptr error;
            try {
                co_await forever();
            } catch (const CancelledError&) {
                error = std::current_exception();
            }
            EXPECT_EQ(co_await ending_of(timeout(1ms, forever())), timed_out);
            EXPECT_EQ(current_task().cancelling(), 1u);
            std::rethrow_exception(error);
        };
        EXPECT_EQ(co_await ending_of(timeout(1ms, body)), timed_out);
        EXPECT_EQ(current_task().cancelling(), 0u);
    }());
}

TEST(Timeout, failures_of_a_task_group_inside_win) {
    run([]() -> Coro<> {
        Timeout limit;
        const auto group = [](TaskGroup& g) -> Coro<> {
            g.create_task(testing::failing_cleanup("child"));
            co_await forever();
        };
        const auto body = [&](Timeout& t) -> Coro<> {
            limit = t;
            co_await task_group(group);
        };
        EXPECT_EQ(co_await ending_of(timeout(1ms, body)),
                  std::string(testing::unhandled_one) + "    1: hocket::RuntimeError: child");
        EXPECT_TRUE(limit.expired());
        EXPECT_EQ(current_task().cancelling(), 0u);
        co_await turns(1);  // no cancel is left
    }());
}

TEST(VirtualTimeout, says_in_the_await_graph_how_much_time_is_left) {
    run([]() -> Coro<> {
        const auto within = [](std::optional<Duration> limit, Coro<> body) -> Coro<> {
            co_await timeout(limit, std::move(body));
        };
        const Task<> task = create_task(within(30s, within(std::nullopt, within(3s, forever()))));
        co_await hocket::sleep(1s);
        EXPECT_EQ(capture_call_graph(task).state, "waits for a future, times out in 2.000 s");
        EXPECT_NE(format_call_graph(get_running_loop()).find("waits for a future, times out in 2.000 s\n"),
                  std::string::npos);
        EXPECT_EQ(co_await ending_of(task), "hocket::TimeoutError: timed out");
    }());
}

}  // namespace
}  // namespace hocket
