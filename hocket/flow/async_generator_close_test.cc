// SPDX-License-Identifier: MIT
// How asynchronous generators end: destroyed, closed, and with the loop.
#include <hocket/flow/async_generator.h>

#include <hocket/base/symbols.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

namespace hocket {
namespace {

using testing::Census;
using testing::ending_of;
using testing::forever;
using ::testing::HasSubstr;
using testing::Reports;
using ::testing::StartsWith;
using testing::Trace;
using testing::turns;

AsyncGenerator<int> count_to(int n) {
    for (int i = 1; i <= n; ++i) co_yield i;
}

/// Gives 1 and 2; when it is ended, cleans up for some turns.
AsyncGenerator<int> with_clean_up(Trace& trace) {
    std::exception_ptr error;
    try {
        co_yield 1;
        co_yield 2;
    } catch (const GeneratorExit&) {
        error = std::current_exception();
        trace.note("exit");
    }
    co_await turns(2);
    trace.note("cleaned");
    if (error) std::rethrow_exception(error);
}

TEST(AsyncGenerator, destroyed_midway_runs_destructors) {
    run([]() -> Coro<> {
        Census census;
        {
            auto values = [](Census& c) -> AsyncGenerator<int> {
                const auto member = c.member();
                co_yield 1;
            }(census);
            co_await values.next();
            EXPECT_EQ(census.alive(), 1);
        }
        EXPECT_EQ(census.alive(), 0);
    }());
}

constexpr int waits_line = __LINE__ + 2;
AsyncGenerator<int> waiting_inside() {
    co_await forever();
    co_yield 1;
}

// The task would go on in a frame that is no more.
TEST(OnceAsyncGeneratorDeathTest, ends_the_program_when_it_is_destroyed_while_a_task_waits_inside) {
    std::string expected = "a coroutine was destroyed while it was awaited: ";
    if (!code_location(reinterpret_cast<const void*>(&waiting_inside)).starts_with("0x"))
        expected += "hocket::.*waiting_inside.*async_generator_close_test.cc:" + std::to_string(waits_line);
    EXPECT_DEATH(run([]() -> Coro<> {
                     std::optional<AsyncGenerator<int>> values = waiting_inside();
                     const auto task = create_task([&]() -> Coro<> { co_await values->next(); });
                     co_await turns(2);
                     values.reset();
                     co_await task;
                 }()),
                 expected);
}

TEST(AsyncGenerator, may_outlive_its_loop_and_is_destroyed_quietly) {
    Reports reports;
    Census census;
    {
        auto values = [](Census& c) -> AsyncGenerator<int> {
            const auto member = c.member();
            co_yield 1;
            co_yield 2;
        }(census);
        run([](AsyncGenerator<int>& v) -> Coro<> { EXPECT_EQ(co_await v.next(), 1); }(values));
        EXPECT_EQ(census.alive(), 1);
    }
    EXPECT_EQ(census.alive(), 0);
    EXPECT_EQ(reports.taken(), "");
}

TEST(AsyncGenerator, goes_with_a_loop_that_closes_whoever_owns_it) {
    Reports reports;
    Census census;
    const auto waiting = [&]() -> AsyncGenerator<int> {
        const auto wait = [](Census::Member) -> Coro<> { co_await forever(); };
        const auto member = census.member();
        co_await wait(census.member());
        co_yield 1;
    };
    const auto loop = new_event_loop();
    auto outside = waiting();
    const auto next_of_the_one_outside = [&]() -> Coro<> { co_await outside.next(); };
    const auto next_of_one_inside = [&]() -> Coro<> {
        auto inside = waiting();
        co_await inside.next();
    };
    loop->create_task(next_of_the_one_outside());
    loop->create_task(next_of_one_inside());
    loop->run_once({});
    EXPECT_EQ(census.alive(), 4);
    loop->close();
    EXPECT_EQ(census.alive(), 0);
}

TEST(AsyncGenerator, aclose_runs_clean_up_that_awaits) {
    run([]() -> Coro<> {
        Trace trace;
        auto values = with_clean_up(trace);
        co_await values.next();
        co_await values.aclose();
        EXPECT_EQ(trace.taken(), "exit cleaned");
        EXPECT_EQ(co_await values.next(), std::nullopt);
    }());
}

TEST(AsyncGenerator, its_clean_up_may_await_a_task_that_fails) {
    run([]() -> Coro<> {
        Trace trace;
        auto values = [](Trace& t) -> AsyncGenerator<int> {
            auto task = create_task(testing::failure_after(2, "task"));
            try {
                co_yield 1;
            } catch (const GeneratorExit&) {
            }
            t.note(co_await ending_of(task));
        }(trace);
        co_await values.next();
        co_await values.aclose();
        EXPECT_EQ(trace.taken(), "hocket::RuntimeError: task");
    }());
}

TEST(AsyncGenerator, cleans_up_with_awaits_when_the_task_inside_of_it_is_cancelled) {
    run([]() -> Coro<> {
        Trace trace;
        auto task = create_task(
            [](Trace& t) -> Coro<> {
                auto values = [](Trace& inner) -> AsyncGenerator<int> {
                    std::exception_ptr error;
                    try {
                        co_await forever();
                    } catch (const CancelledError&) {
                        error = std::current_exception();
                    }
                    co_await turns(1);
                    inner.note("cleaned");
                    if (error) std::rethrow_exception(error);
                    co_yield 1;
                }(t);
                co_await values.next();
            },
            std::ref(trace));
        co_await turns(2);
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_EQ(trace.taken(), "cleaned");
    }());
}

TEST(AsyncGenerator, stands_in_the_await_graph_while_it_is_closed) {
    run([]() -> Coro<> {
        Trace trace;
        auto values = with_clean_up(trace);
        co_await values.next();
        auto task = create_task([&]() -> Coro<> { co_await values.aclose(); });
        EXPECT_EQ(capture_call_graph(*task.state()).frames.size(), 1u);  // the task has not begun
        co_await turns(1);
        const AwaitNode node = capture_call_graph(*task.state());
        EXPECT_THAT(node.frames, ::testing::Contains(HasSubstr("with_clean_up")));
        co_await task;
    }());
}

TEST(AsyncGenerator, aclose_runs_destructors) {
    run([]() -> Coro<> {
        Census census;
        auto values = [](Census& c) -> AsyncGenerator<int> {
            const auto member = c.member();
            co_yield 1;
        }(census);
        co_await values.next();
        co_await values.aclose();
        EXPECT_EQ(census.alive(), 0);
    }());
}

TEST(AsyncGenerator, aclose_accepts_a_generator_that_returns) {
    run([]() -> Coro<> {
        Trace trace;
        auto values = [](Trace& t) -> AsyncGenerator<int> {
            try {
                co_yield 1;
            } catch (const GeneratorExit&) {
            }
            t.note("returns");
        }(trace);
        co_await values.next();
        co_await values.aclose();
        EXPECT_EQ(trace.taken(), "returns");
    }());
}

TEST(AsyncGenerator, generator_exit_passes_handlers_of_ordinary_exceptions) {
    run([]() -> Coro<> {
        auto values = []() -> AsyncGenerator<int> {
            try {
                co_yield 1;
            } catch (const std::exception&) {
                ADD_FAILURE();
            }
            ADD_FAILURE();
        }();
        co_await values.next();
        co_await values.aclose();
    }());
}

TEST(AsyncGenerator, aclose_throws_what_the_clean_up_throws) {
    run([]() -> Coro<> {
        auto values = []() -> AsyncGenerator<int> {
            try {
                co_yield 1;
            } catch (const GeneratorExit&) {
                throw ValueError("clean-up");
            }
        }();
        co_await values.next();
        EXPECT_EQ(co_await ending_of(values.aclose()), "hocket::ValueError: clean-up");
    }());
}

TEST(AsyncGenerator, that_yields_again_when_it_is_closed_is_an_error) {
    run([]() -> Coro<> {
        Trace trace;
        auto values = [](Trace& t) -> AsyncGenerator<int> {
            try {
                co_yield 1;
            } catch (const GeneratorExit&) {
            }
            co_await turns(1);
            co_yield 2;
            t.note("never");
        }(trace);
        co_await values.next();
        EXPECT_THAT(co_await ending_of(values.aclose()),
                    StartsWith("hocket::RuntimeError: asynchronous generator ignored GeneratorExit"));
        EXPECT_EQ(co_await values.next(), std::nullopt);
        EXPECT_EQ(trace.taken(), "");
    }());
}

TEST(AsyncGenerator, aclose_before_the_first_value_never_runs_the_body) {
    run([]() -> Coro<> {
        Trace trace;
        auto values = with_clean_up(trace);
        co_await values.aclose();
        EXPECT_EQ(co_await values.next(), std::nullopt);
        EXPECT_EQ(trace.taken(), "");
    }());
}

TEST(AsyncGenerator, aclose_is_harmless_when_repeated_or_at_the_end) {
    run([]() -> Coro<> {
        auto values = count_to(1);
        co_await values.next();
        co_await values.aclose();
        co_await values.aclose();
        auto ended = count_to(0);
        co_await ended.next();
        co_await ended.aclose();
    }());
}

TEST(AsyncGenerator, a_loop_may_close_while_one_waits) {
    Reports reports;
    Census census;
    auto loop = new_event_loop();
    auto task = loop->create_task(
        [](Census& c) -> Coro<> {
            auto values = [](Census& inner) -> AsyncGenerator<int> {
                const auto member = inner.member();
                co_await forever();
                co_yield 1;
            }(c);
            co_await values.next();
        }(census),
        {});
    loop->run_once(std::chrono::seconds(0));
    loop->run_once(std::chrono::seconds(0));
    EXPECT_EQ(census.alive(), 1);
    loop->close();
    EXPECT_EQ(census.alive(), 0);
}

}  // namespace
}  // namespace hocket
