// SPDX-License-Identifier: MIT
// Asynchronous generators: values, cancels, ends, and what they cost.
#include <hocket/flow/async_generator.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::ending_of;
using testing::forever;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::Reports;
using ::testing::StartsWith;
using testing::Trace;
using testing::turns;

static_assert(AsyncIterator<AsyncGenerator<int>>);
static_assert(AsyncIterator<AsyncGenerator<int&>>);
static_assert(!AsyncIterator<Generator<int>>);
static_assert(!std::is_copy_constructible_v<AsyncGenerator<int>>);

AsyncGenerator<int> count_to(int n, int turns_between = 1) {
    for (int i = 1; i <= n; ++i) {
        if (turns_between > 0) co_await turns(turns_between);
        co_yield i;
    }
}

template <class T>
Coro<std::vector<T>> to_list(AsyncGenerator<T> items) {
    std::vector<T> list;
    while (auto item = co_await items.next()) list.push_back(std::move(*item));
    co_return list;
}

// ---- Values

TEST(AsyncGenerator, gives_its_values_and_then_nothing) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await to_list(count_to(3)), (std::vector{1, 2, 3}));
        auto one = count_to(1);
        EXPECT_EQ(co_await one.next(), 1);
        EXPECT_EQ(co_await one.next(), std::nullopt);
        EXPECT_EQ(co_await one.next(), std::nullopt);
    }());
}

TEST(AsyncGenerator, runs_only_as_far_as_it_is_asked) {
    run([]() -> Coro<> {
        Trace trace;
        auto values = [](Trace& t) -> AsyncGenerator<int> {
            t.note("begin");
            co_yield 1;
            t.note("end");
        }(trace);
        EXPECT_EQ(trace.taken(), "");
        co_await values.next();
        EXPECT_EQ(trace.taken(), "begin");
        co_await values.next();
        EXPECT_EQ(trace.taken(), "end");
    }());
}

TEST(AsyncGenerator, does_not_suspend_the_task_of_itself) {
    run([]() -> Coro<> {
        Trace trace;
        create_task(
            [](Trace& t) -> Coro<> {
                t.note("other");
                co_return;
            },
            std::ref(trace));
        auto values = count_to(3, 0);
        while (auto n = co_await values.next()) trace.note(*n);
        EXPECT_EQ(trace.taken(), "1 2 3");
        co_await turns(1);
        EXPECT_EQ(trace.taken(), "other");
    }());
}

TEST(AsyncGenerator, runs_in_the_task_that_asks) {
    run([]() -> Coro<> {
        auto names = []() -> AsyncGenerator<std::string> {
            for (;;) co_yield current_task().get_name();
        }();
        const auto ask = [&]() -> Coro<std::string> { co_return *co_await names.next(); };
        EXPECT_EQ(co_await create_task(ask(), {.name = "one"}), "one");
        EXPECT_EQ(co_await create_task(ask(), {.name = "two"}), "two");
    }());
}

TEST(AsyncGenerator, hands_over_values_that_cannot_be_copied) {
    run([]() -> Coro<> {
        auto pointers = []() -> AsyncGenerator<std::unique_ptr<int>> {
            co_await turns(1);
            co_yield std::make_unique<int>(1);
        }();
        EXPECT_EQ(**co_await pointers.next(), 1);
    }());
}

TEST(AsyncGenerator, gives_references_as_pointers) {
    run([]() -> Coro<> {
        std::vector<int> numbers{1, 2, 3};
        auto each = [](std::vector<int>& v) -> AsyncGenerator<int&> {
            for (int& n : v) {
                co_await turns(1);
                co_yield n;
            }
        }(numbers);
        while (int* n = co_await each.next()) *n *= 2;
        EXPECT_EQ(numbers, (std::vector{2, 4, 6}));
    }());
}

TEST(AsyncGenerator, yields_what_it_awaited) {
    run([]() -> Coro<> {
        auto texts = []() -> AsyncGenerator<std::string> {
            co_yield co_await testing::value_after(1, std::string("awaited"));
            co_yield {"braces", 5};
        }();
        EXPECT_EQ(co_await texts.next(), "awaited");
        EXPECT_EQ(co_await texts.next(), "brace");
    }());
}

