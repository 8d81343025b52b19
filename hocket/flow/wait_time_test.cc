// SPDX-License-Identifier: MIT
// How long wait takes, and what is done by then.
#include <hocket/flow/wait.h>

#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// The time since it was made.
class StopWatch {
public:
    TimePoint::duration time() const { return get_running_loop().time() - begin_; }

private:
    TimePoint begin_ = get_running_loop().time();
};

Coro<> asleep(Duration delay) { co_await hocket::sleep(delay); }
Coro<> failing_after(Duration delay) {
    co_await hocket::sleep(delay);
    throw RuntimeError("really");
}

TEST(VirtualWait, takes_as_long_as_the_slowest_and_no_time_when_all_are_done) {
    run([]() -> Coro<> {
        const StopWatch watch;
        const auto a = create_task(asleep(100ms)), b = create_task(asleep(150ms));
        for (int i = 0; i < 2; ++i) {
            auto [done, pending] = co_await wait({b, a});
            EXPECT_THAT(done, ElementsAre(b, a));
            EXPECT_TRUE(pending.empty());
            EXPECT_EQ(watch.time(), 150ms);
        }
    }());
}

TEST(VirtualWait, for_all_is_not_cut_short_by_a_failure) {
    run([]() -> Coro<> {
        const StopWatch watch;
        const auto a = create_task(asleep(150ms)), b = create_task(failing_after(100ms));
        for (int i = 0; i < 2; ++i) {
            auto [done, pending] = co_await wait({b, a});
            EXPECT_TRUE(pending.empty());
            int failed = 0;
            for (const auto& task : done) failed += task.exception() != nullptr;
            EXPECT_EQ(done.size(), 2u);
            EXPECT_EQ(failed, 1);
            EXPECT_EQ(watch.time(), 150ms);
        }
    }());
}

TEST(VirtualWait, for_the_first_takes_as_long_as_the_fastest) {
    run([]() -> Coro<> {
        const StopWatch watch;
        const auto a = create_task(asleep(10s)), b = create_task(asleep(100ms));
        auto [done, pending] = co_await wait({b, a}, {.return_when = FIRST_COMPLETED});
        EXPECT_THAT(done, ElementsAre(b));
        EXPECT_THAT(pending, ElementsAre(a));
        EXPECT_FALSE(a.done());
        EXPECT_TRUE(b.done());
        b.result();
        EXPECT_EQ(watch.time(), 100ms);
        co_await wait({a, b});
        EXPECT_EQ(watch.time(), 10s);
    }());
}

TEST(VirtualWait, for_the_first_exception_ends_when_a_task_fails) {
    run([]() -> Coro<> {
        const StopWatch watch;
        const auto slow = create_task(asleep(10s)), failing = create_task(testing::failure_after(0, "at once"));
        const auto [done, pending] = co_await wait({failing, slow}, {.return_when = FIRST_EXCEPTION});
        EXPECT_THAT(done, ElementsAre(failing));
        EXPECT_THAT(pending, ElementsAre(slow));
        EXPECT_EQ(watch.time(), 0ms);

        const auto later = create_task(failing_after(10ms));
        const auto found = co_await wait({later, slow}, {.return_when = FIRST_EXCEPTION});
        EXPECT_THAT(found.done, ElementsAre(later));
        EXPECT_THAT(found.pending, ElementsAre(slow));
        EXPECT_EQ(watch.time(), 10ms);

        slow.cancel();
        EXPECT_NE(failing.exception(), nullptr);
        EXPECT_NE(later.exception(), nullptr);
    }());
}

TEST(VirtualWait, with_a_time_limit_gives_what_is_done_by_then) {
    run([]() -> Coro<> {
        const StopWatch watch;
        const auto a = create_task(asleep(100ms)), b = create_task(asleep(150ms));
        const auto [done, pending] = co_await wait({b, a}, {.timeout = 110ms});
        EXPECT_THAT(done, ElementsAre(a));
        EXPECT_THAT(pending, ElementsAre(b));
        EXPECT_EQ(watch.time(), 110ms);
        co_await b;
    }());
}

TEST(VirtualWait, what_ends_at_the_time_limit_is_done) {
    run([]() -> Coro<> {
        const StopWatch watch;
        const auto a = create_task(asleep(100ms)), b = create_task(asleep(150ms));
        co_await testing::turns(1);  // their time begins before that of the limit
        const auto [done, pending] = co_await wait({b, a}, {.timeout = 100ms});
        EXPECT_THAT(done, ElementsAre(a));
        EXPECT_THAT(pending, ElementsAre(b));
        EXPECT_EQ(watch.time(), 100ms);
        co_await b;
    }());
}

}  // namespace
}  // namespace hocket
