// SPDX-License-Identifier: MIT
// Futures: results, waiters, and loops that are gone.
#include <hocket/core/future.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace hocket {
namespace {

using testing::Census;
using testing::ending_of;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;

TEST(Future, gives_its_result_to_whoever_waits) {
    run([]() -> Coro<> {
        const Future<std::string> f;
        const auto a = create_task([](Future<std::string> x) -> Coro<std::string> { co_return co_await x; }, f);
        const auto b = create_task([](Future<std::string> x) -> Coro<std::string> { co_return co_await x; }, f);
        co_await testing::turns(1);
        EXPECT_FALSE(f.done());
        f.set_result("r");
        EXPECT_TRUE(f.done());
        EXPECT_EQ(co_await a + co_await b, "rr");
        EXPECT_EQ(f.result(), "r");
    }());
}

TEST(Future, wakes_its_waiters_in_the_order_of_their_coming) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f;
        for (const char* name : {"a", "b", "c"}) {
            create_task(
                [&trace](Future<> x, const char* n) -> Coro<> {
                    co_await x;
                    trace.note(n);
                },
                f, name);
        }
        co_await testing::turns(1);
        f.set_result();
        co_await testing::turns(2);
    }());
    EXPECT_EQ(trace.taken(), "a b c");
}

// 13
TEST(Future, awaiting_a_done_one_does_not_suspend) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<int> f;
        f.set_result(1);
        get_running_loop().call_soon([&] { trace.note("turn"); });
        EXPECT_EQ(co_await f, 1);
        trace.note("after");
        co_await testing::turns(1);
    }());
    EXPECT_EQ(trace.taken(), "after turn");
}

TEST(Future, awaited_twice_suspends_once) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<int> f;
        const auto task = create_task([&]() -> Coro<> {
            trace.note("begun");
            trace.note(co_await f);
            trace.note(co_await f);
        });
        co_await testing::turns(1);
        f.set_result(42);
        get_running_loop().call_soon([&] { trace.note("turn"); });
        co_await task;
    }());
    EXPECT_EQ(trace.taken(), "begun 42 42 turn");
}

TEST(Future, gives_a_reference_or_the_result_itself) {
    run([]() -> Coro<> {
        Future<std::unique_ptr<int>> f;
        f.set_result(std::make_unique<int>(3));
        const std::unique_ptr<int>& seen = co_await f;
        EXPECT_EQ(*seen, 3);
        const std::unique_ptr<int> taken = co_await std::move(f);
        EXPECT_EQ(*taken, 3);
    }());
}

TEST(Future, of_a_reference_refers) {
    run([]() -> Coro<> {
        int n = 1;
        const Future<int&> f;
        f.set_result(n);
        (co_await f) = 2;
        EXPECT_EQ(n, 2);
        EXPECT_EQ(&f.result(), &n);
    }());
}

TEST(Future, that_is_the_result_of_a_task_is_not_awaited) {
    run([]() -> Coro<> {
        const Future<std::string> future;
        const auto giver = create_task([](Future<std::string> f) -> Coro<Future<std::string>> { co_return f; }, future);
        const Future<std::string> given = co_await giver;
        EXPECT_TRUE(given == future);
        EXPECT_FALSE(given.done());
        future.set_result("later");
        EXPECT_EQ(co_await given, "later");
    }());
}

TEST(Future, its_result_is_made_in_place) {
    run([]() -> Coro<> {
        const Future<std::string> f;
        f.set_result(3U, 'x');
        EXPECT_EQ(f.result(), "xxx");
        co_return;
    }());
}

// ---- States

TEST(Future, has_no_result_before_it_is_done) {
    run([]() -> Coro<> {
        const Future<int> f;
        EXPECT_EQ(thrown_by([&] { static_cast<void>(f.result()); }), "hocket::InvalidStateError: Result is not set.");
        EXPECT_EQ(thrown_by([&] { static_cast<void>(f.exception()); }),
                  "hocket::InvalidStateError: Exception is not set.");
        co_return;
    }());
}

TEST(Future, is_pending_until_it_is_cancelled_and_that_is_for_good) {
    run([]() -> Coro<> {
        const Future<int> f;
        EXPECT_FALSE(f.done());
        EXPECT_FALSE(f.cancelled());
        EXPECT_TRUE(f.cancel());
        EXPECT_TRUE(f.done());
        EXPECT_TRUE(f.cancelled());
        EXPECT_EQ(thrown_by([&] { static_cast<void>(f.result()); }), "hocket::CancelledError");
        EXPECT_EQ(thrown_by([&] { static_cast<void>(f.exception()); }), "hocket::CancelledError");
        EXPECT_TRUE(thrown_by([&] { f.set_result(1); }).starts_with("hocket::InvalidStateError"));
        EXPECT_TRUE(thrown_by([&] { f.set_exception(RuntimeError("x")); }).starts_with("hocket::InvalidStateError"));
        EXPECT_FALSE(f.cancel());
        co_return;
    }());
}

