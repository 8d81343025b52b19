// SPDX-License-Identifier: MIT
// Futures of threads in loops, coroutines from threads: results, exceptions and cancels, both ways.
#include <hocket/os/wrap_future.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <tests/support/trace.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace hocket {
namespace {

TEST(WrapFuture, a_result_set_by_a_thread_arrives) {
    run([]() -> Coro<> {
        const ConcurrentFuture<std::string> source;
        std::thread thread([source] { source.set_result("from elsewhere"); });
        EXPECT_EQ(co_await wrap_future(source), "from elsewhere");
        thread.join();
    }());
}

TEST(WrapFuture, what_has_ended_already_arrives_too) {
    run([]() -> Coro<> {
        const ConcurrentFuture<int> source;
        source.set_result(1);
        EXPECT_EQ(co_await wrap_future(source), 1);
    }());
}

TEST(WrapFuture, an_empty_one_cannot_be_awaited) {
    run([]() -> Coro<> {
        EXPECT_THROW(wrap_future(ConcurrentFuture<int>(nullptr)), RuntimeError);
        co_return;
    }());
}

TEST(WrapFuture, an_exception_arrives) {
    run([]() -> Coro<> {
        const ConcurrentFuture<int> source;
        source.set_exception(std::make_exception_ptr(ValueError("no")));
        const Future<int> future = wrap_future(source);
        while (!future.done()) co_await hocket::sleep(0);
        EXPECT_EQ(describe(future.exception()), "hocket::ValueError: no");
    }());
}

TEST(WrapFuture, the_exception_is_the_very_one_that_was_set) {
    run([]() -> Coro<> {
        const auto error = std::make_exception_ptr(InvalidStateError("of the source"));
        const ConcurrentFuture<int> source;
        source.set_exception(error);
        const Future<int> future = wrap_future(source);
        while (!future.done()) co_await hocket::sleep(0);
        EXPECT_EQ(future.exception(), error);
        EXPECT_THROW(static_cast<void>(future.result()), InvalidStateError);
    }());
}

TEST(WrapFuture, belongs_to_the_running_loop_or_to_the_one_that_is_given) {
    const ConcurrentFuture<int> source;
    const auto loop = new_event_loop();
    EXPECT_EQ(&wrap_future(source, *loop).get_loop(), loop.get());
    run([](ConcurrentFuture<int> s) -> Coro<> {
        EXPECT_EQ(&wrap_future(s).get_loop(), &get_running_loop());
        co_return;
    }(source));
    EXPECT_THROW(wrap_future(source), RuntimeError);
    source.cancel();  // what waits for its end is freed
}

TEST(WrapFuture, gives_a_future_of_a_loop_as_it_is) {
    run([]() -> Coro<> {
        const Future<int> future;
        EXPECT_EQ(wrap_future(future), future);
        const Task<> task = create_task(hocket::testing::turns(1));
        EXPECT_EQ(wrap_future(task), task);
        co_await task;
    }());
}

TEST(WrapFuture, of_a_future_of_a_loop_ignores_the_loop_that_is_given) {
    const auto loop = new_event_loop(), other = new_event_loop();
    const Future<int> future(*loop);
    EXPECT_EQ(wrap_future(future, *loop), future);
    EXPECT_EQ(wrap_future(future, *other), future);
    EXPECT_EQ(&wrap_future(future, *other).get_loop(), loop.get());
}

TEST(WrapFuture, a_cancel_of_the_source_cancels_the_future) {
    run([]() -> Coro<> {
        const ConcurrentFuture<> source;
        const Future<> future = wrap_future(source);
        source.cancel();
        while (!future.done()) co_await hocket::sleep(0);
        EXPECT_TRUE(future.cancelled());
    }());
}

TEST(WrapFuture, a_cancel_of_the_future_cancels_the_source) {
    run([]() -> Coro<> {
        const ConcurrentFuture<> source;
        const Future<> future = wrap_future(source);
        future.cancel();
        EXPECT_FALSE(source.cancelled());  // in the next iteration, as every done callback
        co_await hocket::sleep(0);
        EXPECT_TRUE(source.cancelled());
        EXPECT_TRUE(future.cancelled());
    }());
}

TEST(WrapFuture, a_cancel_before_the_result_has_arrived_leaves_it_with_the_source) {
    run([]() -> Coro<> {
        const ConcurrentFuture<int> source;
        const Future<int> future = wrap_future(source);
        source.set_result(42);
        EXPECT_TRUE(future.cancel());
        co_await hocket::sleep(0);
        co_await hocket::sleep(0);
        EXPECT_FALSE(source.cancelled());
        EXPECT_EQ(source.result(), 42);
        EXPECT_TRUE(future.cancelled());
    }());
}

TEST(WrapFuture, a_result_that_comes_after_the_cancel_is_dropped) {
    run([]() -> Coro<> {
        const ConcurrentFuture<int> source;
        source.set_running_or_notify_cancel();
        const Future<int> future = wrap_future(source);
        future.cancel();
        source.set_result(1);
        co_await hocket::sleep(0);
        co_await hocket::sleep(0);
        EXPECT_TRUE(future.cancelled());
    }());
}

TEST(WrapFuture, who_still_holds_the_source_keeps_its_result) {
    run([]() -> Coro<> {
        const ConcurrentFuture<std::string> source;
        source.set_result("shared");
        EXPECT_EQ(co_await wrap_future(source), "shared");
        EXPECT_EQ(source.result(), "shared");
    }());
}

TEST(WrapFuture, several_futures_may_wrap_one_source) {
    run([]() -> Coro<> {
        const ConcurrentFuture<int> source;
        const Future<int> a = wrap_future(source), b = wrap_future(source);
        source.set_result(4);
        EXPECT_EQ(co_await a + co_await b, 8);
    }());
}

TEST(WrapFuture, a_source_that_ends_after_the_loop_finds_nobody) {
    const ConcurrentFuture<std::unique_ptr<int>> source, cancelled;
    run([](ConcurrentFuture<std::unique_ptr<int>> a, ConcurrentFuture<std::unique_ptr<int>> b) -> Coro<> {
        wrap_future(a);
        wrap_future(b).cancel();
        co_return;
    }(source, cancelled));
    source.set_result(std::make_unique<int>(1));
    EXPECT_EQ(*source.result(), 1);
}

// A thread that has a loop's coroutines run. The loop ends when the thread has.
template <class F>
void beside_a_loop(F in_thread) {
    run([](F f) -> Coro<> {
        const ConcurrentFuture<> ended;
        EventLoop& loop = get_running_loop();
        std::thread thread([&] {
            f(loop);
            ended.set_result();
        });
        co_await wrap_future(ended);
        thread.join();
    }(std::move(in_thread)));
}

TEST(RunCoroutineThreadsafe, the_result_goes_back_to_the_thread) {
    beside_a_loop([](EventLoop& loop) {
        const auto future = run_coroutine_threadsafe(
            [](EventLoop& l) -> Coro<std::string> {
                co_await hocket::sleep(1ms);
                co_return this_loop == &l ? "in the loop" : "elsewhere";
            }(loop),
            loop);
        EXPECT_EQ(future.result(), "in the loop");
    });
}

TEST(RunCoroutineThreadsafe, the_exception_goes_back_to_the_thread) {
    beside_a_loop([](EventLoop& loop) {
        const auto future = run_coroutine_threadsafe(
            []() -> Coro<> {
                co_await hocket::sleep(0);
                throw ValueError("in the loop");
            }(),
            loop);
        EXPECT_EQ(testing::thrown_by([&] { future.result(); }), "hocket::ValueError: in the loop");
    });
}

TEST(RunCoroutineThreadsafe, a_callable_lives_as_long_as_its_task) {
    beside_a_loop([](EventLoop& loop) {
        auto text = std::make_unique<std::string>("captured");
        const auto future = run_coroutine_threadsafe(
            [text = std::move(text)]() -> Coro<std::size_t> {
                co_await hocket::sleep(1ms);
                co_return text->size();
            },
            loop);
        EXPECT_EQ(future.result(), 8U);
    });
}

TEST(RunCoroutineThreadsafe, waiting_for_the_result_may_time_out_and_the_task_goes_on) {
    beside_a_loop([](EventLoop& loop) {
        const ConcurrentFuture<> go;
        const auto future = run_coroutine_threadsafe(
            [go]() -> Coro<int> {
                co_await wrap_future(go);
                co_return 1;
            },
            loop);
        EXPECT_THROW(future.result(2ms), TimeoutError);
        go.set_result();
        EXPECT_EQ(future.result(), 1);
    });
}

TEST(RunCoroutineThreadsafe, given_up_and_cancelled_it_leaves_no_task) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const ConcurrentFuture<> ended;
        std::thread thread([&] {
            const auto future = run_coroutine_threadsafe([]() -> Coro<> { co_await Future<>(); }, loop);
            EXPECT_THROW(future.result(0s), TimeoutError);
            future.cancel();
            ended.set_result();
        });
        co_await wrap_future(ended);
        thread.join();
        for (int i = 0; i < 3; ++i) co_await hocket::sleep(0);
        EXPECT_EQ(all_tasks().size(), 1U);
    }());
}

