// SPDX-License-Identifier: MIT
// Awaitables of other libraries: how they resume, what they give, cancels meanwhile.
#include <hocket/flow/adapt.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/wait_for.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace hocket {
namespace {

using testing::Census;
using testing::ending_of;
using testing::Reports;
using testing::Trace;
using testing::turns;

/// Suspends until somebody calls `resume`.
struct Manual {
    std::coroutine_handle<>& waiting;
    int value = 7;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) noexcept { waiting = h; }
    int await_resume() const {
        if (value < 0) throw ValueError("foreign");
        return value;
    }
};

/// A thread resumes it, perhaps before await_suspend has returned.
struct OnThread {
    std::thread& thread;
    std::chrono::milliseconds delay;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        thread = std::thread([h, d = delay] {
            if (d.count() > 0) std::this_thread::sleep_for(d);
            h.resume();
        });
    }
    std::string await_resume() const { return "from a thread"; }
};

/// The coroutine of another library: lazy, resumed by symmetric transfer.
template <class T>
struct ForeignTask {
    struct promise_type {
        std::coroutine_handle<> parent;
        std::optional<T> value;
        ForeignTask get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct Final {
                bool await_ready() noexcept { return false; }
                std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
                    return h.promise().parent;
                }
                void await_resume() noexcept {}
            };
            return Final();
        }
        void return_value(T v) { value = std::move(v); }
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> frame;

    ForeignTask(std::coroutine_handle<promise_type> f) : frame(f) {}
    ForeignTask(ForeignTask&& other) noexcept : frame(std::exchange(other.frame, {})) {}
    ~ForeignTask() {
        if (frame) frame.destroy();
    }
    auto operator co_await() && noexcept {
        struct Awaiter {
            std::coroutine_handle<promise_type> frame;
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) noexcept {
                frame.promise().parent = h;
                return frame;
            }
            T await_resume() { return std::move(*frame.promise().value); }
        };
        return Awaiter{frame};
    }
};

template <class R>
struct Ready {
    R value;
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    R await_resume() { return static_cast<R>(value); }
};

TEST(Adapt, one_that_is_ready_does_not_suspend) {
    run([]() -> Coro<> {
        Trace trace;
        create_task(
            [](Trace& t) -> Coro<> {
                t.note("other");
                co_return;
            },
            std::ref(trace));
        EXPECT_EQ(co_await adapt(Ready<int>{7}), 7);
        co_await adapt(std::suspend_never());
        EXPECT_EQ(trace.taken(), "");
        co_await turns(1);
        EXPECT_EQ(trace.taken(), "other");
    }());
}

TEST(Adapt, gives_references_and_what_cannot_be_copied) {
    run([]() -> Coro<> {
        int number = 0;
        EXPECT_EQ(&co_await adapt(Ready<int&>{number}), &number);
        EXPECT_EQ(*co_await adapt(ForeignTask<std::unique_ptr<int>>(
                      []() -> ForeignTask<std::unique_ptr<int>> { co_return std::make_unique<int>(3); }())),
                  3);
    }());
}

TEST(Adapt, uses_an_object_that_has_a_name_where_it_is) {
    run([]() -> Coro<> {
        Ready<int> ready{1};
        auto adapted = adapt(ready);
        ready.value = 2;
        EXPECT_EQ(co_await std::move(adapted), 2);
    }());
}

TEST(Adapt, goes_on_through_the_loop_when_it_is_resumed) {
    run([]() -> Coro<> {
        Trace trace;
        std::coroutine_handle<> waiting;
        auto task =
            create_task([](Trace& t, std::coroutine_handle<>& w) -> Coro<> { t.note(co_await adapt(Manual{w})); },
                        std::ref(trace), std::ref(waiting));
        co_await turns(1);
        get_running_loop().call_soon([&] {
            waiting.resume();
            trace.note("resumed");  // the task has not run inside that call
        });
        co_await task;
        EXPECT_EQ(trace.taken(), "resumed 7");
    }());
}

TEST(Adapt, awaits_coroutines_of_another_library) {
    run([]() -> Coro<> {
        std::coroutine_handle<> waiting;
        const auto foreign = [&]() -> ForeignTask<int> { co_return 1 + co_await Manual{waiting}; };
        get_running_loop().call_soon([&] { waiting.resume(); });
        EXPECT_EQ(co_await adapt(foreign()), 8);
    }());
}

TEST(Adapt, one_that_resumes_inside_its_await_suspend_does_not_suspend) {
    struct Eager {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) const { h.resume(); }
        int await_resume() const noexcept { return 1; }
    };
    run([]() -> Coro<> { EXPECT_EQ(co_await adapt(Eager()), 1); }());
}

TEST(Adapt, may_be_resumed_on_another_thread) {
    run([]() -> Coro<> {
        for (const int delay : {0, 0, 0, 0, 5}) {
            std::thread thread;
            const auto here = std::this_thread::get_id();
            EXPECT_EQ(co_await adapt(OnThread{thread, std::chrono::milliseconds(delay)}), "from a thread");
            EXPECT_EQ(std::this_thread::get_id(), here);
            thread.join();
        }
    }());
}

