// SPDX-License-Identifier: MIT
// gather of futures that somebody else ends: when it is done, who is called back, and in which loop it lives.
#include <hocket/flow/gather.h>

#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <exception>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::Reports;
using testing::thrown_by;
using testing::turns;

Coro<int> awaiting_it(Future<int> future) { co_return co_await future; }

// Calls `check` with two ways to gather futures: as they are, and within coroutines.
template <class F>
Coro<> for_futures_and_coroutines(F check) {
    co_await check([](const Future<int>& f) { return f; });
    co_await check([](const Future<int>& f) { return awaiting_it(f); });
}

TEST(Gather, of_futures_is_done_with_the_last_and_calls_back_once) {
    run(for_futures_and_coroutines([](auto child) -> Coro<> {
        const Future<int> a, b, c;
        const auto all = gather(child(a), child(b), child(c));
        int calls = 0;
        all.add_done_callback([&](const auto& done) { calls += done == all; });
        b.set_result(1);
        a.set_result(2);
        co_await turns(5);
        EXPECT_EQ(calls, 0);
        EXPECT_FALSE(all.done());
        c.set_result(3);
        co_await turns(5);
        EXPECT_EQ(calls, 1);
        EXPECT_EQ(all.result(), std::tuple(2, 1, 3));
    }));
}

TEST(Gather, settled_of_futures_that_succeed_gives_their_results) {
    run(for_futures_and_coroutines([](auto child) -> Coro<> {
        const Future<int> a, b, c;
        const auto all = gather(settle, child(a), child(b), child(c));
        int calls = 0;
        all.add_done_callback([&](const auto& done) { calls += done == all; });
        b.set_result(1);
        a.set_result(2);
        co_await turns(5);
        EXPECT_FALSE(all.done());
        c.set_result(3);
        co_await turns(5);
        EXPECT_EQ(calls, 1);
        const auto& [first, second, third] = all.result();
        EXPECT_EQ(*first * 100 + *second * 10 + *third, 213);
    }));
}

TEST(Gather, has_failed_with_the_very_exception_of_the_first_that_fails_and_what_follows_does_nothing) {
    Reports reports;
    run(for_futures_and_coroutines([](auto child) -> Coro<> {
        const Future<int> a, b, c, d, e;
        const auto all = gather(child(a), child(b), child(c), child(d), child(e));
        int calls = 0;
        all.add_done_callback([&](const auto& done) { calls += done == all; });
        const auto error = std::make_exception_ptr(ValueError("the first"));
        a.set_result(1);
        b.set_exception(error);
        co_await turns(5);
        EXPECT_TRUE(all.done());
        EXPECT_EQ(calls, 1);
        EXPECT_EQ(all.exception(), error);
        c.set_result(3);
        d.cancel();
        e.set_exception(RuntimeError("later"));
        co_await turns(5);
        EXPECT_EQ(calls, 1);
        EXPECT_EQ(all.exception(), error);
    }));
    EXPECT_EQ(reports.taken(), "");
}

TEST(Gather, settled_ends_with_the_last_failure_and_has_the_very_exceptions) {
    run(for_futures_and_coroutines([](auto child) -> Coro<> {
        const Future<int> a, b, c, d;
        const auto all = gather(settle, child(a), child(b), child(c), child(d));
        int calls = 0;
        all.add_done_callback([&](const auto& done) { calls += done == all; });
        const auto error = std::make_exception_ptr(ValueError("one")),
                   other = std::make_exception_ptr(RuntimeError("two"));
        b.set_result(1);
        c.set_exception(error);
        a.set_result(3);
        co_await turns(5);
        EXPECT_FALSE(all.done());
        d.set_exception(other);
        co_await turns(5);
        EXPECT_EQ(calls, 1);
        const auto& [first, second, third, fourth] = all.result();
        EXPECT_EQ(*first, 3);
        EXPECT_EQ(*second, 1);
        EXPECT_EQ(third.exception(), error);
        EXPECT_EQ(fourth.exception(), other);
    }));
}

// ---- Children that are cancelled

TEST(Gather, of_a_cancelled_child_has_failed_and_is_not_cancelled) {
    Reports reports;
    run([]() -> Coro<> {
        const Future<int> a, b, c, d, e;
        const auto all = gather(a, b, c, d, e);
        int calls = 0;
        all.add_done_callback([&](const auto& done) { calls += done == all; });
        a.set_result(1);
        b.cancel();
        co_await turns(3);
        EXPECT_TRUE(all.done());
        EXPECT_EQ(calls, 1);
        EXPECT_FALSE(all.cancelled());
        EXPECT_EQ(describe(all.exception()), "hocket::CancelledError");
        c.set_result(3);
        d.cancel();
        e.set_exception(RuntimeError("later"));
        co_await turns(3);
        EXPECT_EQ(calls, 1);
    }());
    EXPECT_EQ(reports.taken(), "");
}

