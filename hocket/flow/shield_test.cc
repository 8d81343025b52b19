// SPDX-License-Identifier: MIT
// shield: what is awaited goes on when the wait is cancelled.
#include <hocket/flow/shield.h>

#include <hocket/core/sleep.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/traces_test.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::failure_after;
using ::testing::HasSubstr;
using testing::Trace;
using testing::turns;
using testing::value_after;

TEST(Shield, gives_what_the_inner_one_gives) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await shield(value_after(2, 42)), 42);
        EXPECT_EQ(co_await ending_of(shield(failure_after(2, "a"))), "hocket::RuntimeError: a");
        co_await shield(turns(1));
        co_await shield(hocket::sleep(1ms));
        const auto kept = create_task(value_after(1, std::string("kept")));
        EXPECT_EQ(co_await shield(kept), "kept");
        EXPECT_EQ(kept.result(), "kept");
        EXPECT_EQ(*co_await shield(value_after(1, std::make_unique<int>(7))), 7);
        int target = 0;
        EXPECT_EQ(&co_await shield([](int& t) -> Coro<int&> { co_return t; }(target)), &target);
        co_await shield(AnyTask(kept));
    }());
}

TEST(Shield, of_a_future_ends_as_that_does) {
    run([]() -> Coro<> {
        const Future<int> result, failure;
        const auto of_result = shield(result), of_failure = shield(failure);
        co_await turns(1);
        EXPECT_FALSE(of_result.done() || of_failure.done());
        const auto error = std::make_exception_ptr(RuntimeError("expected"));
        result.set_result(42);
        failure.set_exception(error);
        co_await turns(1);
        EXPECT_EQ(of_result.result(), 42);
        EXPECT_EQ(of_failure.exception(), error);
    }());
}

TEST(Shield, belongs_to_the_loop_where_it_was_made) {
    const auto loop = new_event_loop();
    Future<int> outer = nullptr;
    loop->run_until_complete([](Future<int>& made) -> Coro<> {
        made = shield(value_after(1, 42));
        co_return;
    }(outer));
    EXPECT_EQ(&outer.get_loop(), loop.get());
    EXPECT_EQ(loop->run_until_complete(outer), 42);
}

TEST(Shield, of_a_coroutine_needs_a_running_loop) {
    testing::Reports reports;
    EXPECT_EQ(testing::thrown_by([] { static_cast<void>(shield(turns(1))); }),
              "hocket::RuntimeError: no running event loop");
    EXPECT_EQ(reports.count(), 0u);  // it is closed
}

// 49
TEST(Shield, cancelled_the_inner_one_runs_on) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto waiting = create_task([&]() -> Coro<> {
            co_await shield([](Trace& t) -> Coro<> {
                co_await turns(4);
                t.note("saved");
            }(trace));
        });
        co_await turns(2);
        waiting.cancel("enough");
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError: enough");
        trace.note("cancelled");
        co_await turns(5);
    }());
    EXPECT_EQ(trace.taken(), "cancelled saved");
}

TEST(Shield, cancelled_it_leaves_the_inner_future_and_is_told_nothing_more) {
    run([]() -> Coro<> {
        const Future<int> inner;
        const auto outer = shield(inner);
        int calls = 0;
        outer.add_done_callback([&](const Future<int>& done) { calls += done.cancelled(); });
        co_await turns(1);
        EXPECT_TRUE(outer.cancel());
        co_await turns(1);
        EXPECT_TRUE(outer.cancelled());
        EXPECT_EQ(calls, 1);
        EXPECT_FALSE(inner.done());
        inner.set_result(1);
        co_await turns(3);
        EXPECT_TRUE(outer.cancelled());
        EXPECT_EQ(calls, 1);
    }());
}

// 49
TEST(Shield, is_cancelled_when_the_inner_one_is) {
    run([]() -> Coro<> {
        const Future<> inner;
        const Future<> outer = shield(inner);
        inner.cancel();
        co_await turns(1);
        EXPECT_TRUE(outer.cancelled());
        EXPECT_EQ(co_await ending_of(outer), "hocket::CancelledError");
    }());
}

