// SPDX-License-Identifier: MIT
// Coroutines: lazy, awaited once, owned; what passes through them, and what is said of those that are forgotten.
#include <hocket/core/coro.h>

#include <hocket/flow/generator.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;

Coro<> noting(Trace& trace, std::string what) {
    trace.note(what);
    co_return;
}

TEST(Coro, does_nothing_until_it_is_awaited) {
    Trace trace;
    run([&]() -> Coro<> {
        Coro<> inner = noting(trace, "body");
        trace.note("made");
        co_await std::move(inner);
        trace.note("after");
    }());
    EXPECT_EQ(trace.taken(), "made body after");
}

// The loop is not entered: what is ready has no turn.
TEST(Coro, does_not_suspend_the_task_unless_its_body_does) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto other = create_task(noting(trace, "other"));
        co_await noting(trace, "inner");
        trace.note("after");
        co_await other;
    }());
    EXPECT_EQ(trace.taken(), "inner after other");
}

struct NoDefault {
    explicit NoDefault(int n) : number(n) {}
    int number;
};
Coro<NoDefault> make_without_default() { co_return NoDefault(5); }
Coro<std::unique_ptr<int>> make_pointer() { co_return std::make_unique<int>(6); }
Coro<int&> refer_to(int& n) { co_return n; }
Coro<std::vector<int>> make_list() { co_return {1, 2}; }
Coro<std::pair<int, std::string>> make_pair() { co_return {3, "three"}; }

TEST(Coro, gives_values_of_every_kind) {
    run([]() -> Coro<> {
        EXPECT_EQ((co_await make_without_default()).number, 5);
        EXPECT_EQ(*(co_await make_pointer()), 6);
        EXPECT_EQ((co_await make_list()).size(), 2U);
        EXPECT_EQ((co_await make_pair()).second, "three");
        int n = 1;
        (co_await refer_to(n)) = 7;
        EXPECT_EQ(n, 7);
        EXPECT_EQ(co_await testing::value_after(2, std::string("text")), "text");
    }());
}

TEST(Coro, adds_up_what_others_give) {
    const auto give = [](int n) -> Coro<int> { co_return n; };
    const auto add_up = [&]() -> Coro<int> {
        const int a = co_await give(42);
        const int b = co_await give(1000);
        co_return a + b;
    };
    EXPECT_EQ(new_event_loop()->run_until_complete(add_up()), 1042);
}

Coro<> throwing(std::exception_ptr e) {
    co_await testing::turns(1);
    std::rethrow_exception(e);
}
Coro<> passing_on(std::exception_ptr e) { co_await throwing(std::move(e)); }

TEST(Coro, passes_on_the_very_exception_that_was_thrown) {
    const std::exception_ptr thrown = std::make_exception_ptr(RuntimeError("one"));
    run([&]() -> Coro<> {
        std::exception_ptr caught;
        try {
            co_await passing_on(thrown);
        } catch (...) {  // to compare the object
            caught = std::current_exception();
        }
        EXPECT_EQ(caught, thrown);
    }());
}

TEST(Coro, passes_on_what_is_no_std_exception) {
    EXPECT_EQ(thrown_by([] { run(passing_on(std::make_exception_ptr(42))); }), "int");
}

Coro<> holding(Census::Member, Trace& trace, const Census& census) {
    trace.note(census.alive());
    co_return;
}

TEST(Coro, frees_its_frame_and_arguments_at_the_end_of_the_awaiting_expression) {
    Census census;
    Trace trace;
    run([&]() -> Coro<> {
        co_await holding(census.member(), trace, census);
        trace.note(census.alive());
    }());
    EXPECT_EQ(trace.taken(), "1 0");
}

TEST(Coro, destroys_locals_in_the_order_of_unwinding) {
    Trace trace;
    struct Noting {
        Trace& trace;
        const char* name;
        ~Noting() { trace.note(name); }
    };
    const auto inner = [&]() -> Coro<> {
        const Noting n{trace, "inner"};
        co_await testing::turns(1);
        throw RuntimeError("x");
    };
    run([&]() -> Coro<> {
        try {
            const Noting n{trace, "outer"};
            co_await inner();
        } catch (const RuntimeError&) {
            trace.note("caught");
        }
    }());
    EXPECT_EQ(trace.taken(), "inner outer caught");
}

TEST(CoroutineFunction, is_known_by_what_it_returns) {
    [[maybe_unused]] const auto ordinary = [] {};
    [[maybe_unused]] const auto coroutine = []() -> Coro<> { co_return; };
    const auto forwarding = [] { return testing::value_after(0, std::string("test")); };  // no co_await in its body
    static_assert(!CoroutineFunction<decltype(ordinary)>);
    static_assert(!CoroutineFunction<int>);
    static_assert(CoroutineFunction<decltype(coroutine)>);
    static_assert(CoroutineFunction<decltype(forwarding)>);
    static_assert(CoroutineFunction<decltype(testing::turns), int>);
    static_assert(!CoroutineFunction<decltype(testing::turns)>);  // not without its argument
    static_assert(is_coro<decltype(forwarding())>);
    static_assert(!is_coro<Task<>>);
    EXPECT_EQ(run(forwarding()), "test");
}

TEST(Coro, gives_the_same_in_debug_mode) {
    const auto outer = []() -> Coro<std::string> { co_return co_await testing::value_after(1, std::string("spam")); };
    const auto loop = new_event_loop();
    for (const bool debug : {false, true}) {
        loop->set_debug(debug);
        EXPECT_EQ(loop->run_until_complete(outer()), "spam");
    }
}