TEST(RunCoroutineThreadsafe, what_keeps_the_task_from_being_made_is_told_to_the_thread_and_to_the_loop) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        testing::LoopErrors errors(loop);
        const ConcurrentFuture<> ended;
        // The exception ends in this thread: who counts it, the C++ library, is not seen by the thread sanitizer.
        std::optional<ConcurrentFuture<int>> future;
        const std::string reason = "cannot await a coroutine that was moved from, closed or made a task";
        std::thread thread([&] {
            Coro<int> closed = []() -> Coro<int> { co_return 1; }();
            closed.close();
            future = run_coroutine_threadsafe(std::move(closed), loop);
            EXPECT_EQ(testing::thrown_by([&] { future->result(); }), "hocket::RuntimeError: " + reason);
            ended.set_result();
        });
        co_await wrap_future(ended);
        thread.join();
        EXPECT_EQ(errors.taken(), "Exception in callback | hocket::RuntimeError: " + reason);
    }());
}

TEST(RunCoroutineThreadsafe, cancelling_the_future_cancels_the_task) {
    beside_a_loop([](EventLoop& loop) {
        const ConcurrentFuture<> begun, cancelled;
        const auto future = run_coroutine_threadsafe(
            [begun, cancelled]() -> Coro<> {
                begun.set_result();
                try {
                    co_await Future<>();
                } catch (const CancelledError&) {
                    cancelled.set_result();
                    throw;
                }
            },
            loop);
        begun.result();
        EXPECT_TRUE(future.cancel());
        EXPECT_THROW(future.result(), CancelledError);
        cancelled.result();
    });
}

