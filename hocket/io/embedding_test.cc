// SPDX-License-Identifier: MIT
// A loop inside another one: `fileno` says when `run_once` has something to do.
#include <hocket/core/operation.h>
#include <hocket/core/sleep.h>
#include <hocket/core/task.h>
#include <hocket/io/runner.h>

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>
#include <array>
#include <thread>

namespace hocket {
namespace {

using namespace std::chrono_literals;

class RealEmbedding : public ::testing::Test {
protected:
    // Runs until there is nothing more to do, as the other loop would.
    void settle() {
        do loop->run_once(0s);
        while (readable(0));
    }
    bool readable(int milliseconds) const {
        pollfd waiting{.fd = descriptor, .events = POLLIN, .revents = 0};
        return ::poll(&waiting, 1, milliseconds) == 1;
    }
    static constexpr int long_time = 30'000;

    Unique<EventLoop> loop = new_event_loop();
    int descriptor = loop->fileno();
};

TEST(VirtualEmbedding, has_no_descriptor) { EXPECT_EQ(new_event_loop()->fileno(), -1); }

TEST_F(RealEmbedding, nothing_to_do_leaves_it_unreadable) { EXPECT_FALSE(readable(0)); }

TEST_F(RealEmbedding, a_call_from_another_thread_makes_it_readable) {
    settle();
    EXPECT_FALSE(readable(0));
    bool called = false;
    std::thread([&] { loop->call_soon_threadsafe([&] { called = true; }); }).join();
    EXPECT_TRUE(readable(long_time));
    settle();
    EXPECT_TRUE(called);
    EXPECT_FALSE(readable(0));
}

TEST_F(RealEmbedding, the_first_call_may_come_before_the_first_iteration) {
    std::thread([&] { loop->call_soon_threadsafe([] {}); }).join();
    EXPECT_TRUE(readable(long_time));
}

TEST_F(RealEmbedding, what_was_made_before_it_was_asked_for_makes_it_readable) {
    const Unique<EventLoop> other = new_event_loop();
    bool called = false;
    other->call_soon([&] { called = true; });
    pollfd waiting{.fd = other->fileno(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&waiting, 1, long_time), 1);
    other->run_once(0s);
    EXPECT_TRUE(called);
}

TEST_F(RealEmbedding, a_run_to_the_end_leaves_it_watching) {
    loop->run_until_complete([]() -> Coro<> { co_await hocket::sleep(1ms); }());
    settle();
    EXPECT_FALSE(readable(0));
    bool called = false;
    std::thread([&] { loop->call_soon_threadsafe([&] { called = true; }); }).join();
    EXPECT_TRUE(readable(long_time));
    settle();
    EXPECT_TRUE(called);
}

TEST_F(RealEmbedding, what_is_ready_after_an_iteration_makes_it_readable) {
    bool called = false;
    loop->call_soon([&] { loop->call_soon([&] { called = true; }); });
    loop->run_once(0s);
    EXPECT_FALSE(called);
    EXPECT_TRUE(readable(0));
    settle();
    EXPECT_TRUE(called);
}

TEST_F(RealEmbedding, what_the_iteration_submitted_makes_it_readable_when_it_completes) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    auto task = loop->create_task(
        [](int fd) -> Coro<char> {
            char byte = 0;
            PendingOperation read(Opcode::read, fd);
            read.data = &byte;
            read.size = 1;
            EXPECT_EQ(co_await std::move(read), 1);
            co_return byte;
        }(ends[0]),
        {});
    settle();
    EXPECT_FALSE(task.done());
    ASSERT_EQ(::write(ends[1], "x", 1), 1);
    EXPECT_TRUE(readable(long_time));
    settle();
    ASSERT_TRUE(task.done());
    EXPECT_EQ(task.result(), 'x');
    for (const int end : ends) ::close(end);
}

TEST_F(RealEmbedding, next_timer_says_how_long_to_wait) {
    EXPECT_FALSE(loop->next_timer());
    bool called = false;
    const Handle handle = loop->call_later(2ms, [&] { called = true; });
    ASSERT_TRUE(loop->next_timer());
    EXPECT_EQ(*loop->next_timer(), handle.when());
    while (!called) {
        if (const auto due = loop->next_timer()) {
            const Duration left = *due - loop->time();
            readable(left.count() > 0 ? static_cast<int>(left.count() / 1'000'000 + 1) : 0);
        }
        loop->run_once(0s);
    }
    EXPECT_FALSE(loop->next_timer());
}

}  // namespace
}  // namespace hocket
