// SPDX-License-Identifier: MIT
// How connections end: closed in order, aborted, reset by the peer, with their loop.
#include <hocket/net/outliving_test.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>

#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::connected, testing::WithPeer, testing::with_peer, testing::run_net, testing::pattern, testing::ending_of,
    testing::turns, testing::a_while, testing::much;

TEST(RealStream, the_peer_reads_an_end_of_file_after_write_eof_and_can_still_answer) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        c.writer.write_nowait("question");
        c.writer.write_eof();
        EXPECT_EQ(co_await c.server_reader.read(), "question");
        co_await c.server_writer.write("answer");
        EXPECT_EQ(co_await c.reader.read(10), "answer");
        EXPECT_EQ(co_await ending_of(c.writer.write("more")),
                  "hocket::RuntimeError: Cannot call write() after write_eof()");
    }());
}

TEST(RealStream, write_eof_may_be_called_again_and_after_the_close) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        EXPECT_TRUE(c.writer.can_write_eof());
        const std::string data = pattern(much);
        c.writer.write_nowait(data);
        c.writer.write_eof();
        c.writer.write_eof();
        EXPECT_TRUE(co_await c.server_reader.read() == data);
        c.writer.close();
        c.writer.write_eof();
        co_await c.writer.wait_closed();
        c.writer.write_eof();
    }());
}

TEST(RealStream, closing_twice_is_harmless) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        c.writer.write_nowait("last");
        for (int i = 0; i < 2; ++i) {
            c.writer.close();
            EXPECT_TRUE(c.writer.is_closing());
            EXPECT_TRUE((co_await ending_of(c.writer.write("more"))).ends_with("transport endpoint shutdown"));
        }
        EXPECT_EQ(co_await c.server_reader.read(), "last");
        co_await c.writer.wait_closed();
        c.writer.close();
        c.writer.abort();
        for (int i = 0; i < 2; ++i) c.server_writer.abort();
        EXPECT_EQ(co_await ending_of(c.server_writer.wait_closed()), "nothing");
    }());
}

TEST(RealStream, after_a_close_the_reader_is_at_the_end) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        EXPECT_FALSE(c.reader.at_eof());
        c.writer.close();
        co_await c.writer.wait_closed();
        EXPECT_TRUE(c.reader.at_eof());
        EXPECT_EQ(co_await c.reader.read(), "");
    }());
}

TEST(RealStream, close_sends_what_waits_and_wait_closed_waits_for_it) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = pattern(much);
        c.writer.write_nowait(data);
        c.writer.close();
        const Task<> closing = create_task(c.writer.wait_closed());
        co_await a_while();
        EXPECT_FALSE(closing.done());
        EXPECT_TRUE(co_await c.server_reader.read() == data);
        co_await closing;
        EXPECT_EQ(c.writer.fileno(), -1);
        co_await c.writer.wait_closed();
    }());
}

TEST(RealStream, dropping_the_last_handle_closes_and_sends_what_waits) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = pattern(much);
        c.server_writer.write_nowait(data);
        c.server_writer = c.writer;
        c.server_reader = c.reader;
        EXPECT_TRUE(co_await c.reader.read() == data);
    }());
}

// The other side of a connection that answers without reading, and closes.
Coro<Server> start_rude_server(std::string answer) {
    Network::of(get_running_loop()).tidy_interval = 1h;  // what ends before then ends by itself
    return start_server(
        [answer = std::move(answer)](StreamReader, StreamWriter w) -> Coro<> {
            co_await a_while();
            co_await w.write(answer);
        },
        "127.0.0.1", 0);
}

TEST(RealStream, close_with_input_that_nobody_read_does_not_take_the_answer_from_the_peer) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_rude_server("answer");
        {
            auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
            co_await writer.write("question");
            EXPECT_EQ(co_await reader.read(), "answer");
        }
        server.close();
        co_await server.wait_closed();
    }());
}

TEST(RealStream, close_takes_what_the_peer_still_sends) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_rude_server("too large");
        {
            auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
            testing::keep_little(writer);
            EXPECT_EQ(co_await ending_of(writer.write(pattern(much / 2))), "nothing");
            EXPECT_EQ(co_await reader.read(), "too large");
        }
        server.close();
        co_await server.wait_closed();
    }());
}

TEST(RealStream, close_does_not_wait_where_all_was_read) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        Network::of(get_running_loop()).tidy_interval = 1h;
        co_await c.server_writer.write("all");
        EXPECT_EQ(co_await c.reader.read(3), "all");
        c.writer.close();
        co_await c.writer.wait_closed();
        EXPECT_FALSE(c.server_writer.is_closing());
    }());
}