// 49
TEST(Shield, later_exceptions_of_the_inner_one_are_reported) {
    testing::Reports reports;
    run([]() -> Coro<> {
        const auto outer = shield(failure_after(3, "lost"));
        co_await turns(1);
        EXPECT_TRUE(outer.cancel());
        EXPECT_TRUE(outer.cancelled());
        co_await turns(5);
    }());
    EXPECT_EQ(reports.count(), 1u);
    EXPECT_THAT(reports.taken(), HasSubstr("RuntimeError: lost"));
}

TEST(Shield, an_exception_that_nobody_awaits_is_reported_once) {
    testing::Reports reports;
    run([]() -> Coro<> {
        static_cast<void>(shield(failure_after(1, "lost")));
        co_await turns(5);
    }());
    EXPECT_EQ(reports.count(), 1u);
}

TEST(Shield, of_what_is_done_does_not_suspend) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto other = create_task([&]() -> Coro<> {
            trace.note("other");
            co_return;
        });
        const Future<int> done, failed, cancelled;
        done.set_result(1);
        failed.set_exception(RuntimeError("a"));
        cancelled.cancel();
        EXPECT_EQ(co_await shield(done), 1);
        EXPECT_EQ(co_await ending_of(shield(failed)), "hocket::RuntimeError: a");
        EXPECT_EQ(co_await ending_of(shield(cancelled)), "hocket::CancelledError");
        trace.note("at once");
        co_await other;
    }());
    EXPECT_EQ(trace.taken(), "at once other");
}

TEST(Shield, ends_two_iterations_after_the_inner_one) {
    EXPECT_EQ(testing::with_ticks(5, [](Trace&) -> Coro<> { co_await shield(turns(1)); }), "t0 t1 t2 t3 done t4");
}

TEST(Shield, protects_a_gather) {
    run([]() -> Coro<> {
        const Future<int> a, b;
        const auto inner = gather(a, b);
        const auto outer = shield(inner);
        co_await turns(1);
        EXPECT_TRUE(outer.cancel());
        co_await turns(1);
        EXPECT_TRUE(outer.cancelled());
        EXPECT_FALSE(inner.done());
        a.set_result(1);
        b.set_result(2);
        co_await turns(1);
        EXPECT_EQ(inner.result(), std::tuple(1, 2));
        EXPECT_TRUE(outer.cancelled());
    }());
}

TEST(Shield, protects_what_a_gather_waits_for) {
    run([]() -> Coro<> {
        const Future<int> a, b;
        const auto shield_a = shield(a), shield_b = shield(b);
        const auto both = gather(shield_a, shield_b);
        co_await turns(1);
        EXPECT_TRUE(both.cancel());
        co_await turns(1);
        EXPECT_TRUE(shield_a.cancelled() && shield_b.cancelled());
        EXPECT_FALSE(both.cancelled());  // it has failed, with the cancel of its members
        EXPECT_EQ(describe(both.exception()), "hocket::CancelledError");
        EXPECT_FALSE(a.done() || b.done());
        a.set_result(1);
        b.set_result(2);
        co_await turns(1);
        EXPECT_EQ(a.result() + b.result(), 3);
        EXPECT_EQ(co_await ending_of(both), "hocket::CancelledError");
    }());
}

TEST(Shield, of_a_result_that_can_only_be_moved_gives_it_once) {
    run([]() -> Coro<> {
        auto task = create_task(value_after(1, std::make_unique<int>(5)));
        auto [first, second] = co_await gather(settle, shield(task), shield(task));
        EXPECT_EQ(**first, 5);
        EXPECT_THAT(second.error(), HasSubstr("hocket::InvalidStateError: the result can only be moved"));
        EXPECT_THAT(co_await ending_of(std::move(task)), HasSubstr("hocket::InvalidStateError"));
        auto alone = create_task(value_after(1, std::make_unique<int>(6)));
        EXPECT_EQ(*co_await shield(std::move(alone)), 6);
    }());
}

TEST(Shield, may_be_dropped_while_the_inner_one_runs) {
    testing::Census census;
    run([&]() -> Coro<> {
        static_cast<void>(shield(value_after(2, census.member())));
        co_await turns(5);
        EXPECT_EQ(census.alive(), 0);
        EXPECT_THROW(static_cast<void>(shield(Task<>())), RuntimeError);
    }());
}

}  // namespace
}  // namespace hocket
