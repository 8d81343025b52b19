// SPDX-License-Identifier: MIT
// Outcomes as values: what as_result gives, and that it does not throw.
#include <hocket/flow/as_result.h>

#include <hocket/core/sleep.h>
#include <hocket/flow/wait_for.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace hocket {

namespace {

using testing::ending_of;
using testing::failure_after;
using testing::forever;
using testing::turns;
using testing::value_after;

}  // namespace

TEST(AsResult, a_coroutines_value) {
    run([]() -> Coro<> {
        const Result<int> result = co_await as_result(value_after(1, 7));
        EXPECT_EQ(result.value(), 7);
    }());
}

TEST(AsResult, a_coroutines_exception) {
    run([]() -> Coro<> {
        const Result<void> result = co_await as_result(failure_after(1, "no"));
        EXPECT_FALSE(result);
        EXPECT_EQ(result.error(), "hocket::RuntimeError: no");
    }());
}

TEST(AsResult, a_coroutine_runs_inside_the_current_task) {
    run([]() -> Coro<> {
        const AnyTask outer = current_task();
        const auto body = [](AnyTask task) -> Coro<bool> { co_return current_task() == task; };
        const Result<bool> same = co_await as_result(body(outer));
        EXPECT_TRUE(same.value());
    }());
}

TEST(AsResult, a_tasks_outcome) {
    run([]() -> Coro<> {
        const Task<int> good = create_task(value_after(1, 7));
        const Task<> bad = create_task(failure_after(1, "no"));
        const Result<int> value = co_await as_result(good);
        const Result<void> error = co_await as_result(bad);
        EXPECT_EQ(value.value(), 7);
        EXPECT_EQ(error.error(), "hocket::RuntimeError: no");
    }());
}

TEST(AsResult, the_exception_of_a_task_counts_as_retrieved) {
    testing::Reports reports;
    run([]() -> Coro<> { static_cast<void>(co_await as_result(create_task(failure_after(0, "no")))); }());
    EXPECT_EQ(reports.taken(), "");
}

TEST(AsResult, what_can_only_be_moved_is_moved_out_of_a_task) {
    run([]() -> Coro<> {
        Result<std::unique_ptr<int>> result = co_await as_result(create_task(value_after(1, std::make_unique<int>(7))));
        const std::unique_ptr<int> seven = std::move(result).value();
        EXPECT_EQ(*seven, 7);
    }());
}

TEST(AsResult, a_futures_outcome_done_or_not) {
    run([]() -> Coro<> {
        Future<int> done = get_running_loop().create_future<int>();
        done.set_result(1);
        const Result<int> first = co_await as_result(done);
        Future<int> later = get_running_loop().create_future<int>();
        get_running_loop().call_soon([later] { later.set_exception(ValueError("bad")); });
        const Result<int> second = co_await as_result(later);
        EXPECT_EQ(first.value(), 1);
        EXPECT_EQ(second.error(), "hocket::ValueError: bad");
    }());
}

TEST(AsResult, a_cancelled_task_is_an_outcome_and_the_waiting_one_goes_on) {
    run([]() -> Coro<> {
        const Task<> task = create_task(forever());
        get_running_loop().call_soon([task] { task.cancel("enough"); });
        const Result<void> result = co_await as_result(task);
        EXPECT_TRUE(result.cancelled());
        EXPECT_EQ(cancelled_error(result.exception())->message(), "enough");
        EXPECT_EQ(current_task().cancelling(), 0U);
    }());
}

namespace {

// What leaves a task that is cancelled while it waits for `awaitable` by as_result.
template <class Awaitable>
Coro<std::string> cancelled_while_it_waits(Awaitable awaitable) {
    const auto waiter = [](Awaitable inner) -> Coro<> { static_cast<void>(co_await as_result(std::move(inner))); };
    const Task<> task = create_task(waiter(std::move(awaitable)));
    co_await turns(2);
    task.cancel("why");
    co_return co_await ending_of(task);
}

}  // namespace

TEST(AsResult, a_cancel_of_the_waiting_task_is_thrown) {
    run([]() -> Coro<> {
        const std::string cancelled = "hocket::CancelledError: why";
        EXPECT_EQ(co_await cancelled_while_it_waits(forever()), cancelled);
        EXPECT_EQ(co_await cancelled_while_it_waits(create_task(forever())), cancelled);
        EXPECT_EQ(co_await cancelled_while_it_waits(get_running_loop().create_future<void>()), cancelled);
        EXPECT_EQ(co_await cancelled_while_it_waits(hocket::sleep(std::chrono::hours(1))), cancelled);
    }());
}

TEST(AsResult, a_cancel_that_was_asked_for_before_is_thrown) {
    run([]() -> Coro<> {
        const Task<> task = create_task([]() -> Coro<> {
            current_task().cancel();
            static_cast<void>(co_await as_result(forever()));
        }());
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
    }());
}

TEST(AsResult, clean_up_after_a_cancel_gets_outcomes) {
    run([]() -> Coro<> {
        const Task<bool> task = create_task([]() -> Coro<bool> {
            try {
                co_await forever();
            } catch (const CancelledError&) {  // the clean-up is below
            }
            const Task<> other = create_task(forever());
            get_running_loop().call_soon([other] { other.cancel(); });
            const Result<void> result = co_await as_result(other);
            co_return result.cancelled();
        }());
        co_await turns(2);
        task.cancel();
        EXPECT_TRUE(co_await task);
    }());
}

TEST(VirtualAsResult, a_time_limit_passes_through) {
    run([]() -> Coro<> {
        const auto retries = []() -> Coro<> {
            for (int i = 0; i < 5; ++i) static_cast<void>(co_await as_result(hocket::sleep(std::chrono::seconds(1))));
        };
        EXPECT_EQ(co_await ending_of(wait_for(retries(), std::chrono::milliseconds(1500))),
                  "hocket::TimeoutError: timed out");
    }());
}

TEST(AsResult, what_ends_the_program_is_thrown) {
    const auto main = []() -> Coro<> {
        const auto leaves = []() -> Coro<> {
            co_await turns(1);
            throw SystemExit{3};
        };
        static_cast<void>(co_await as_result(leaves()));
    };
    EXPECT_THROW(run(main()), SystemExit);
}

TEST(AsResult, value_throws_the_outcome_on) {
    run([]() -> Coro<> {
        const Result<void> result = co_await as_result(failure_after(0, "no"));
        EXPECT_EQ(testing::thrown_by([&] { static_cast<void>(result.value()); }), "hocket::RuntimeError: no");
    }());
}

TEST(AsResult, is_awaited_once) {
    run([]() -> Coro<> {
        auto waiting = as_result(value_after(1, 7));
        EXPECT_EQ(co_await ending_of<decltype(waiting)&>(waiting), "nothing");
        EXPECT_EQ(co_await ending_of<decltype(waiting)&>(waiting),
                  "hocket::RuntimeError: cannot await as_result twice");
    }());
}

TEST(AsResult, an_empty_handle_is_misuse) {
    run([]() -> Coro<> {
        const auto waiter = []() -> Coro<> { static_cast<void>(co_await as_result(Task<>())); };
        EXPECT_NE(co_await ending_of(waiter()), "nothing");
    }());
}

}  // namespace hocket