TEST(RealStream, close_does_not_wait_long_for_a_peer_that_does_not_end) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        Network::of(get_running_loop()).tidy_interval = 1ms;
        p.peer.send("unread");
        co_await a_while();
        p.writer.close();
        EXPECT_TRUE(p.reader.at_eof());
        co_await p.writer.wait_closed();
        EXPECT_EQ(p.peer.receive(10), "");
    }());
}

// Writes pieces of `n` bytes for ever.
Coro<> send_for_ever(StreamWriter writer, std::size_t n) {
    for (const std::string data(n, 'x');; co_await hocket::sleep(0)) co_await writer.write(data);
}

TEST(RealStream, close_does_not_wait_long_for_a_peer_that_sends_for_ever) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        Network::of(get_running_loop()).tidy_interval = 1ms;
        const Task<> sending = create_task(send_for_ever(c.server_writer, 1));
        co_await a_while();
        c.writer.close();
        co_await c.writer.wait_closed();
        EXPECT_NE(co_await ending_of(sending), "nothing");
    }());
}

TEST(RealStream, close_does_not_take_much_from_a_peer_that_sends_for_ever) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        Network::of(get_running_loop()).tidy_interval = 1h;
        const Task<> sending = create_task(send_for_ever(c.server_writer, 100'000));
        co_await a_while();
        c.writer.close();
        co_await c.writer.wait_closed();
        EXPECT_NE(co_await ending_of(sending), "nothing");
    }());
}

TEST(RealStream, the_loop_may_end_while_a_closed_connection_waits_for_its_peer) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        Network::of(get_running_loop()).tidy_interval = 1h;
        co_await c.server_writer.write("unread");
        co_await a_while();
        c.writer.close();
        co_await a_while();
        EXPECT_EQ(co_await c.server_reader.read(), "");  // the peer knows
        EXPECT_GE(c.writer.fileno(), 0);
    }());
}

TEST(RealStream, close_ends_a_read_that_waits) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const Task<std::string> reading = create_task(c.reader.read(10));
        co_await turns(2);
        c.writer.close();
        EXPECT_EQ(co_await reading, "");
        co_await c.writer.wait_closed();
        EXPECT_EQ(co_await c.server_reader.read(10), "");
    }());
}

TEST(RealStream, abort_drops_what_waits_and_ends_whoever_writes) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = pattern(much);
        const Task<> writing = create_task(c.writer.write(data));
        co_await turns(2);
        c.writer.abort();
        const std::string end = co_await ending_of(writing);
        EXPECT_NE(end.find("Software caused connection abort"), std::string::npos) << end;
        EXPECT_EQ(co_await ending_of(c.writer.wait_closed()), "nothing");
        const std::string received = co_await c.server_reader.read();
        EXPECT_LT(received.size(), data.size());
        EXPECT_TRUE(data.starts_with(received));
    }());
}

TEST(RealStream, a_reset_is_an_error_that_names_the_peer_and_stays) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        const std::string peer = p.writer.peername().str();
        const Task<std::string> reading = create_task(p.reader.read(10));
        co_await turns(2);
        p.peer.reset();
        const std::string expected = "hocket::OSError: read from " + peer + ": Connection reset by peer";
        EXPECT_EQ(co_await ending_of(reading), expected);
        EXPECT_EQ(co_await ending_of(p.reader.readline()), expected);
        EXPECT_EQ(co_await ending_of(p.writer.drain()), expected);
    }());
}

TEST(RealStream, writing_to_a_peer_that_is_gone_is_an_error_and_no_signal) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        const std::string peer = p.writer.peername().str();
        p.peer.reset();
        std::string end;
        for (int i = 0; i < 100 && end.empty(); ++i) {
            try {
                co_await p.writer.write("x");
            } catch (const OSError& e) {
                end = e.what();
            }
            co_await hocket::sleep(0);
        }
        EXPECT_TRUE(end == "write to " + peer + ": Broken pipe" ||
                    end == "write to " + peer + ": Connection reset by peer")
            << end;
        EXPECT_EQ(co_await ending_of(p.writer.write("x")), "hocket::OSError: " + end);
        EXPECT_EQ(co_await ending_of(p.writer.drain()), "hocket::OSError: " + end);
    }());
}

TEST(RealStream, what_came_before_the_end_can_be_read_after_a_write_failed) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        p.peer.send("last words");
        p.peer.close();
        co_await ending_of(p.writer.write("x"));  // which the peer's system answers with a reset
        EXPECT_NE(co_await ending_of(p.writer.write("x")), "nothing");
        co_await ending_of(p.writer.wait_closed());
        EXPECT_EQ(co_await p.reader.read(), "last words");
        EXPECT_TRUE(p.reader.at_eof());
    }());
}

