// SPDX-License-Identifier: MIT
// Generators of ordinary code: values one at a time, values sent, ends.
#include <hocket/flow/generator.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ranges>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::Census;
using testing::thrown_by;
using testing::Trace;

static_assert(std::ranges::input_range<Generator<int>>);
static_assert(!std::ranges::range<Generator<int, int>>);
static_assert(!std::is_copy_constructible_v<Generator<int>>);

Generator<int> count_to(int n) {
    for (int i = 1; i <= n; ++i) co_yield i;
}

Generator<int> noting(Trace& trace) {
    trace.note("begin");
    co_yield 1;
    trace.note("middle");
    co_yield 2;
    trace.note("end");
}

/// The average of what was sent so far (the classical example).
Generator<double, double> average() {
    double sum = 0;
    for (int n = 0;; ++n) sum += co_yield n == 0 ? 0 : sum / n;
}

TEST(OnceGenerator, gives_its_values_and_then_nothing) {
    auto numbers = count_to(2);
    EXPECT_EQ(numbers.next(), 1);
    EXPECT_EQ(numbers.next(), 2);
    EXPECT_EQ(numbers.next(), std::nullopt);
    EXPECT_EQ(numbers.next(), std::nullopt);
}

TEST(OnceGenerator, runs_only_as_far_as_it_is_asked) {
    Trace trace;
    auto values = noting(trace);
    EXPECT_EQ(trace.taken(), "");
    values.next();
    EXPECT_EQ(trace.taken(), "begin");
    values.next();
    EXPECT_EQ(trace.taken(), "middle");
    values.next();
    EXPECT_EQ(trace.taken(), "end");
}

TEST(OnceGenerator, is_a_range) {
    std::vector<int> seen;
    for (const int n : count_to(3)) seen.push_back(n);
    EXPECT_EQ(seen, (std::vector{1, 2, 3}));
    int sum = 0;
    for (const int n : count_to(10) | std::views::filter([](int i) { return i % 2 == 0; })) sum += n;
    EXPECT_EQ(sum, 30);
    for ([[maybe_unused]] const int n : count_to(0)) ADD_FAILURE();
}

TEST(OnceGenerator, may_be_infinite) {
    for (const int n : count_to(INT32_MAX)) {
        if (n == 10) break;
    }
}

TEST(OnceGenerator, hands_over_values_that_cannot_be_copied) {
    auto pointers = []() -> Generator<std::unique_ptr<int>> {
        co_yield std::make_unique<int>(1);
        auto named = std::make_unique<int>(2);
        co_yield std::move(named);
    }();
    EXPECT_EQ(**pointers.next(), 1);
    EXPECT_EQ(**pointers.next(), 2);
}

TEST(OnceGenerator, takes_braces_and_conversions) {
    auto texts = []() -> Generator<std::string> {
        co_yield "literal";
        co_yield {"braces", 5};
        const std::string named = "named";
        co_yield named;
        co_yield named;
    }();
    std::string all;
    for (const std::string& text : texts) all += text + " ";
    EXPECT_EQ(all, "literal brace named named ");
}

TEST(OnceGenerator, gives_references_as_pointers) {
    std::vector<int> numbers{1, 2, 3};
    const auto each = [](std::vector<int>& v) -> Generator<int&> {
        for (int& n : v) co_yield n;
    };
    auto items = each(numbers);
    while (int* n = items.next()) *n *= 2;
    for (int& n : each(numbers)) n += 1;
    EXPECT_EQ(numbers, (std::vector{3, 5, 7}));
}

TEST(OnceGenerator, passes_an_exception_on_and_has_ended_then) {
    auto failing = []() -> Generator<int> {
        co_yield 1;
        throw ValueError("generator");
    }();
    EXPECT_EQ(failing.next(), 1);
    EXPECT_EQ(thrown_by([&] { failing.next(); }), "hocket::ValueError: generator");
    EXPECT_EQ(failing.next(), std::nullopt);
}

