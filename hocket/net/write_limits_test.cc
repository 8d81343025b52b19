// SPDX-License-Identifier: MIT
// How much may collect to be written before who writes has to wait.
#include <hocket/net/tls_test.h>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace hocket {
namespace {

using testing::connected, testing::run_net, testing::thrown_by, testing::a_while, testing::much;
using Limits = std::pair<std::size_t, std::size_t>;

TEST(RealWriteLimits, one_limit_follows_from_the_other) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        Transport& transport = *c.writer.transport();
        EXPECT_EQ(transport.get_write_buffer_limits(), Limits(16 << 10, 64 << 10));
        transport.set_write_buffer_limits({.high = 1024, .low = 128});
        EXPECT_EQ(transport.get_write_buffer_limits(), Limits(128, 1024));
        transport.set_write_buffer_limits({.high = 1024});
        EXPECT_EQ(transport.get_write_buffer_limits(), Limits(256, 1024));
        transport.set_write_buffer_limits({.low = 1000});
        EXPECT_EQ(transport.get_write_buffer_limits(), Limits(1000, 4000));
        transport.set_write_buffer_limits({.high = 0});
        EXPECT_EQ(transport.get_write_buffer_limits(), Limits(0, 0));
        transport.set_write_buffer_limits({.low = static_cast<std::size_t>(-1)});
        EXPECT_EQ(transport.get_write_buffer_limits(), Limits(-1, -1));
        transport.set_write_buffer_limits();
        EXPECT_EQ(transport.get_write_buffer_limits(), Limits(16 << 10, 64 << 10));
    }());
}

TEST(RealWriteLimits, a_low_one_above_the_high_one_is_refused_and_changes_nothing) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        Transport& transport = *c.writer.transport();
        transport.set_write_buffer_limits({.high = 1024, .low = 128});
        EXPECT_EQ(thrown_by([&] { transport.set_write_buffer_limits({.high = 0, .low = 1}); }),
                  "hocket::ValueError: high (0) must be >= low (1) must be >= 0");
        EXPECT_EQ(transport.get_write_buffer_limits(), Limits(128, 1024));
    }());
}

TEST(RealWriteLimits, what_is_above_the_new_limit_makes_the_next_drain_wait) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        Transport& transport = *c.writer.transport();
        c.writer.write_nowait(std::string(512, 'x'));  // it leaves at the end of this turn
        {
            transport.set_write_buffer_limits({.high = 1024, .low = 128});
            const testing::TurnWatch turn;
            co_await c.writer.drain();
            EXPECT_FALSE(turn.passed());
        }
        {
            transport.set_write_buffer_limits({.high = 256, .low = 128});
            const testing::TurnWatch turn;
            co_await c.writer.drain();
            EXPECT_TRUE(turn.passed());
        }
        EXPECT_LE(transport.get_write_buffer_size(), 128U);
        EXPECT_EQ(co_await c.server_reader.readexactly(512), std::string(512, 'x'));
    }());
}

TEST(RealWriteLimits, they_hold_for_every_later_write) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        Transport& transport = *c.writer.transport();
        transport.set_write_buffer_limits({.high = 2 * much, .low = much / 4});
        for (int i = 0; i < 2; ++i) {
            c.writer.write_nowait(std::string(2 * much, 'x'));
            const testing::TurnWatch turn;
            co_await c.writer.drain();  // not above it
            EXPECT_FALSE(turn.passed());
            c.writer.write_nowait("x");
            const Task<> draining = create_task(c.writer.drain());
            co_await a_while();
            EXPECT_FALSE(draining.done());
            co_await c.server_reader.readexactly(much / 2);
            co_await a_while();
            EXPECT_FALSE(draining.done());
            const Task<std::string> reading = create_task(c.server_reader.readexactly(much / 2 + much + 1));
            co_await draining;
            EXPECT_LE(transport.get_write_buffer_size(), much / 4);
            co_await reading;
            EXPECT_EQ(transport.get_write_buffer_limits(), Limits(much / 4, 2 * much));
        }
    }());
}

TEST(RealWriteLimits, they_hold_over_tls_for_what_waits_behind_another_write) {
    run_net([]() -> Coro<> {
        auto c = co_await testing::secured();
        c.writer.transport()->set_write_buffer_limits({.high = 1000});
        const Task<> first = create_task(c.writer.write(std::string(much, 'x')));
        co_await a_while();
        const Task<> below = create_task(c.writer.write(std::string(1000, 'y')));
        co_await below;
        const Task<> above = create_task(c.writer.write("z"));
        co_await a_while();
        EXPECT_FALSE(above.done());
        co_await c.server_reader.readexactly(much + 1001);
        co_await first;
        co_await above;
    }());
}

TEST(OnceWriteLimits, a_stream_that_cannot_be_written_to_has_none) {
    const StreamReader reader;
    const std::string refused = "hocket::RuntimeError: this stream cannot be written to";
    EXPECT_EQ(thrown_by([&] { reader.transport()->set_write_buffer_limits({.high = 1}); }), refused);
    EXPECT_EQ(thrown_by([&] { static_cast<void>(reader.transport()->get_write_buffer_limits()); }), refused);
}

}  // namespace
}  // namespace hocket