TEST(AsyncGenerator, may_consume_another) {
    run([]() -> Coro<> {
        const auto doubled = [](AsyncGenerator<int> numbers) -> AsyncGenerator<int> {
            while (auto n = co_await numbers.next()) co_yield *n * 2;
        };
        EXPECT_EQ(co_await to_list(doubled(count_to(3))), (std::vector{2, 4, 6}));
    }());
}

TEST(AsyncGenerator, can_be_moved_midway) {
    run([]() -> Coro<> {
        auto first = count_to(3);
        co_await first.next();
        auto second = std::move(first);
        EXPECT_EQ(co_await second.next(), 2);
        EXPECT_EQ(co_await first.next(), std::nullopt);
    }());
}

TEST(AsyncGenerator, passes_an_exception_on_and_has_ended_then) {
    run([]() -> Coro<> {
        auto failing = []() -> AsyncGenerator<int> {
            co_yield 1;
            co_await testing::failure_after(1, "generator");
        }();
        EXPECT_EQ(co_await failing.next(), 1);
        EXPECT_EQ(co_await ending_of(failing.next()), "hocket::RuntimeError: generator");
        EXPECT_EQ(co_await failing.next(), std::nullopt);
        co_await failing.aclose();
    }());
}

TEST(AsyncGenerator, may_go_on_after_an_exception_and_throw_it_later) {
    run([]() -> Coro<> {
        auto values = []() -> AsyncGenerator<int> {
            std::exception_ptr error;
            try {
                co_await turns(1);
                co_yield 1;
                throw ValueError("late");
            } catch (const ValueError&) {
                error = std::current_exception();
            }
            co_yield 2;
            co_await turns(1);
            co_yield 3;
            std::rethrow_exception(error);
        }();
        for (const int expected : {1, 2, 3}) EXPECT_EQ(co_await values.next(), expected);
        EXPECT_EQ(co_await ending_of(values.next()), "hocket::ValueError: late");
        EXPECT_EQ(co_await values.next(), std::nullopt);
    }());
}

/// An asynchronous iterator that is no generator.
struct CountTo {
    int last, n = 0;
    Coro<std::optional<int>> next() {
        co_await turns(1);
        if (n == last) co_return std::nullopt;
        co_return ++n;
    }
};
static_assert(AsyncIterator<CountTo>);

TEST(AsyncIterator, may_be_a_class_of_ones_own) {
    run([]() -> Coro<> {
        Trace trace;
        CountTo count{2};
        while (auto n = co_await count.next()) trace.note(*n);
        EXPECT_EQ(trace.taken(), "1 2");
        EXPECT_EQ((co_await count.next()).value_or(-1), -1);
    }());
}

// ---- Cancels

TEST(AsyncGenerator, a_cancel_reaches_what_it_awaits) {
    run([]() -> Coro<> {
        Trace trace;
        auto task = create_task(
            [](Trace& t) -> Coro<> {
                auto values = [](Trace& inner) -> AsyncGenerator<int> {
                    co_yield 1;
                    try {
                        co_await forever();
                    } catch (const CancelledError&) {
                        inner.note("generator");
                        throw;
                    }
                }(t);
                co_await values.next();
                try {
                    co_await values.next();
                } catch (const CancelledError& error) {
                    t.note(error.message());
                }
                t.note(co_await values.next() ? "more" : "ended");
            },
            std::ref(trace));
        co_await turns(2);
        task.cancel("consumer");
        co_await task;
        EXPECT_EQ(trace.taken(), "generator consumer ended");
    }());
}

TEST(AsyncGenerator, may_swallow_a_cancel_and_go_on) {
    run([]() -> Coro<> {
        auto task = create_task([]() -> Coro<std::optional<int>> {
            auto values = []() -> AsyncGenerator<int> {
                try {
                    co_await forever();
                } catch (const CancelledError&) {
                }
                co_yield 7;
            }();
            co_return co_await values.next();
        });
        co_await turns(1);
        task.cancel();
        EXPECT_EQ(co_await task, 7);
    }());
}

// ---- Two at once

TEST(AsyncGenerator, asked_by_two_tasks_at_once_is_an_error_for_the_second) {
    run([]() -> Coro<> {
        auto values = count_to(2, 3);
        const auto ask = [&]() -> Coro<int> { co_return *co_await values.next(); };
        auto first = create_task(ask());
        auto second = create_task(ask());
        EXPECT_THAT(co_await ending_of(second),
                    StartsWith("hocket::RuntimeError: next(): asynchronous generator is already running"));
        EXPECT_THAT(co_await ending_of(values.aclose()),
                    StartsWith("hocket::RuntimeError: aclose(): asynchronous generator is already running"));
        EXPECT_EQ(co_await first, 1);
        EXPECT_EQ(co_await values.next(), 2);  // the errors have not harmed it
    }());
}

