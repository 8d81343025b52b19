// SPDX-License-Identifier: MIT
// Virtual time: the clock that jumps, the operations that are refused, the sleep that only a wake ends.
#include <gtest/gtest.h>
#include <hocket/io/operations_test.h>
#include <hocket/io/virtual_backend.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace hocket {

namespace {

TEST(OnceVirtual, the_clock_stands_still_until_it_jumps_to_the_deadline) {
    VirtualBackend backend;
    EXPECT_EQ(backend.now(), VirtualBackend::start);
    EXPECT_FALSE(backend.real_time());
    constexpr std::int64_t year = 365LL * 86'400 * 1'000'000'000;
    backend.poll(backend.now() + year);
    EXPECT_EQ(backend.now(), VirtualBackend::start + year);
    EXPECT_EQ(backend.wall_time(), VirtualBackend::wall_start + year);
    backend.poll(5);
    EXPECT_EQ(backend.now(), VirtualBackend::start + year);
    backend.advance(7);
    EXPECT_EQ(backend.now(), VirtualBackend::start + year + 7);
}

TEST(OnceVirtual, operations_are_refused_and_time_does_not_pass_for_them) {
    VirtualBackend backend;
    TestOperation op(Opcode::recv, 0);
    backend.submit(op);
    backend.cancel(op);
    EXPECT_EQ(op.completions, 0);
    EXPECT_TRUE(backend.has_news());
    backend.poll(backend.now() + 1'000);
    EXPECT_EQ(op.completions, 1);
    EXPECT_EQ(op.result, -EOPNOTSUPP);
    EXPECT_EQ(backend.now(), VirtualBackend::start);
    EXPECT_EQ(backend.pending(), 0U);
    EXPECT_FALSE(backend.has_news());
}

TEST(OnceVirtual, control_calls_are_refused) {
    VirtualBackend backend;
    EXPECT_EQ(backend.socket(AF_INET, SOCK_STREAM, 0), -EOPNOTSUPP);
    EXPECT_EQ(backend.listen(0, 1), -EOPNOTSUPP);
    const msghdr nothing{};
    EXPECT_EQ(backend.sendmsg(0, &nothing), -EOPNOTSUPP);
    EXPECT_EQ(backend.adopt(0), -EOPNOTSUPP);
    Spawn child;
    EXPECT_EQ(backend.spawn(child), -EOPNOTSUPP);
    int returncode = 0;
    EXPECT_EQ(backend.wait_for_child(0, returncode), -EOPNOTSUPP);
    EXPECT_EQ(backend.pidfd_send_signal(0, 0), -EOPNOTSUPP);
    EXPECT_EQ(backend.fileno(), -1);
    EXPECT_EQ(backend.close(-1), -EBADF);
    EXPECT_EQ(backend.close(make_pipe().a.release()), 0);
}

TEST(OnceVirtual, without_a_deadline_poll_waits_for_another_thread) {
    VirtualBackend backend;
    for (int i = 0; i < 20; ++i) {
        std::atomic<bool> posted = false;
        std::thread other([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            posted = true;
            backend.wake();
        });
        while (!posted) backend.poll(Backend::forever);
        other.join();
        backend.poll(0);
    }
    EXPECT_EQ(backend.now(), VirtualBackend::start);
}

TEST(OnceVirtual, a_wake_comes_before_the_deadline) {
    VirtualBackend backend;
    backend.wake();
    backend.poll(backend.now() + 1'000);
    EXPECT_EQ(backend.now(), VirtualBackend::start);
    backend.poll(backend.now() + 1'000);
    EXPECT_EQ(backend.now(), VirtualBackend::start + 1'000);
}

TEST(OnceVirtual, no_wake_is_lost_among_many) {
    VirtualBackend backend;
    constexpr int count = 20'000;
    std::atomic<int> posted = 0;
    std::thread other([&] {
        for (int i = 0; i < count; ++i) {
            posted.fetch_add(1, std::memory_order_relaxed);
            backend.wake();
        }
    });
    while (posted.load(std::memory_order_relaxed) < count) backend.poll(Backend::forever);
    other.join();
}

TEST(OnceVirtual, its_random_numbers_follow_from_the_seed) {
    VirtualBackend a(1), b(1), c(2);
    const std::uint64_t first = a.entropy();
    EXPECT_EQ(first, b.entropy());
    EXPECT_NE(first, c.entropy());
    EXPECT_NE(first, a.entropy());
}

}  // namespace

}  // namespace hocket