TEST(OnceCoro, is_told_by_its_type) {
    static_assert(is_coro<decltype(testing::turns(1))>);
    static_assert(!is_coro<Generator<int>>);
    static_assert(!is_coro<Task<int>>);
    static_assert(CoroutineFunction<decltype(&testing::turns), int>);
    static_assert(!CoroutineFunction<Generator<int> (*)()>);
    static_assert(!CoroutineFunction<int (*)()>);
}

// ---- Misuse

TEST(CoroMisuse, awaiting_twice_throws_and_says_where_the_coroutine_stands) {
    run([]() -> Coro<> {
        Coro<int> coro = testing::value_after(0, 3);
        EXPECT_EQ(co_await std::move(coro), 3);
        const std::string said = co_await testing::ending_of(std::move(coro));
        EXPECT_NE(said.find("hocket::RuntimeError: cannot await a coroutine twice"), std::string::npos) << said;
    }());
}

TEST(CoroMisuse, awaiting_one_that_another_task_awaits_throws) {
    run([]() -> Coro<> {
        Coro<> coro = testing::turns(5);
        const auto await_it = [&]() -> Coro<> { co_await std::move(coro); };
        const auto first = create_task(await_it), second = create_task(await_it);
        const std::string said = co_await testing::ending_of(second);
        EXPECT_NE(said.find("cannot await a coroutine twice"), std::string::npos) << said;
        co_await first;
    }());
}

TEST(CoroMisuse, awaiting_a_coroutine_that_was_moved_from_throws) {
    run([]() -> Coro<> {
        Coro<> coro = testing::turns(1);
        const auto task = create_task(std::move(coro));
        const std::string expected =
            "hocket::RuntimeError: cannot await a coroutine that was moved from, closed or made a task";
        EXPECT_EQ(thrown_by([&] { static_cast<void>(create_task(std::move(coro))); }), expected);
        EXPECT_EQ(co_await testing::ending_of(std::move(coro)), expected);
        co_await task;
    }());
}

Coro<int> forgotten_work() { co_return 1; }
const unsigned forgotten_line = __LINE__ - 1;

TEST(CoroMisuse, forgetting_to_await_is_reported_with_function_file_and_line) {
    Reports reports;
    static_cast<void>(forgotten_work());
    const unsigned dropped_line = __LINE__ - 1;
    const std::string said = reports.taken();
    EXPECT_TRUE(said.starts_with("coroutine was never awaited: ")) << said;
    EXPECT_NE(said.find("\n  dropped in "), std::string::npos) << said;
    if (said.find("0x") != std::string::npos) GTEST_SKIP() << "built without libdw";
    EXPECT_NE(said.find("forgotten_work (core/coro_test.cc:" + std::to_string(forgotten_line)), std::string::npos)
        << said;
    EXPECT_NE(said.find("TestBody (core/coro_test.cc:" + std::to_string(dropped_line)), std::string::npos) << said;
}

TEST(CoroMisuse, a_coroutine_that_an_exception_overtakes_is_reported_too) {
    Reports reports;
    thrown_by([] {
        const Coro<int> dropped = forgotten_work();
        throw RuntimeError("x");
    });
    EXPECT_EQ(reports.count(), 1U);
}

TEST(Coro, closing_drops_it_without_a_report) {
    Reports reports;
    Census census;
    Trace trace;
    Coro<> coro = holding(census.member(), trace, census);
    EXPECT_TRUE(coro);
    coro.close();
    coro.close();
    EXPECT_FALSE(coro);
    EXPECT_EQ(census.alive(), 0);
    EXPECT_EQ(reports.taken() + trace.taken(), "");
}

TEST(Coro, one_that_was_awaited_is_not_reported_even_if_it_failed) {
    Reports reports;
    EXPECT_EQ(thrown_by([] { run(testing::failure_after(0, "x")); }), "hocket::RuntimeError: x");
    EXPECT_EQ(reports.taken(), "");
}

TEST(Coro, may_be_moved_before_it_is_awaited) {
    Trace trace;
    run([&]() -> Coro<> {
        Coro<> a = noting(trace, "a"), b = noting(trace, "b");
        std::swap(a, b);
        co_await std::move(a);
        Coro<> c = std::move(b);
        co_await std::move(c);
    }());
    EXPECT_EQ(trace.taken(), "b a");
}

// Each branch of these was a silent memory corruption in compilers that the library refuses.
TEST(Coro, awaits_stand_in_any_expression) {
    run([]() -> Coro<> {
        const auto text = [](std::string s) { return testing::value_after(1, std::move(s)); };
        const bool yes = co_await testing::value_after(1, true);
        const std::string either = yes ? co_await text("a") : co_await text("b");
        EXPECT_EQ(either, "a");
        EXPECT_EQ(co_await text("x") + co_await text("y"), "xy");
        EXPECT_EQ(thrown_by([&] {}), "nothing");
        std::string thrown;
        try {
            throw RuntimeError(co_await text("late"));
        } catch (const RuntimeError& e) {
            thrown = e.what();
        }
        EXPECT_EQ(thrown, "late");
        for (int i = co_await testing::value_after(0, 0); i < co_await testing::value_after(1, 2); ++i)
            co_await testing::turns(1);
        if (co_await testing::value_after(1, true)) co_return;
    }());
}

}  // namespace
}  // namespace hocket
