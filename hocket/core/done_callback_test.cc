// SPDX-License-Identifier: MIT
// Done callbacks: when they run, in which context, what they may do, and how they are removed.
#include <hocket/core/future.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

namespace hocket {
namespace {

using testing::Census;
using testing::LoopErrors;
using testing::thrown_by;
using testing::Trace;

// 12
TEST(DoneCallback, never_runs_inline) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<int> f;
        f.add_done_callback([&](const Future<int>& x) { trace.note(x.result()); });
        f.set_result(1);
        trace.note("set");
        f.add_done_callback([&](const Future<int>&) { trace.note("late"); });
        trace.note("added");
        co_await testing::turns(1);
    }());
    EXPECT_EQ(trace.taken(), "set added 1 late");
}

TEST(DoneCallback, several_run_in_their_order_however_the_future_ends) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<std::string> good, bad, cancelled;
        const auto error = std::make_exception_ptr(RuntimeError("x"));
        for (const auto& f : {good, bad, cancelled}) {
            f.add_done_callback([&](const Future<std::string>&) { trace.note("first"); });
            f.add_done_callback([&](const Future<std::string>&) { trace.note("second"); });
        }
        co_await testing::turns(1);
        EXPECT_EQ(trace.taken(), "");
        good.set_result("r");
        co_await testing::turns(1);
        EXPECT_EQ(trace.taken(), "first second");
        bad.set_exception(error);
        co_await testing::turns(1);
        EXPECT_EQ(trace.taken(), "first second");
        cancelled.cancel();
        co_await testing::turns(1);
        EXPECT_EQ(trace.taken(), "first second");
        EXPECT_EQ(good.result(), "r");
        EXPECT_EQ(bad.exception(), error);
    }());
}

TEST(DoneCallback, runs_in_turn_with_the_tasks_that_wait) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f;
        const auto noted = [&](const char* name) { return [&trace, name](const Future<>&) { trace.note(name); }; };
        f.add_done_callback(noted("first"));
        const auto task = create_task([&]() -> Coro<> {
            co_await f;
            trace.note("task");
        });
        co_await testing::turns(1);
        f.add_done_callback(noted("last"));
        f.set_result();
        co_await task;
    }());
    EXPECT_EQ(trace.taken(), "first task last");
}

// 9
TEST(DoneCallback, runs_in_a_copy_of_the_context_of_its_registration) {
    static ContextVar<int> number("number", 0);
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f;
        number.set(1);
        f.add_done_callback([&](const Future<>&) {
            trace.note(number.get());
            number.set(5);
        });
        number.set(2);
        f.add_done_callback([&](const Future<>&) { trace.note(number.get()); });
        f.set_result();
        co_await testing::turns(1);
        trace.note(number.get());
    }());
    EXPECT_EQ(trace.taken(), "1 2 2");
}

// 7
TEST(DoneCallback, that_throws_does_not_keep_others_from_running) {
    Trace trace;
    run([&]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        const Future<> f;
        f.add_done_callback([](const Future<>&) { throw RuntimeError("in callback"); });
        f.add_done_callback([&](const Future<>&) { trace.note("second"); });
        f.set_result();
        co_await testing::turns(1);
        EXPECT_EQ(errors.taken(), "Exception in done callback | hocket::RuntimeError: in callback");
    }());
    EXPECT_EQ(trace.taken(), "second");
}

TEST(DoneCallback, of_a_task_learns_how_it_ended) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto good = create_task(testing::value_after(1, 7));
        const auto bad = create_task(testing::failure_after(1, "x"));
        const auto cancelled = create_task(testing::forever());
        good.add_done_callback([&](const Task<int>& t) { trace.note(t.result()); });
        bad.add_done_callback([&](const Task<>& t) { trace.note(describe(t.exception())); });
        cancelled.add_done_callback([&](const Task<>& t) { trace.note(t.cancelled() ? "cancelled" : "not"); });
        co_await testing::turns(1);
        cancelled.cancel();
        co_await testing::turns(4);
    }());
    EXPECT_EQ(trace.taken(), "7 hocket::RuntimeError: x cancelled");
}