TEST(Future, is_done_once) {
    run([]() -> Coro<> {
        const Future<int> f;
        f.set_result(1);
        EXPECT_TRUE(f.done());
        EXPECT_FALSE(f.cancelled());
        EXPECT_EQ(f.exception(), nullptr);
        EXPECT_NE(thrown_by([&] { f.set_result(2); }).find("InvalidStateError"), std::string::npos);
        EXPECT_NE(thrown_by([&] { f.set_exception(RuntimeError("x")); }).find("InvalidStateError"), std::string::npos);
        EXPECT_FALSE(f.cancel());
        EXPECT_EQ(f.result(), 1);
        co_return;
    }());
}

TEST(Future, stays_pending_when_its_result_cannot_be_made) {
    struct Fragile {
        explicit Fragile(bool fails) {
            if (fails) throw RuntimeError("cannot be made");
        }
    };
    run([]() -> Coro<> {
        const Future<Fragile> f;
        EXPECT_EQ(thrown_by([&] { f.set_result(true); }), "hocket::RuntimeError: cannot be made");
        EXPECT_FALSE(f.done());
        f.set_result(false);
        EXPECT_TRUE(f.done());
        co_return;
    }());
}

TEST(Future, throws_its_exception_each_time) {
    run([]() -> Coro<> {
        const Future<int> f;
        f.set_exception(RuntimeError("bad"));
        EXPECT_EQ(thrown_by([&] { static_cast<void>(f.result()); }), "hocket::RuntimeError: bad");
        EXPECT_EQ(co_await ending_of(f), "hocket::RuntimeError: bad");
        EXPECT_EQ(describe(f.exception()), "hocket::RuntimeError: bad");
        EXPECT_FALSE(f.cancelled());
    }());
}

TEST(Future, that_failed_is_done_once_too) {
    run([]() -> Coro<> {
        const Future<int> f;
        const auto error = std::make_exception_ptr(RuntimeError("first"));
        f.set_exception(error);
        EXPECT_TRUE(f.done());
        EXPECT_FALSE(f.cancelled());
        EXPECT_TRUE(thrown_by([&] { f.set_result(2); }).starts_with("hocket::InvalidStateError"));
        EXPECT_TRUE(thrown_by([&] { f.set_exception(RuntimeError("x")); }).starts_with("hocket::InvalidStateError"));
        EXPECT_FALSE(f.cancel());
        EXPECT_EQ(f.exception(), error);
        EXPECT_EQ(thrown_by([&] { static_cast<void>(f.result()); }), "hocket::RuntimeError: first");
        co_return;
    }());
}

TEST(Future, takes_no_null_exception) {
    run([]() -> Coro<> {
        const Future<> f;
        EXPECT_EQ(thrown_by([&] { f.set_exception(std::exception_ptr()); }),
                  "hocket::ValueError: set_exception: there is no exception");
        EXPECT_FALSE(f.done());
        co_return;
    }());
}

TEST(Future, cancelled_throws_cancelled_error_with_the_message) {
    run([]() -> Coro<> {
        const Future<int> f, g;
        EXPECT_TRUE(f.cancel("enough"));
        EXPECT_TRUE(g.cancel());
        EXPECT_TRUE(f.cancelled());
        EXPECT_EQ(co_await ending_of(f), "hocket::CancelledError: enough");
        EXPECT_EQ(co_await ending_of(g), "hocket::CancelledError");
        EXPECT_EQ(thrown_by([&] { static_cast<void>(f.exception()); }), "hocket::CancelledError: enough");
    }());
}

TEST(Future, an_empty_handle_cannot_be_awaited) {
    run([]() -> Coro<> {
        const Future<int> none = nullptr;
        EXPECT_FALSE(none);
        EXPECT_NE((co_await ending_of(none)).find("cannot await an empty handle"), std::string::npos);
    }());
}

TEST(Future, needs_a_loop) {
    EXPECT_EQ(thrown_by([] { const Future<int> f; }), "hocket::RuntimeError: no running event loop");
}

TEST(Future, made_outside_a_run_belongs_to_the_loop_that_it_is_given) {
    const auto loop = new_event_loop();
    const Future<int> f(*loop), g = loop->create_future<int>();
    EXPECT_EQ(&f.get_loop(), loop.get());
    EXPECT_EQ(&g.get_loop(), loop.get());
    loop->call_soon([&] { f.set_result(1); });
    EXPECT_EQ(loop->run_until_complete(f), 1);
}