TEST(OnceGenerator, an_exception_leaves_a_for_too) {
    const auto failing = []() -> Generator<int> {
        throw ValueError("generator");
        co_yield 1;
    };
    EXPECT_EQ(thrown_by([&] {
                  for ([[maybe_unused]] int n : failing()) ADD_FAILURE();
              }),
              "hocket::ValueError: generator");
}

TEST(OnceGenerator, destroyed_midway_runs_destructors) {
    Census census;
    const auto holding = [](Census& c) -> Generator<int> {
        const auto member = c.member();
        co_yield 1;
        co_yield 2;
    };
    {
        auto values = holding(census);
        EXPECT_EQ(census.alive(), 0);
        values.next();
        EXPECT_EQ(census.alive(), 1);
    }
    EXPECT_EQ(census.alive(), 0);
    auto closed = holding(census);
    closed.next();
    closed.close();
    EXPECT_EQ(census.alive(), 0);
    EXPECT_EQ(closed.next(), std::nullopt);
}

TEST(OnceGenerator, can_be_moved_midway) {
    auto first = count_to(3);
    first.next();
    auto second = std::move(first);
    EXPECT_EQ(second.next(), 2);
    second = count_to(1);
    EXPECT_EQ(second.next(), 1);
}

TEST(OnceGenerator, asked_for_a_value_from_inside_itself_is_an_error) {
    Generator<int>* self = nullptr;
    auto recursive = [](Generator<int>*& me) -> Generator<int> { co_yield *me->next(); }(self);
    self = &recursive;
    EXPECT_EQ(thrown_by([&] { recursive.next(); }), "hocket::RuntimeError: generator already executing");
}

TEST(OnceGenerator, co_yield_gives_what_was_sent) {
    auto averages = average();
    EXPECT_EQ(averages.next(), 0);
    EXPECT_EQ(averages.send(10), 10);
    EXPECT_EQ(averages.send(20), 15);
    EXPECT_EQ(averages.send(30), 20);
}

TEST(OnceGenerator, cannot_be_sent_a_value_before_its_first_co_yield) {
    auto averages = average();
    EXPECT_EQ(thrown_by([&] { averages.send(1); }),
              "hocket::RuntimeError: cannot send a value to a generator that has not started: call next() first");
    EXPECT_EQ(averages.next(), 0);
}

TEST(OnceGenerator, next_sends_an_empty_value) {
    auto averages = average();
    averages.next();
    averages.send(10);
    EXPECT_EQ(averages.next(), 5);  // as if 0 had been sent
}

TEST(OnceGenerator, next_is_an_error_where_there_is_no_empty_value) {
    struct Order {
        explicit Order(int n) : number(n) {}
        int number;
    };
    auto echo = []() -> Generator<int, Order> {
        for (int last = 0;;) last = (co_yield last).number;
    }();
    EXPECT_EQ(echo.next(), 0);
    EXPECT_EQ(echo.send(Order(7)), 7);
    EXPECT_EQ(thrown_by([&] { echo.next(); }),
              "hocket::RuntimeError: this generator waits for a value: call send(value)");
    EXPECT_EQ(echo.send(Order(8)), 8);
}

TEST(OnceGenerator, send_at_the_end_gives_nothing) {
    auto one = []() -> Generator<int, std::string> { co_yield static_cast<int>((co_yield 1).size()); }();
    EXPECT_EQ(one.next(), 1);
    EXPECT_EQ(one.send("four"), 4);
    EXPECT_EQ(one.send(""), std::nullopt);
    EXPECT_EQ(one.send(""), std::nullopt);
}

TEST(OnceGenerator, gives_a_million_items) {
    long long sum = 0;
    for (const int n : count_to(1'000'000)) sum += n;
    EXPECT_EQ(sum, 500'000'500'000);
}

TEST(OnceGenerator, frames_come_from_the_pool) {
    if (!HOCKET_POOL) GTEST_SKIP() << "sanitizers get every frame from the system";
    count_to(1).next();
    const std::size_t before = FramePool::system_allocations();
    for (int i = 0; i < 1000; ++i) count_to(1).next();
    EXPECT_EQ(FramePool::system_allocations(), before);
}

}  // namespace
}  // namespace hocket