TEST(Gather, settled_counts_cancelled_children_among_the_results) {
    run([]() -> Coro<> {
        const Future<int> a, b, c, d, e, f;
        const auto all = gather(settle, a, b, c, d, e, f);
        int calls = 0;
        all.add_done_callback([&](const auto& done) { calls += done == all; });
        const auto error = std::make_exception_ptr(ValueError("one")),
                   other = std::make_exception_ptr(RuntimeError("two"));
        a.set_result(1);
        b.set_exception(error);
        c.cancel();
        co_await turns(3);
        EXPECT_FALSE(all.done());
        d.set_result(3);
        e.cancel();
        f.set_exception(other);
        const auto& [of_a, of_b, of_c, of_d, of_e, of_f] = co_await all;
        EXPECT_EQ(*of_a, 1);
        EXPECT_EQ(of_b.exception(), error);
        EXPECT_TRUE(of_c.cancelled());
        EXPECT_EQ(*of_d, 3);
        EXPECT_TRUE(of_e.cancelled());
        EXPECT_EQ(of_f.exception(), other);
        co_await turns(1);
        EXPECT_EQ(calls, 1);
    }());
}

// 41
TEST(Gather, whose_awaiter_is_cancelled_cancels_what_its_children_wait_for) {
    run([]() -> Coro<> {
        const Future<int> awaited;
        const auto a = create_task(awaiting_it(awaited)), b = create_task(awaiting_it(awaited));
        const auto both = gather(a, b);
        const auto waiting = create_task([&]() -> Coro<> { co_await both; });
        co_await turns(1);
        EXPECT_TRUE(waiting.cancel());
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
        EXPECT_FALSE(both.cancel());
        EXPECT_TRUE(awaited.cancelled());
        EXPECT_TRUE(a.cancelled());
        EXPECT_TRUE(b.cancelled());
    }());
}

TEST(Gather, settled_again_and_again_lets_a_cancel_through) {
    run([]() -> Coro<> {
        const auto gathering = []() -> Coro<> {
            for (int i = 0; i < 20; ++i) co_await gather(settle, hocket::sleep(1ms));
        };
        const auto silent = create_task(gathering()), spoken = create_task(gathering());
        co_await hocket::sleep(4ms);
        silent.cancel();
        spoken.cancel("my message");
        EXPECT_EQ(co_await ending_of(silent), "hocket::CancelledError");
        EXPECT_EQ(co_await ending_of(spoken), "hocket::CancelledError: my message");
    }());
}

// The children are done, and the gather has not heard of it yet: it is too late for both.
TEST(Gather, cannot_be_cancelled_between_the_end_of_its_children_and_its_own) {
    run([]() -> Coro<> {
        const Future<int> future;
        const auto all = gather(awaiting_it(future));
        co_await turns(1);
        bool took = true, was_done = true;
        future.add_done_callback([&](const Future<int>&) {
            was_done = all.done();
            took = all.cancel();
        });
        future.set_result(42);
        const auto& [value] = co_await all;
        EXPECT_EQ(value, 42);
        EXPECT_FALSE(was_done);
        EXPECT_FALSE(took);
        EXPECT_FALSE(all.cancelled());
    }());
}

// ---- Loops

TEST(Gather, of_futures_belongs_to_their_loop_which_need_not_run) {
    const auto loop = new_event_loop();
    const Future<int> a(*loop), b(*loop);
    for (int i = 0; i < 2; ++i) {
        const auto both = gather(a, b);
        EXPECT_EQ(&both.get_loop(), loop.get());
        loop->run_once(Duration());
        EXPECT_FALSE(both.done());
        if (i == 0) continue;
        a.set_result(1);
        b.set_result(2);
        EXPECT_EQ(loop->run_until_complete(both), std::tuple(1, 2));
    }
}

TEST(Gather, of_coroutines_or_nothing_belongs_to_the_running_loop) {
    const auto loop = new_event_loop();
    Future<std::tuple<int, int>> both = nullptr;
    Future<std::tuple<>> none = nullptr;
    loop->run_until_complete([](auto& of_two, auto& of_none) -> Coro<> {
        of_two = gather(testing::value_after(1, 1), testing::value_after(2, 2));
        of_none = gather();
        co_return;
    }(both, none));
    EXPECT_EQ(&both.get_loop(), loop.get());
    EXPECT_EQ(loop->run_until_complete(both), std::tuple(1, 2));
    EXPECT_EQ(&none.get_loop(), loop.get());
    EXPECT_TRUE(none.done());
    EXPECT_EQ(none.result(), std::tuple());
}

TEST(Gather, of_coroutines_or_nothing_needs_a_running_loop) {
    Reports reports;
    const std::string refusal = "hocket::RuntimeError: no running event loop";
    EXPECT_EQ(thrown_by([] { static_cast<void>(gather()); }), refusal);
    EXPECT_EQ(thrown_by([] { static_cast<void>(gather(turns(1), turns(2))); }), refusal);
}

TEST(Gather, what_it_gives_may_use_futures_as_it_goes) {
    struct Busy {
        int* gone;
        explicit Busy(int& count) : gone(&count) {}
        Busy(Busy&& other) noexcept : gone(std::exchange(other.gone, nullptr)) {}
        ~Busy() {
            if (!gone) return;
            const Future<int> f;
            f.set_result(1);
            *gone += f.result();
        }
    };
    int gone = 0;
    run([&]() -> Coro<> {
        const auto busy = [&]() -> Coro<Busy> { co_return Busy(gone); };
        std::vector<Task<Busy>> tasks;
        for (int i = 0; i < 100; ++i) tasks.push_back(create_task(busy()));
        co_await gather(std::move(tasks));
        EXPECT_EQ(gone, 100);
    }());
}

}  // namespace
}  // namespace hocket