TEST(AsyncGenerator, that_asks_itself_is_an_error) {
    run([]() -> Coro<> {
        AsyncGenerator<int>* self = nullptr;
        auto values = [](AsyncGenerator<int>*& me) -> AsyncGenerator<int> {
            EXPECT_THAT(co_await ending_of(me->next()),
                        StartsWith("hocket::RuntimeError: next(): asynchronous generator is already running"));
            co_yield 1;
        }(self);
        self = &values;
        EXPECT_EQ(co_await values.next(), 1);
        EXPECT_EQ(co_await values.next(), std::nullopt);
    }());
}

// ---- What a person sees

TEST(AsyncGenerator, in_debug_mode_one_destroyed_midway_is_reported) {
    run([]() -> Coro<> {
        Reports reports;
        {
            auto values = count_to(2);
            co_await values.next();
        }
        EXPECT_EQ(reports.taken(), "");
        get_running_loop().set_debug(true);
        {
            auto values = count_to(2);
            co_await values.next();
            auto ended = count_to(0), closed = count_to(2), not_begun = count_to(2);
            co_await ended.next();
            co_await closed.next();
            co_await closed.aclose();
        }
        EXPECT_EQ(reports.count(), 1u);
        const std::string text = reports.taken();
        EXPECT_THAT(text, StartsWith("asynchronous generator destroyed before its end, at its co_yield in "));
        EXPECT_THAT(text, HasSubstr("async_generator_test.cc"));
    }());
}

TEST(AsyncGenerator, stands_in_the_await_graph) {
    run([]() -> Coro<> {
        auto task = create_task(to_list(count_to(1, 10)));
        co_await turns(2);
        const AwaitNode node = capture_call_graph(*task.state());
        std::string functions;
        for (const std::string& frame : node.frames) functions += frame.substr(0, frame.find(' ')) + "\n";
        EXPECT_THAT(functions, MatchesRegex(".*turns\n.*count_to\n.*to_list.*\n"));
        co_await task;
    }());
}

// ---- Costs

constexpr int depth = HOCKET_SANITIZED ? 100'000 : 1'000'000;

TEST(AsyncGenerator, takes_no_memory_for_its_items) {
    if (!HOCKET_POOL) GTEST_SKIP() << "sanitizers get every frame from the system";
    run([]() -> Coro<> {
        auto values = []() -> AsyncGenerator<int> {
            for (int i = 0;; ++i) {
                co_await hocket::sleep(0);
                co_yield i;
            }
        }();
        co_await values.next();
        const std::size_t before = FramePool::system_allocations();
        for (int i = 0; i < 1000; ++i) co_await values.next();
        EXPECT_EQ(FramePool::system_allocations(), before);
    }());
}

TEST(AsyncGenerator, gives_a_million_items_on_a_constant_stack) {
    run([]() -> Coro<> {
        long long sum = 0;
        auto values = count_to(1'000'000, 0);
        while (auto n = co_await values.next()) sum += *n;
        EXPECT_EQ(sum, 500'000'500'000);
    }());
}

AsyncGenerator<int> chained(int n) {
    if (n == 0) {
        co_yield 0;
        co_return;
    }
    auto below = chained(n - 1);
    while (auto value = co_await below.next()) co_yield *value + 1;
}

TEST(AsyncGenerator, a_chain_of_a_million_keeps_a_constant_stack) {
    run([]() -> Coro<> {
        auto values = chained(depth);
        EXPECT_EQ(co_await values.next(), depth);
        EXPECT_EQ(co_await values.next(), std::nullopt);
    }());
}

TEST(AsyncGenerator, a_recursion_of_coroutines_in_it_keeps_a_constant_stack) {
    run([]() -> Coro<> {
        auto values = []() -> AsyncGenerator<int> {
            const std::function<Coro<int>(int)> recursive = [&](int n) -> Coro<int> {
                if (n == 0) co_return 0;
                co_return 1 + co_await recursive(n - 1);
            };
            co_yield co_await recursive(depth);
        }();
        EXPECT_EQ(co_await values.next(), depth);
    }());
}

}  // namespace
}  // namespace hocket