TEST(Future, handles_of_one_are_equal) {
    run([]() -> Coro<> {
        const Future<int> f, g;
        const Future<int> copy = f;
        EXPECT_TRUE(copy == f);
        EXPECT_FALSE(copy == g);
        EXPECT_EQ(&f.get_loop(), &get_running_loop());
        co_return;
    }());
}

TEST(Future, the_last_handle_may_go_while_a_task_waits) {
    run([]() -> Coro<> {
        std::optional<Future<int>> f(std::in_place);
        const auto waiting =
            create_task([](std::optional<Future<int>>& x) -> Coro<int> { co_return co_await *x; }, std::ref(f));
        co_await testing::turns(1);
        const Future<int> last = *f;
        f.reset();
        last.set_result(9);
        EXPECT_EQ(co_await waiting, 9);
    }());
}

TEST(Future, frees_its_result_with_the_last_handle) {
    Census census;
    run([&]() -> Coro<> {
        {
            const Future<Census::Member> f;
            f.set_result(census.member());
            const Future<Census::Member> copy = f;
            EXPECT_EQ(census.alive(), 1);
        }
        EXPECT_EQ(census.alive(), 0);
        co_return;
    }());
}

TEST(Future, a_result_may_use_futures_as_it_goes) {
    struct Busy {
        int* gone;
        explicit Busy(int& count) : gone(&count) {}
        Busy(const Busy&) = delete;
        ~Busy() {
            const Future<int> f;
            f.set_result(1);
            *gone += f.result();
        }
    };
    int gone = 0;
    run([&]() -> Coro<> {
        for (int i = 0; i < 100; ++i) {
            const Future<Busy> f;
            f.set_result(gone);
        }
        co_return;
    }());
    EXPECT_EQ(gone, 100);
}

// ---- Loops

// 26
TEST(FutureOfAnotherLoop, cannot_be_awaited) {
    const auto other = new_event_loop();
    const Future<int> foreign(*other);
    run([&]() -> Coro<> {
        const std::string said = co_await ending_of(foreign);
        EXPECT_NE(said.find("RuntimeError: "), std::string::npos) << said;
        EXPECT_NE(said.find("awaits a future that belongs to a different loop"), std::string::npos) << said;
    }());
}

TEST(FutureOfAnotherLoop, that_is_done_can_be_looked_at) {
    const auto other = new_event_loop();
    const Future<int> foreign(*other);
    foreign.set_result(4);
    run([&]() -> Coro<> { EXPECT_EQ(co_await foreign, 4); }());
}

TEST(FutureOfADeadLoop, keeps_its_result) {
    Future<std::string> f = nullptr;
    run([&]() -> Coro<> {
        f = Future<std::string>();
        f.set_result("kept");
        co_return;
    }());
    EXPECT_EQ(f.result(), "kept");
    EXPECT_EQ(thrown_by([&] { static_cast<void>(f.get_loop()); }), "hocket::RuntimeError: Event loop is closed");
}

TEST(FutureOfADeadLoop, keeps_its_cancellation) {
    Future<> f = nullptr;
    run([&]() -> Coro<> {
        f = Future<>();
        f.cancel("then");
        co_return;
    }());
    EXPECT_TRUE(f.cancelled());
    EXPECT_TRUE(thrown_by([&] { f.result(); }).starts_with("hocket::CancelledError"));
}

TEST(FutureOfADeadLoop, reports_its_exception_all_the_same) {
    Reports reports;
    Future<int> f = nullptr;
    run([&]() -> Coro<> {
        f = Future<int>();
        f.set_exception(RuntimeError("late"));
        co_return;
    }());
    EXPECT_EQ(reports.count(), 0U);
    f = nullptr;
    EXPECT_NE(reports.taken().find("Future exception was never retrieved"), std::string::npos);
}

TEST(FutureOfADeadLoop, drops_the_callbacks_that_wait) {
    Trace trace;
    Census census;
    Future<int> set = nullptr, cancelled = nullptr, dropped = nullptr;
    run([&]() -> Coro<> {
        for (Future<int>* f : {&set, &cancelled, &dropped}) {
            *f = Future<int>();
            f->add_done_callback([&trace, m = census.member()](const Future<int>&) { trace.note("called"); });
        }
        co_return;
    }());
    set.set_result(1);
    cancelled.cancel();
    set = cancelled = dropped = nullptr;
    EXPECT_EQ(trace.taken(), "");
    EXPECT_EQ(census.alive(), 0);
}

TEST(FutureOfAClosedLoop, drops_the_callbacks_that_wait) {
    Census census;
    {
        const auto loop = new_event_loop();
        const Future<int> f(*loop);
        f.add_done_callback([m = census.member()](const Future<int>&) {});
        loop->close();
        f.set_result(1);
    }
    EXPECT_EQ(census.alive(), 0);
}

}  // namespace
}  // namespace hocket