TEST(DoneCallback, may_drop_the_last_handle) {
    Census census;
    run([&]() -> Coro<> {
        std::optional<Future<Census::Member>> f(std::in_place);
        f->add_done_callback([&](const Future<Census::Member>& x) {
            f.reset();
            EXPECT_TRUE(x.done());
            EXPECT_EQ(census.alive(), 1);
        });
        f->set_result(census.member());
        co_await testing::turns(1);
        EXPECT_EQ(census.alive(), 0);
    }());
}

TEST(DoneCallback, may_add_another) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f;
        f.add_done_callback([&](const Future<>& x) {
            x.add_done_callback([&](const Future<>&) { trace.note("inner"); });
            trace.note("outer");
        });
        f.set_result();
        co_await testing::turns(2);
    }());
    EXPECT_EQ(trace.taken(), "outer inner");
}

TEST(DoneCallback, may_cancel_the_task_that_runs_next) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f;
        Task<> waiting;
        f.add_done_callback([&](const Future<>&) { trace.note(waiting.cancel()); });
        waiting = create_task([&]() -> Coro<> { trace.note(co_await testing::ending_of(f)); });
        co_await testing::turns(1);
        f.set_result();
        co_await testing::ending_of(waiting);
        trace.note(waiting.cancelled() ? "cancelled" : "done");
    }());
    EXPECT_EQ(trace.taken(), "1 hocket::CancelledError done");
}

TEST(DoneCallback, is_freed_with_a_future_that_never_is_done) {
    Census census;
    run([&]() -> Coro<> {
        Future<>().add_done_callback([m = census.member()](const Future<>&) {});
        EXPECT_EQ(census.alive(), 0);
        co_return;
    }());
    EXPECT_EQ(census.alive(), 0);
}

int calls = 0;
void count_call(const Future<>&) { ++calls; }
void count_ten(const Future<>&) { calls += 10; }

// 28
TEST(DoneCallback, removal_takes_all_equal_ones_and_returns_their_count) {
    calls = 0;
    run([]() -> Coro<> {
        const Future<> f;
        f.add_done_callback(count_call);
        f.add_done_callback(count_ten);
        f.add_done_callback(count_call);
        EXPECT_EQ(f.remove_done_callback(count_call), 2U);
        EXPECT_EQ(f.remove_done_callback(count_call), 0U);
        f.set_result();
        EXPECT_EQ(f.remove_done_callback(count_ten), 0U);  // called for already
        co_await testing::turns(1);
    }());
    EXPECT_EQ(calls, 10);
}

// Compares equal to those of the same number.
struct Numbered {
    Trace* trace;
    int number;
    bool operator==(const Numbered& other) const { return number == other.number; }
    void operator()(const Future<>&) const { trace->note(number); }
};

TEST(DoneCallback, removal_leaves_the_others_in_their_order) {
    Trace trace;
    const auto rest_without = [&](std::initializer_list<int> numbers) {
        run([&]() -> Coro<> {
            const Future<> f;
            for (const int n : {1, 2, 3}) f.add_done_callback(Numbered{&trace, n});
            for (const int n : numbers) EXPECT_EQ(f.remove_done_callback(Numbered{&trace, n}), 1U);
            for (const int n : numbers) EXPECT_EQ(f.remove_done_callback(Numbered{&trace, n}), 0U);
            f.set_result();
            co_await testing::turns(1);
        }());
        return trace.taken();
    };
    EXPECT_EQ(rest_without({1}), "2 3");
    EXPECT_EQ(rest_without({1, 2}), "3");
    EXPECT_EQ(rest_without({3}), "1 2");
    EXPECT_EQ(rest_without({2, 3, 1}), "");
}

TEST(DoneCallback, that_was_removed_can_be_added_again) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f;
        const Numbered one{&trace, 1}, two{&trace, 2};
        EXPECT_EQ(f.remove_done_callback(one), 0U);
        f.add_done_callback(one);
        f.add_done_callback(two);
        EXPECT_EQ(f.remove_done_callback(two), 1U);
        f.add_done_callback(two);
        for (int i = 0; i < 5; ++i) f.add_done_callback(one);
        EXPECT_EQ(f.remove_done_callback(one), 6U);
        f.set_result();
        co_await testing::turns(1);
    }());
    EXPECT_EQ(trace.taken(), "2");
}