// A connection whose peer sends `sent`, and resets it while a task writes; how the write ended.
Coro<std::string> reset_while_writing(WithPeer& p, std::string_view sent) {
    testing::keep_little(p.writer);
    p.peer.send(sent);
    const std::string data = pattern(8 * much);
    const Task<> writing = create_task(p.writer.write(data));
    co_await a_while();
    p.peer.reset();
    co_return co_await ending_of(writing);
}

TEST(RealStream, a_reset_that_a_write_meets_is_no_end_of_file) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        const std::string peer = p.writer.peername().str();
        const std::string end = co_await reset_while_writing(p, "half of the up");
        EXPECT_EQ(end, "hocket::OSError: write to " + peer + ": Connection reset by peer");
        EXPECT_EQ(co_await p.reader.readexactly(8), "half of ");
        EXPECT_EQ(co_await p.reader.read(100), "the up");
        EXPECT_EQ(co_await ending_of(p.reader.read(1)),
                  "hocket::OSError: read from " + peer + ": Connection reset by peer");
        EXPECT_FALSE(p.reader.at_eof());
    }());
}

TEST(RealStream, a_reset_ends_the_reads_and_the_writes_that_wait) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        const Task<std::string> reading = create_task(p.reader.read());
        const std::string end = co_await reset_while_writing(p, "half of the up");
        EXPECT_NE(end, "nothing");
        EXPECT_EQ(co_await ending_of(reading),
                  "hocket::OSError: read from " + p.writer.peername().str() + ": Connection reset by peer");
    }());
}

TEST(RealStream, after_an_error_of_writing_the_connection_is_closed) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        const std::string end = co_await reset_while_writing(p, "");
        EXPECT_TRUE(p.writer.is_closing());
        EXPECT_EQ(co_await ending_of(p.writer.wait_closed()), end);
        EXPECT_EQ(p.writer.fileno(), -1);
        EXPECT_EQ(p.server.clients(), 0U);
        EXPECT_EQ(co_await ending_of(p.writer.write("x")), end);
        p.writer.close();
        p.writer.abort();
        EXPECT_EQ(co_await ending_of(p.writer.wait_closed()), end);
    }());
}

TEST(RealStream, after_an_error_of_reading_the_connection_is_closed) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        const Task<> closing = create_task(p.writer.wait_closed());
        p.peer.reset();
        const std::string end = co_await ending_of(p.reader.read(1));
        EXPECT_TRUE(p.writer.is_closing());
        EXPECT_EQ(co_await ending_of(closing), end);
        EXPECT_EQ(p.server.clients(), 0U);
        EXPECT_EQ(testing::thrown_by([&] { p.writer.write_nowait("x"); }), end);
    }());
}

TEST(RealStream, abort_ends_the_reads_of_a_lost_connection_with_its_error) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        co_await reset_while_writing(p, "half");
        p.writer.abort();
        const std::string end =
            "hocket::OSError: read from " + p.writer.peername().str() + ": Connection reset by peer";
        EXPECT_EQ(co_await ending_of(p.reader.read()), end);
    }());
}

TEST(RealStream, the_loop_may_end_in_the_middle_of_everything) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        static std::string data;
        data = pattern(much);
        create_task([](StreamReader r) -> Coro<> { co_await r.read(10); }, c.reader);
        create_task([](StreamWriter w) -> Coro<> { co_await w.write(data); }, c.writer);
        create_task(
            [](StreamWriter w) -> Coro<> {
                w.write_nowait(data);
                co_await w.drain();
            },
            c.server_writer);
        co_await hocket::sleep(2ms);
        c.server_writer.write_nowait("more");
    }());
}

TEST(RealStream, limits_mean_nothing_to_one_that_is_closed) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        c.writer.abort();  // nothing is in flight: its descriptor is closed at once
        EXPECT_EQ(c.writer.fileno(), -1);
        c.writer.transport()->set_write_buffer_limits({.high = 1000});
        EXPECT_EQ(c.writer.transport()->get_write_buffer_limits().second, 64U << 10);
    }());
}

TEST(RealStream, handles_may_outlive_the_loop) {
    testing::expect_handles_to_outlive_the_loop([] { return connected(); });
}

TEST(RealStream, a_pending_loop_that_is_closed_without_a_runner_leaves_nothing) {
    testing::expect_a_closed_loop_to_leave_nothing([] { return connected(); });
}

}  // namespace
}  // namespace hocket
