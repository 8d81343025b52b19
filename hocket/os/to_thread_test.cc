// SPDX-License-Identifier: MIT
// to_thread: arguments, results, contexts, and threads that wait for the loop.
#include <hocket/os/executor.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/wait_for.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

// 73
TEST(ToThread, copies_the_context_and_keeps_what_the_thread_sets) {
    static ContextVar<std::string> user("user", "nobody");
    run([]() -> Coro<> {
        user.set("anna");
        const std::string seen = co_await to_thread([] {
            const std::string before = user.get();
            user.set("of the thread");
            return before;
        });
        EXPECT_EQ(seen, "anna");
        EXPECT_EQ(user.get(), "anna");
        EXPECT_EQ(co_await run_in_executor([] { return user.get(); }), "nobody");
    }());
}

// Copies of a context share values without a lock, so a thread's must be its own.
TEST(ToThread, the_thread_shares_no_value_with_the_loop) {
    static ContextVar<std::string> text("text");
    run([]() -> Coro<> {
        text.set("a text that needs memory of its own");
        const std::string* mine = &text.get();
        EXPECT_NE(co_await to_thread([] { return &text.get(); }), mine);
        std::vector<Task<>> tasks;
        for (int i = 0; i < 50; ++i) {
            tasks.push_back(create_task(to_thread([] {
                for (int j = 0; j < 20; ++j) text.set(text.get() + "!");
            })));
            text.set("another " + std::to_string(i));
        }
        for (auto& t : tasks) co_await t;
    }());
}

TEST(ToThread, begins_when_it_is_awaited) {
    run([]() -> Coro<> {
        std::atomic<bool> ran = false;
        Coro<int> coro = to_thread([&] {
            ran = true;
            return 1;
        });
        co_await hocket::sleep(0);
        EXPECT_FALSE(ran);
        EXPECT_EQ(co_await std::move(coro), 1);
        EXPECT_TRUE(ran);
    }());
}

TEST(ToThread, takes_arguments_that_cannot_be_copied) {
    run([]() -> Coro<> {
        auto p = co_await to_thread(
            [](std::unique_ptr<int> q, int more) {
                *q += more;
                return q;
            },
            std::make_unique<int>(1), 2);
        EXPECT_EQ(*p, 3);
    }());
}

// In virtual time too: the clock stands while a thread works,
TEST(ToThread, no_time_limit_passes_it_by_in_virtual_time) {
    run([]() -> Coro<> {
        if (get_running_loop().backend().real_time()) co_return;
        const TimePoint before = get_running_loop().time();
        const int answer = co_await wait_for(to_thread([] {
                                                 std::this_thread::sleep_for(5ms);
                                                 return 4;
                                             }),
                                             1h);
        EXPECT_EQ(answer, 4);
        EXPECT_EQ(get_running_loop().time(), before);
    }());
}

// but not while that thread waits for the loop.
TEST(ToThread, a_thread_may_wait_for_a_coroutine_that_sleeps) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const TimePoint before = loop.time();
        co_await to_thread(
            [&] { run_coroutine_threadsafe([]() -> Coro<> { co_await hocket::sleep(3ms); }, loop).result(); });
        EXPECT_GE(Duration(loop.time() - before).count(), Duration(3ms).count());
    }());
}

TEST(ToThread, a_thread_may_wait_for_a_coroutine_that_sleeps_while_the_executor_ends) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const auto job = run_in_executor(
            [&] { run_coroutine_threadsafe([]() -> Coro<> { co_await hocket::sleep(3ms); }, loop).result(); });
        co_await shutdown_default_executor();
        co_await job;
    }());
}

TEST(ToThread, throws_what_the_function_threw) {
    run([]() -> Coro<> {
        bool thrown = false;
        try {
            co_await to_thread([] { throw TimeoutError(); });
        } catch (const TimeoutError&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
        EXPECT_EQ(co_await testing::ending_of(to_thread([] { throw RuntimeError("of the thread"); })),
                  "hocket::RuntimeError: of the thread");
    }());
}

struct CallOfATest {
    std::string name;
    bool something = false;
};

TEST(ToThread, calls_the_function_once_with_what_is_given) {
    run([]() -> Coro<> {
        std::atomic<int> calls = 0;
        std::string seen;
        const auto note = [&](const std::string& text, const CallOfATest& options) {
            ++calls;
            seen = text + " " + options.name + (options.something ? " something" : "");
        };
        CallOfATest options{.name = "named", .something = true};
        co_await to_thread(note, "test", std::move(options));
        EXPECT_EQ(calls, 1);
        EXPECT_EQ(seen, "test named something");
    }());
}

TEST(ToThread, several_may_be_gathered) {
    run([]() -> Coro<> {
        std::atomic<int> calls = 0;
        std::vector<Coro<>> coros;
        for (int i = 0; i < 10; ++i) coros.push_back(to_thread([&] { ++calls; }));
        co_await gather(std::move(coros));
        EXPECT_EQ(calls, 10);
    }());
}

}  // namespace
}  // namespace hocket
