// SPDX-License-Identifier: MIT
// Very deep chains of coroutines and of tasks, on a small stack: calls, exceptions and cancellations take none of it.
#include <hocket/core/task.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>
#include <pthread.h>

#include <string>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;

constexpr int deep = 1'000'000;

// Runs `f` on a thread whose stack holds 256 KiB: a level that took 1 byte of it would be one too many.
template <class F>
void on_a_small_stack(F f) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 << 10);
    pthread_t thread;
    const auto entry = [](void* callable) -> void* {
        (*static_cast<F*>(callable))();
        return nullptr;
    };
    ASSERT_EQ(pthread_create(&thread, &attributes, entry, &f), 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
}

Coro<int> depth_of(int n) {
    if (n == 0) co_return 0;
    co_return 1 + co_await depth_of(n - 1);
}

TEST(DeepChain, of_calls_returns) {
    on_a_small_stack([] { EXPECT_EQ(run(depth_of(deep)), deep); });
}

Coro<> ends(int n, Coro<> last) {
    if (n == 0) {
        co_await std::move(last);
    } else {
        co_await ends(n - 1, std::move(last));
    }
}

TEST(DeepChain, is_suspended_and_resumed_at_its_end) {
    on_a_small_stack([] { run(ends(deep, testing::turns(3))); });
}

TEST(DeepChain, passes_an_exception_up) {
    on_a_small_stack([] {
        EXPECT_EQ(testing::thrown_by([] { run(ends(deep, testing::failure_after(1, "from below"))); }),
                  "hocket::RuntimeError: from below");
    });
}

TEST(DeepChain, is_unwound_by_a_cancel) {
    on_a_small_stack([] {
        run([]() -> Coro<> {
            const auto task = create_task(ends(deep, testing::forever()));
            co_await testing::turns(1);
            task.cancel("all of it");
            EXPECT_EQ(co_await testing::ending_of(task), "hocket::CancelledError: all of it");
        }());
    });
}

TEST(DeepChain, is_destroyed_with_its_loop) {
    testing::Reports reports;
    on_a_small_stack([] {
        const auto loop = new_event_loop();
        loop->create_task(ends(deep, testing::forever()), {});
        loop->run_once(0s);
        loop->close();
    });
    EXPECT_TRUE(reports.taken().starts_with("Task was destroyed but it is pending!"));
}

Coro<int> one() { co_return 1; }

TEST(DeepChain, a_loop_of_awaits_takes_no_stack) {
    on_a_small_stack([] {
        run([]() -> Coro<> {
            int sum = 0;
            for (int i = 0; i < deep; ++i) sum += co_await one();
            EXPECT_EQ(sum, deep);
        }());
    });
}

TEST(DeepChain, a_loop_of_awaits_of_what_is_done_takes_no_stack) {
    on_a_small_stack([] {
        run([]() -> Coro<> {
            const Future<int> f;
            f.set_result(1);
            int sum = 0;
            for (int i = 0; i < deep; ++i) sum += co_await f;
            EXPECT_EQ(sum, deep);
        }());
    });
}

// ---- Tasks that wait for tasks

constexpr int many_tasks = 100'000;

Coro<int> counting_on(Task<int> next) { co_return 1 + co_await next; }

std::vector<Task<int>> chain_of_tasks(Task<int> last) {
    std::vector<Task<int>> tasks = {std::move(last)};
    while (tasks.size() < many_tasks) tasks.push_back(create_task(counting_on(tasks.back())));
    return tasks;
}

TEST(ChainOfTasks, returns) {
    on_a_small_stack([] {
        run([]() -> Coro<> {
            const auto tasks = chain_of_tasks(create_task(testing::value_after(3, 1)));
            EXPECT_EQ(co_await tasks.back(), many_tasks);
        }());
    });
}

TEST(ChainOfTasks, is_cancelled_from_its_end) {
    on_a_small_stack([] {
        run([]() -> Coro<> {
            const auto tasks = chain_of_tasks(create_task([]() -> Coro<int> {
                co_await testing::forever();
                co_return 0;
            }));
            co_await testing::turns(2);
            tasks.back().cancel("down");
            EXPECT_EQ(co_await testing::ending_of(tasks.back()), "hocket::CancelledError: down");
            EXPECT_TRUE(tasks.front().cancelled());
            EXPECT_EQ(tasks.front().cancelling(), 1U);
        }());
    });
}

TEST(ChainOfTasks, is_released_when_its_last_handle_goes) {
    on_a_small_stack([] {
        run([]() -> Coro<> {
            Task<int> last = create_task(testing::value_after(3, 1));
            for (int i = 0; i < many_tasks; ++i) last = create_task(counting_on(std::move(last)));
            EXPECT_EQ(co_await last, many_tasks + 1);
        }());
    });
}

// Nobody else can end them.
TEST(CircleOfTasks, is_ended_by_a_cancel) {
    run([]() -> Coro<> {
        for (std::size_t size = 2; size < 5; ++size) {
            std::vector<Task<>> tasks(size);
            for (std::size_t i = 0; i < size; ++i) {
                tasks[i] = create_task([&tasks, next = (i + 1) % size]() -> Coro<> { co_await tasks[next]; });
            }
            co_await testing::turns(2);
            tasks[1].cancel("the circle");
            for (const Task<>& t : tasks)
                EXPECT_EQ(co_await testing::ending_of(t), "hocket::CancelledError: the circle");
        }
    }());
}

TEST(CircleOfTasks, is_ended_with_the_run) {
    run([]() -> Coro<> {
        static Task<> a, b;
        a = create_task([]() -> Coro<> { co_await b; });
        b = create_task([]() -> Coro<> { co_await a; });
        co_await testing::turns(2);
        a = b = Task<>();
    }());
}

}  // namespace
}  // namespace hocket