TEST(DoneCallback, does_not_keep_those_from_running_that_are_called_for_with_it) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f;
        f.add_done_callback([&](const Future<>& x) { trace.note(x.remove_done_callback(Numbered{&trace, 7})); });
        f.add_done_callback(Numbered{&trace, 7});
        f.add_done_callback(Numbered{&trace, 7});
        f.set_result();
        co_await testing::turns(1);
    }());
    EXPECT_EQ(trace.taken(), "0 7 7");
}

// Does something to the future each time that it is compared; equal to none.
struct Meddler {
    std::function<void()> meddle;
    Trace* trace = nullptr;
    bool operator==(const Meddler& other) const {
        (meddle ? meddle : other.meddle)();
        return false;
    }
    void operator()(const Future<>&) const { trace->note("called"); }
};

TEST(DoneCallback, a_comparison_may_remove_others) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f;
        for (int i = 0; i < 3; ++i) {
            f.add_done_callback(Meddler{{}, &trace});
            f.add_done_callback(Numbered{&trace, i % 2});
        }
        f.remove_done_callback(Meddler{[&] { f.remove_done_callback(Numbered{&trace, 0}); }});
        f.set_result();
        co_await testing::turns(1);
    }());
    EXPECT_EQ(trace.taken(), "called called 1 called");
}

TEST(DoneCallback, a_comparison_may_add_others) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f;
        int added = 0;
        for (int i = 0; i < 3; ++i) f.add_done_callback(Meddler{{}, &trace});
        f.remove_done_callback(Meddler{[&] {
            if (++added < 100) f.add_done_callback(Meddler{{}, &trace});
        }});
        EXPECT_EQ(added, 102);
        f.set_result();
        co_await testing::turns(1);
    }());
    const std::string said = trace.taken();
    EXPECT_EQ(std::count(said.begin(), said.end(), 'd'), 3 + 99);
}

TEST(DoneCallback, a_comparison_may_make_the_future_done_or_throw) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f, g;
        for (const auto& x : {f, g}) {
            x.add_done_callback(Numbered{&trace, 1});
            x.add_done_callback(Meddler{{}, &trace});
            x.add_done_callback(Numbered{&trace, 2});
        }
        EXPECT_EQ(f.remove_done_callback(Meddler{[&] { f.set_result(); }}), 0U);
        co_await testing::turns(1);
        const std::string all = trace.taken();  // those that stood behind may come first
        EXPECT_EQ(all.size(), std::string("1 called 2").size());
        EXPECT_EQ(thrown_by([&] { g.remove_done_callback(Meddler{[] { throw RuntimeError("no answer"); }}); }),
                  "hocket::RuntimeError: no answer");
        g.set_result();
        co_await testing::turns(1);
        EXPECT_EQ(trace.taken(), "1 called 2");
    }());
}

// What a removed callable holds may, when it is freed, use the future that it was removed from.
TEST(DoneCallback, removal_leaves_the_future_whole_before_it_frees_anything) {
    struct Finisher {
        std::shared_ptr<Future<>> future;
        ~Finisher() {
            if (future.use_count() == 1) future->set_result();
        }
    };
    struct Equal {
        std::shared_ptr<Finisher> holds;
        bool operator==(const Equal& other) const { return holds == nullptr || other.holds == nullptr; }
        void operator()(const Future<>&) const {}
    };
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f;
        f.add_done_callback([&](const Future<>&) { trace.note("before"); });
        {
            auto finisher = std::make_shared<Finisher>(std::make_shared<Future<>>(f));
            f.add_done_callback(Equal{std::move(finisher)});
        }
        f.add_done_callback([&](const Future<>&) { trace.note("after"); });
        EXPECT_EQ(f.remove_done_callback(Equal{}), 1U);
        EXPECT_TRUE(f.done());
        co_await testing::turns(1);
    }());
    EXPECT_EQ(trace.taken(), "before after");
}

// ---- Loops that are closed

TEST(DoneCallback, of_what_is_done_needs_a_loop) {
    Census census;
    Future<int> f = nullptr;
    run([&]() -> Coro<> {
        f = Future<int>();
        f.set_result(1);
        co_return;
    }());
    EXPECT_EQ(thrown_by([&] { f.add_done_callback([m = census.member()](const Future<int>&) {}); }),
              "hocket::RuntimeError: Event loop is closed");
    EXPECT_EQ(census.alive(), 0);
    EXPECT_EQ(f.result(), 1);
}

}  // namespace
}  // namespace hocket
