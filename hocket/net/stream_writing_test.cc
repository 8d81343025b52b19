// SPDX-License-Identifier: MIT
// Streams that write: what waits for the peer, in which order it arrives, and what becomes of a write that is cancelled.
#include <hocket/net/net_test.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>

#include <string>
#include <utility>
#include <vector>

namespace hocket {
namespace {

using testing::connected, testing::with_peer, testing::run_net, testing::pattern, testing::ending_of, testing::a_while,
    testing::much;

TEST(RealStream, a_write_that_fits_does_not_wait_for_the_peer) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        co_await p.writer.write("hello");
        EXPECT_EQ(p.peer.receive(10), "hello");
    }());
}

TEST(RealStream, an_answer_goes_before_what_is_written_behind_it_however_much_the_system_takes) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = pattern(much);
        for (const std::string_view first : {std::string_view("small"), std::string_view(data)}) {
            co_await c.writer.write("?");
            EXPECT_EQ(co_await c.server_reader.readexactly(1), "?");
            Transport& transport = *c.server_writer.transport();
            transport.write_answer(first);
            transport.write_nowait("1");
            transport.write_answer("2");
            const std::string all = std::string(first) + "12";
            EXPECT_TRUE(co_await c.reader.readexactly(all.size()) == all);
        }
    }());
}

TEST(RealStream, an_answer_to_a_peer_that_has_gone_throws_nothing_and_what_it_said_can_be_read) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        p.peer.send("last words");
        EXPECT_EQ(co_await p.reader.readexactly(4), "last");
        p.peer.reset();
        co_await a_while();
        (*p.writer.transport()).write_answer("answer");
        EXPECT_EQ(co_await p.reader.readexactly(6), " words");
        EXPECT_NE(co_await ending_of(p.reader.readexactly(1)), "");
    }());
}

TEST(RealStream, a_write_waits_for_a_peer_that_does_not_read) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = pattern(much);
        const Task<> writing = create_task(c.writer.write(data));
        co_await a_while();
        EXPECT_FALSE(writing.done());
        EXPECT_TRUE(co_await c.server_reader.readexactly(data.size()) == data);
        co_await writing;
    }());
}

TEST(RealStream, what_several_tasks_write_arrives_in_their_order_and_unmixed) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        std::vector<Task<>> writing;
        std::string expected;
        for (int i = 0; i < 20; ++i) {
            std::string data(40'000 + static_cast<std::size_t>(i), static_cast<char>('a' + i));
            expected += data;
            writing.push_back(create_task([](StreamWriter w, std::string d) -> Coro<> { co_await w.write(d); },
                                          c.writer, std::move(data)));
        }
        const std::string received = co_await c.server_reader.readexactly(expected.size());
        EXPECT_TRUE(received == expected);
        for (const auto& t : writing) co_await t;
    }());
}

TEST(RealStream, a_write_of_nothing_changes_nothing) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        c.writer.write_nowait("data");
        c.writer.write_nowait("");
        const testing::TurnWatch turn;
        co_await c.writer.write("");
        EXPECT_FALSE(turn.passed());
        EXPECT_EQ(c.writer.transport()->get_write_buffer_size(), 4U);
        EXPECT_EQ(co_await c.server_reader.readexactly(4), "data");
    }());
}

TEST(RealStream, write_nowait_sends_without_being_awaited_and_before_what_is_written_later) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        c.writer.write_nowait("one ");
        c.writer.write_nowait("two ");
        co_await c.writer.write("three ");
        c.writer.write_nowait("four");
        EXPECT_EQ(co_await c.server_reader.readexactly(18), "one two three four");
    }());
}

// 77
TEST(RealStream, drain_does_not_yield_below_the_high_water_mark) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        c.writer.write_nowait(std::string(64 << 10, 'x'));
        const testing::TurnWatch turn;
        co_await c.writer.drain();
        EXPECT_FALSE(turn.passed());
        EXPECT_EQ((co_await c.server_reader.readexactly(64 << 10)).size(), 64U << 10);
    }());
}

// 77
TEST(RealStream, it_tells_how_much_the_system_has_not_taken) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        EXPECT_EQ(c.writer.transport()->get_write_buffer_size(), 0U);
        c.writer.write_nowait(pattern(much));
        EXPECT_EQ(c.writer.transport()->get_write_buffer_size(), much);
        co_await c.server_reader.readexactly(much);
        co_await testing::until([&] { return c.writer.transport()->get_write_buffer_size() == 0; });
    }());
}

TEST(RealStream, any_number_of_tasks_drain_until_little_is_left) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = pattern(much);
        c.writer.write_nowait(data);
        std::vector<Task<>> draining;
        for (int i = 0; i < 3; ++i) draining.push_back(create_task(c.writer.drain()));
        co_await a_while();
        for (const auto& t : draining) EXPECT_FALSE(t.done());
        draining[1].cancel();
        EXPECT_TRUE(co_await c.server_reader.readexactly(data.size()) == data);
        co_await draining[0];
        co_await draining[2];
        EXPECT_TRUE(draining[1].cancelled());
    }());
}

// 77
TEST(RealStream, drain_of_a_closing_stream_yields_once_and_tells_that_it_is_lost) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        c.writer.close();
        EXPECT_TRUE(c.writer.is_closing());
        const testing::TurnWatch turn;
        const std::string end = co_await ending_of(c.writer.drain());
        EXPECT_NE(end.find("Cannot send after transport endpoint shutdown"), std::string::npos) << end;
        EXPECT_TRUE(turn.passed());
    }());
}

// 77
TEST(RealStream, drain_throws_what_the_reading_side_has_met) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        p.peer.reset();
        const std::string end = co_await ending_of(p.reader.read(1));
        EXPECT_TRUE(end.ends_with("Connection reset by peer")) << end;
        EXPECT_EQ(co_await ending_of(p.writer.drain()), end);
    }());
}

TEST(RealStream, a_cancelled_write_is_sent_whole_all_the_same) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        std::string data = pattern(much);
        const Task<> writing = create_task(
            [](StreamWriter w, const std::string& d) -> Coro<> {
                const std::string mine = d;  // gone when the task ends
                co_await w.write(mine);
            },
            c.writer, data);
        co_await a_while();
        writing.cancel();
        co_await ending_of(writing);
        EXPECT_TRUE(writing.cancelled());
        c.writer.write_nowait("end");
        EXPECT_TRUE(co_await c.server_reader.readexactly(data.size()) == data);
        EXPECT_EQ(co_await c.server_reader.readexactly(3), "end");
    }());
}

TEST(RealStream, a_cancel_that_comes_when_all_is_sent_is_delivered_at_the_next_wait) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        testing::Trace trace;
        const Task<> task = create_task(
            [](StreamWriter w, testing::Trace& t) -> Coro<> {
                current_task().cancel();
                co_await w.write("x");
                t.note("written");
                co_await hocket::sleep(0);
                t.note("not reached");
            },
            c.writer, std::ref(trace));
        co_await ending_of(task);
        EXPECT_TRUE(task.cancelled());
        const std::string seen = trace.taken();
        EXPECT_TRUE(seen == "written" || seen == "")
            << seen;  // whether the send or the cancel was first is the kernel's choice
        EXPECT_EQ(co_await c.server_reader.read(1), "x");
    }());
}

}  // namespace
}  // namespace hocket