TEST(Adapt, passes_an_exception_on) {
    run([]() -> Coro<> {
        std::coroutine_handle<> waiting;
        get_running_loop().call_soon([&] { waiting.resume(); });
        EXPECT_EQ(co_await ending_of(adapt(Manual{waiting, -1})), "hocket::ValueError: foreign");
    }());
}

TEST(Adapt, a_cancel_waits_for_the_outcome_and_comes_at_the_next_await) {
    run([]() -> Coro<> {
        Trace trace;
        std::coroutine_handle<> waiting;
        auto task = create_task(
            [](Trace& t, std::coroutine_handle<>& w) -> Coro<> {
                t.note(co_await adapt(Manual{w}));
                co_await turns(1);
                t.note("never");
            },
            std::ref(trace), std::ref(waiting));
        co_await turns(1);
        EXPECT_TRUE(task.cancel("why"));
        co_await turns(3);
        EXPECT_EQ(trace.taken(), "");
        EXPECT_FALSE(task.done());
        waiting.resume();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError: why");
        EXPECT_EQ(trace.taken(), "7");
    }());
}

TEST(Adapt, a_cancel_does_not_hide_the_exception) {
    run([]() -> Coro<> {
        std::coroutine_handle<> waiting;
        auto task =
            create_task([](std::coroutine_handle<>& w) -> Coro<> { co_await adapt(Manual{w, -1}); }, std::ref(waiting));
        co_await turns(1);
        task.cancel();
        waiting.resume();
        EXPECT_EQ(co_await ending_of(task), "hocket::ValueError: foreign");
    }());
}

TEST(Adapt, a_cancel_that_is_taken_back_leaves_no_trace) {
    run([]() -> Coro<> {
        std::coroutine_handle<> waiting;
        auto task = create_task(
            [](std::coroutine_handle<>& w) -> Coro<> {
                co_await adapt(Manual{w});
                co_await turns(1);
            },
            std::ref(waiting));
        co_await turns(1);
        task.cancel();
        EXPECT_EQ(task.uncancel(), 0u);
        waiting.resume();
        co_await task;
    }());
}

TEST(Adapt, a_time_limit_that_has_passed_does_not_end_the_task_later) {
    run([]() -> Coro<> {
        std::coroutine_handle<> waiting;
        get_running_loop().call_later(std::chrono::milliseconds(20), [&] { waiting.resume(); });
        EXPECT_EQ(co_await wait_for(adapt(Manual{waiting}), std::chrono::milliseconds(1)), 7);
        co_await turns(1);
    }());
}

TEST(Adapt, a_task_that_is_cancelled_already_does_not_begin) {
    run([]() -> Coro<> {
        std::coroutine_handle<> waiting;
        auto task = create_task(
            [](std::coroutine_handle<>& w) -> Coro<> {
                current_task().cancel();
                co_await adapt(Manual{w});
            },
            std::ref(waiting));
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_FALSE(waiting);
    }());
}

TEST(Adapt, one_that_is_dropped_never_begins) {
    std::coroutine_handle<> waiting;
    Census census;
    struct Counted : Manual {
        Census::Member member;
    };
    {
        auto adapted = adapt(Counted{{waiting}, census.member()});
        auto moved = std::move(adapted);
        EXPECT_EQ(census.alive(), 1);
    }
    EXPECT_FALSE(waiting);
    EXPECT_EQ(census.alive(), 0);
}

TEST(Adapt, what_outlives_the_loop_frees_itself_when_it_is_resumed) {
    Reports reports;
    Census census;
    struct Counted : Manual {
        Census::Member member;
    };
    std::coroutine_handle<> waiting;
    auto loop = new_event_loop();
    loop->create_task(
        [](std::coroutine_handle<>& w, Census::Member member) -> Coro<> {
            co_await adapt(Counted{{w}, std::move(member)});
        }(waiting, census.member()),
        {});
    loop->run_once(std::chrono::seconds(0));
    loop.reset();
    EXPECT_EQ(census.alive(), 1);  // the other library still works with it
    std::thread([&] { waiting.resume(); }).join();
    EXPECT_EQ(census.alive(), 0);
}

TEST(Adapt, what_is_resumed_while_the_loop_closes_is_freed) {
    Reports reports;
    Census census;
    struct Counted : Manual {
        Census::Member member;
    };
    std::coroutine_handle<> waiting;
    auto loop = new_event_loop();
    loop->create_task(
        [](std::coroutine_handle<>& w, Census::Member member) -> Coro<> {
            co_await adapt(Counted{{w}, std::move(member)});
        }(waiting, census.member()),
        {});
    loop->run_once(std::chrono::seconds(0));
    std::thread([&] { waiting.resume(); }).join();  // its message waits in the mailbox
    loop.reset();
    EXPECT_EQ(census.alive(), 0);
}

TEST(Adapt, stands_in_the_await_graph) {
    run([]() -> Coro<> {
        std::coroutine_handle<> waiting;
        auto task =
            create_task([](std::coroutine_handle<>& w) -> Coro<> { co_await adapt(Manual{w}); }, std::ref(waiting));
        co_await turns(1);
        EXPECT_EQ(capture_call_graph(*task.state()).state, "waits for an awaitable of another library");
        waiting.resume();
        co_await task;
    }());
}

}  // namespace
}  // namespace hocket
