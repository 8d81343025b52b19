// SPDX-License-Identifier: MIT
// Asynchronous generators that are sent values, and have errors thrown into them.
#include <hocket/flow/async_generator.h>

#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace hocket {
namespace {

using testing::ending_of;
using ::testing::StartsWith;
using testing::Trace;
using testing::turns;

/// Gives the sum of all that it was sent; at its end, however that comes, cleans up for some turns.
AsyncGenerator<int, int> sums(Trace& trace, int most = 100) {
    std::exception_ptr error;
    try {
        for (int sum = 0; sum < most;) {
            co_await turns(1);
            const int sent = co_yield sum;
            sum += sent;
            co_await turns(1);
        }
    } catch (...) {  // thrown on after the clean-up
        error = std::current_exception();
    }
    co_await turns(2);
    trace.note("cleaned");
    if (error) std::rethrow_exception(error);
}

/// Answers each ValueError that is thrown into it with its text.
AsyncGenerator<std::string> answers(Trace& trace) {
    std::string text = "begin";
    while (text != "return") {
        try {
            co_yield text;
            text = "nothing";
        } catch (const ValueError& error) {
            text = error.what();
        }
        co_await turns(1);
    }
    trace.note("returned");
}

/// Waits for `awaited` after its first value, also when a ValueError is thrown there; then cleans up for some turns.
AsyncGenerator<int, int> waiting_for(Trace& trace, const Future<>& awaited) {
    try {
        co_yield 1;
    } catch (const ValueError&) {
    }
    std::exception_ptr error;
    try {
        co_await awaited;
    } catch (const CancelledError&) {  // thrown on after the clean-up
        error = std::current_exception();
    }
    co_await turns(2);
    trace.note("cleaned");
    if (error) std::rethrow_exception(error);
}

TEST(AsyncGeneratorAsend, gives_the_co_yield_its_value) {
    run([]() -> Coro<> {
        Trace trace;
        auto sum = sums(trace);
        EXPECT_EQ(co_await sum.next(), 0);
        EXPECT_EQ(co_await sum.asend(40), 40);
        EXPECT_EQ(co_await sum.asend(2), 42);
        EXPECT_EQ(co_await sum.asend(58), std::nullopt);
        EXPECT_EQ(trace.taken(), "cleaned");
    }());
}

TEST(AsyncGeneratorAsend, next_sends_an_empty_value) {
    run([]() -> Coro<> {
        Trace trace;
        auto sum = sums(trace);
        co_await sum.next();
        EXPECT_EQ(co_await sum.asend(1), 1);
        EXPECT_EQ(co_await sum.next(), 1);
        co_await sum.aclose();
    }());
}

TEST(AsyncGeneratorAsend, needs_every_time_a_value_where_there_is_no_empty_one) {
    struct Order {
        int number;
        explicit Order(int n) : number(n) {}
    };
    run([]() -> Coro<> {
        auto echo = []() -> AsyncGenerator<int, Order> {
            int number = 0;
            for (;;) {
                const Order order = co_yield number;
                number = order.number;
            }
        }();
        EXPECT_EQ(co_await echo.next(), 0);
        EXPECT_EQ(co_await echo.asend(Order(7)), 7);
        EXPECT_EQ(co_await ending_of(echo.next()),
                  "hocket::RuntimeError: this generator waits for a value: call asend(value)");
        EXPECT_EQ(co_await echo.asend(Order(8)), 8);
    }());
}

TEST(AsyncGeneratorAsend, before_the_first_co_yield_is_an_error_and_changes_nothing) {
    run([]() -> Coro<> {
        Trace trace;
        auto sum = sums(trace);
        EXPECT_EQ(co_await ending_of(sum.asend(1)),
                  "hocket::RuntimeError: cannot send a value to a generator that has not started: await next() first");
        EXPECT_EQ(co_await sum.next(), 0);
    }());
}

TEST(AsyncGeneratorAsend, at_the_end_gives_nothing) {
    run([]() -> Coro<> {
        Trace trace;
        auto ended = sums(trace, 0), closed = sums(trace);
        EXPECT_EQ(co_await ended.next(), std::nullopt);
        EXPECT_EQ(co_await ended.asend(1), std::nullopt);
        co_await closed.aclose();
        EXPECT_EQ(co_await closed.asend(1), std::nullopt);
    }());
}

TEST(AsyncGeneratorAsend, throws_what_the_generator_throws_after_its_clean_up) {
    run([]() -> Coro<> {
        Trace trace;
        auto failing = [](Trace& t) -> AsyncGenerator<int, int> {
            auto sum = sums(t);
            co_await sum.next();
            std::exception_ptr error;
            try {
                const int seconds = co_yield 1;
                co_await testing::failure_after(seconds, "crash");
            } catch (const RuntimeError&) {
                error = std::current_exception();
            }
            co_await sum.aclose();
            if (error) std::rethrow_exception(error);
        }(trace);
        co_await failing.next();
        EXPECT_EQ(co_await ending_of(failing.asend(3)), "hocket::RuntimeError: crash");
        EXPECT_EQ(trace.taken(), "cleaned");
    }());
}

TEST(AsyncGeneratorAsend, a_cancel_of_what_it_awaits_comes_out_after_its_clean_up) {
    run([]() -> Coro<> {
        Trace trace;
        const Future<> awaited;
        auto waiting = waiting_for(trace, awaited);
        co_await waiting.next();
        get_running_loop().call_later(std::chrono::milliseconds(1), [&] { awaited.cancel(); });
        EXPECT_EQ(co_await ending_of(waiting.asend(1)), "hocket::CancelledError");
        EXPECT_EQ(trace.taken(), "cleaned");
        EXPECT_EQ(current_task().cancelling(), 0u);
    }());
}

TEST(AsyncGeneratorAthrow, throws_at_the_co_yield_and_gives_the_next_value) {
    run([]() -> Coro<> {
        Trace trace;
        auto answer = answers(trace);
        co_await answer.next();
        EXPECT_EQ(co_await answer.athrow(ValueError("one")), "one");
        EXPECT_EQ(co_await answer.athrow(std::make_exception_ptr(ValueError("two"))), "two");
        EXPECT_EQ(co_await answer.next(), "nothing");
    }());
}

TEST(AsyncGeneratorAthrow, gives_nothing_when_the_generator_returns_then) {
    run([]() -> Coro<> {
        Trace trace;
        auto answer = answers(trace);
        co_await answer.next();
        EXPECT_EQ(co_await answer.athrow(ValueError("return")), std::nullopt);
        EXPECT_EQ(trace.taken(), "returned");
        EXPECT_EQ(co_await answer.next(), std::nullopt);
    }());
}

TEST(AsyncGeneratorAthrow, what_the_generator_does_not_catch_comes_out_after_its_clean_up_and_ends_it) {
    run([]() -> Coro<> {
        Trace trace;
        auto sum = sums(trace);
        co_await sum.next();
        EXPECT_EQ(co_await ending_of(sum.athrow(ValueError("thrown in"))), "hocket::ValueError: thrown in");
        EXPECT_EQ(trace.taken(), "cleaned");
        EXPECT_EQ(co_await sum.next(), std::nullopt);
    }());
}

TEST(AsyncGeneratorAthrow, a_cancel_of_what_it_awaits_then_comes_out_after_its_clean_up) {
    run([]() -> Coro<> {
        Trace trace;
        const Future<> awaited;
        auto waiting = waiting_for(trace, awaited);
        co_await waiting.next();
        get_running_loop().call_later(std::chrono::milliseconds(1), [&] { awaited.cancel(); });
        EXPECT_EQ(co_await ending_of(waiting.athrow(ValueError("slowly"))), "hocket::CancelledError");
        EXPECT_EQ(trace.taken(), "cleaned");
        EXPECT_EQ(current_task().cancelling(), 0u);
    }());
}

TEST(AsyncGeneratorAthrow, before_the_first_value_comes_out_at_once_and_the_body_never_runs) {
    run([]() -> Coro<> {
        Trace trace;
        auto answer = answers(trace);
        EXPECT_EQ(co_await ending_of(answer.athrow(ValueError("early"))), "hocket::ValueError: early");
        EXPECT_EQ(co_await answer.next(), std::nullopt);
        co_await answer.aclose();
        EXPECT_EQ(trace.taken(), "");
    }());
}

TEST(AsyncGeneratorAthrow, at_the_end_does_nothing) {
    run([]() -> Coro<> {
        Trace trace;
        auto ended = sums(trace, 0), closed = sums(trace);
        co_await ended.next();
        EXPECT_EQ(co_await ended.athrow(ValueError("late")), std::nullopt);
        co_await closed.aclose();
        EXPECT_EQ(co_await closed.athrow(ValueError("late")), std::nullopt);
    }());
}

TEST(AsyncGeneratorAthrow, hands_a_generator_exit_through_as_any_other) {
    run([]() -> Coro<> {
        Trace trace;
        auto outer = [](Trace& t) -> AsyncGenerator<int> {
            co_yield 1;
            auto sum = sums(t);
            co_await sum.next();
            int next = 0;
            try {
                co_await sum.athrow(GeneratorExit());
            } catch (const GeneratorExit&) {
                next = 2;
            }
            co_yield next;
            co_yield 3;
        }(trace);
        for (const int expected : {1, 2, 3}) EXPECT_EQ(co_await outer.next(), expected);
        EXPECT_EQ(co_await outer.next(), std::nullopt);
    }());
}

TEST(AsyncGeneratorAthrow, needs_an_exception) {
    run([]() -> Coro<> {
        Trace trace;
        auto answer = answers(trace);
        EXPECT_EQ(testing::thrown_by([&] { static_cast<void>(answer.athrow(nullptr)); }),
                  "hocket::ValueError: athrow: there is no exception");
        co_return;
    }());
}

TEST(AsyncGeneratorAthrow, and_asend_while_it_runs_are_errors_that_do_not_harm_it) {
    run([]() -> Coro<> {
        Trace trace;
        auto sum = sums(trace);
        co_await sum.next();
        auto first = create_task([&]() -> Coro<std::optional<int>> { co_return co_await sum.asend(5); });
        co_await turns(1);
        EXPECT_THAT(co_await ending_of(sum.asend(6)),
                    StartsWith("hocket::RuntimeError: asend(): asynchronous generator is already running"));
        EXPECT_THAT(co_await ending_of(sum.athrow(ValueError("x"))),
                    StartsWith("hocket::RuntimeError: athrow(): asynchronous generator is already running"));
        EXPECT_EQ(co_await first, 5);
        EXPECT_EQ(co_await sum.next(), 5);
    }());
}

TEST(AsyncGeneratorAthrow, while_another_is_under_way_is_an_error_that_does_not_harm_it) {
    run([]() -> Coro<> {
        Trace trace;
        auto answer = answers(trace);
        co_await answer.next();
        auto first = create_task(
            [&]() -> Coro<std::optional<std::string>> { co_return co_await answer.athrow(ValueError("first")); });
        co_await turns(1);
        EXPECT_THAT(co_await ending_of(answer.athrow(ValueError("second"))),
                    StartsWith("hocket::RuntimeError: athrow(): asynchronous generator is already running"));
        EXPECT_THAT(co_await ending_of(answer.next()),
                    StartsWith("hocket::RuntimeError: next(): asynchronous generator is already running"));
        EXPECT_EQ(co_await first, "first");
    }());
}

}  // namespace
}  // namespace hocket