TEST(RunCoroutineThreadsafe, a_task_that_is_cancelled_cancels_the_future) {
    beside_a_loop([](EventLoop& loop) {
        const auto future = run_coroutine_threadsafe(
            []() -> Coro<> {
                current_task().cancel();
                co_await hocket::sleep(1h);
            }(),
            loop);
        EXPECT_THROW(future.result(), CancelledError);
        EXPECT_TRUE(future.cancelled());
    });
}

TEST(RunCoroutineThreadsafe, the_task_has_the_context_of_the_thread) {
    static ContextVar<std::string> request("request", "none");
    beside_a_loop([](EventLoop& loop) {
        request.set("7");
        const auto future = run_coroutine_threadsafe([]() -> Coro<std::string> { co_return request.get(); }, loop);
        EXPECT_EQ(future.result(), "7");
    });
}

TEST(RunCoroutineThreadsafe, a_loop_that_is_closed_is_an_error) {
    const auto loop = new_event_loop();
    loop->close();
    EXPECT_THROW(run_coroutine_threadsafe([]() -> Coro<> { co_return; }(), *loop), RuntimeError);
}

TEST(RunCoroutineThreadsafe, when_the_loop_closes_first_the_future_is_cancelled) {
    const auto loop = new_event_loop();
    loop->set_exception_handler([](EventLoop&, const ErrorContext&) {});  // "Task was destroyed but it is pending!"
    auto begun = run_coroutine_threadsafe([]() -> Coro<> { co_await Future<>(); }, *loop);
    loop->run_once(1ms);
    loop->run_once(1ms);
    auto not_begun = run_coroutine_threadsafe([]() -> Coro<> { co_return; }, *loop);
    std::thread waiting([&] { EXPECT_THROW(begun.result(), CancelledError); });
    loop->close();
    waiting.join();
    EXPECT_TRUE(not_begun.cancelled());
}

TEST(RunCoroutineThreadsafe, coroutines_and_cancels_from_many_threads) {
    beside_a_loop([](EventLoop& loop) {
        std::atomic<int> ended = 0;
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&loop, &ended, t] {
                for (int i = 0; i < 100; ++i) {
                    const auto future = run_coroutine_threadsafe(
                        [i]() -> Coro<int> {
                            co_await hocket::sleep(0);
                            co_return i;
                        },
                        loop);
                    if ((i + t) % 3 == 0) future.cancel();
                    try {
                        EXPECT_EQ(future.result(), i);
                    } catch (const CancelledError&) {
                    }
                    ++ended;
                }
            });
        }
        for (std::thread& t : threads) t.join();
        EXPECT_EQ(ended, 400);
    });
}

}  // namespace
}  // namespace hocket
