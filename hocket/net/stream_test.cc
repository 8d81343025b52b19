// SPDX-License-Identifier: MIT
// Streams over real connections: what is written arrives, whole and in order, whatever is cancelled.
#include <hocket/net/net_test.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/gather.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::Connected, testing::connected, testing::with_peer, testing::run_net, testing::pattern,
    testing::ending_of, testing::turns, testing::much;

Coro<> send_all(StreamWriter writer, std::string data, std::size_t piece) {
    for (std::size_t at = 0; at < data.size(); at += piece)
        co_await writer.write(std::string_view(data).substr(at, piece));
    writer.write_eof();
}

TEST(RealStream, lines_go_there_and_back) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        for (int i = 0; i < 3; ++i) {
            co_await c.writer.write("ping\n");
            EXPECT_EQ(co_await c.server_reader.readline(), "ping\n");
            co_await c.server_writer.write("pong\n");
            EXPECT_EQ(co_await c.reader.readline(), "pong\n");
        }
    }());
}

TEST(RealStream, megabytes_arrive_in_both_directions_at_once) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string there = pattern(3 << 20), back = pattern(2 << 20);
        auto [at_server, at_client, a, b] =
            co_await gather(c.server_reader.read(), c.reader.read(), send_all(c.writer, there, 50'000),
                            send_all(c.server_writer, back, 1 << 20));
        EXPECT_TRUE(at_server == there);
        EXPECT_TRUE(at_client == back);
    }());
}

TEST(RealStream, readexactly_takes_a_known_size_from_many_segments) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = pattern(700'001);
        auto [received, sent] =
            co_await gather(c.server_reader.readexactly(data.size()), send_all(c.writer, data, 1'000));
        EXPECT_TRUE(received == data);
        EXPECT_EQ(co_await c.server_reader.read(), "");
    }());
}

// A batch of operations is cheaper on the ring, where every write waits.
TEST(RealStream, where_a_call_is_cheap_the_first_answer_does_not_wait_and_what_follows_lets_others_run) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        co_await c.writer.write("question");
        EXPECT_EQ(co_await c.server_reader.read(100), "question");
        bool others_ran = false;
        get_running_loop().call_soon([&] { others_ran = true; });
        co_await c.server_writer.write("");
        co_await c.server_writer.write("answer, ");
        EXPECT_EQ(others_ran, std::string_view(get_running_loop().backend().name()) != "epoll");
        co_await c.server_writer.write("more");
        EXPECT_TRUE(others_ran);
        EXPECT_EQ(co_await c.reader.readexactly(12), "answer, more");
    }());
}

TEST(RealStream, an_answer_that_there_is_no_room_for_waits_with_the_rest) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        co_await c.writer.write("question");
        EXPECT_EQ(co_await c.server_reader.read(100), "question");
        const std::string data = pattern(much);
        auto [sent, received] = co_await gather(c.server_writer.write(data), c.reader.readexactly(data.size()));
        EXPECT_TRUE(received == data);
    }());
}

TEST(RealStream, an_answer_to_a_peer_that_is_gone_is_an_error_of_writing) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        co_await c.writer.write("question");
        EXPECT_EQ(co_await c.server_reader.read(100), "question");
        c.writer.transport()->reset();
        co_await c.writer.wait_closed();
        const std::string error = co_await ending_of(c.server_writer.write("answer"));
        EXPECT_TRUE(error.find("write to 127.0.0.1:") != std::string::npos) << error;
        EXPECT_EQ(co_await ending_of(c.server_writer.write("more")), error);
    }());
}

TEST(RealStream, a_string_that_is_given_away_lives_until_it_is_written) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string name = "somebody with a rather long name", kept = "kept";
        std::vector<Coro<>> writing;
        writing.push_back(c.writer.write("[" + name + "] hello\n"));
        writing.push_back(c.writer.write(kept));
        writing.push_back(c.writer.write(" and literal\n"));
        const std::string expected = "[" + name + "] hello\nkept and literal\n";
        co_await gather(std::move(writing));
        EXPECT_EQ(co_await c.server_reader.readexactly(expected.size()), expected);
    }());
}

TEST(RealStream, what_is_to_be_done_with_a_stream_holds_it) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = pattern(much);
        const Task<> writing = create_task(std::exchange(c.writer, c.server_writer).write(data));
        c.reader = c.server_reader;  // the task, which has not begun, has the last handle
        EXPECT_TRUE(co_await c.server_reader.read() == data);
        co_await writing;
        const Task<> waiting = create_task(c.server_writer.wait_closed());
        c.server_writer.close();
        c.writer = StreamWriter(TransportHandle(new Transport));
        c.server_writer = c.writer;
        c.reader = c.server_reader = StreamReader();
        co_await waiting;
    }());
}

TEST(RealStream, it_is_silent_until_bytes_or_the_end_come) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        const TransportHandle& transport = p.reader.transport();
        EXPECT_TRUE(transport->silent());
        p.peer.send("x");
        EXPECT_FALSE(transport->silent());
        EXPECT_EQ(co_await p.reader.read(1), "x");
        EXPECT_TRUE(transport->silent());
        p.peer.close();
        EXPECT_FALSE(transport->silent());
    }());
}

TEST(RealStream, reads_cancelled_at_any_moment_lose_no_byte) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = pattern(300'000);
        const Task<> sending = create_task(
            [](StreamWriter w, const std::string& d) -> Coro<> {
                for (std::size_t at = 0; at < d.size(); at += 977) {
                    co_await w.write(std::string_view(d).substr(at, 977));
                    if (at % 5 == 0) co_await turns(static_cast<int>(at % 7));
                }
                w.write_eof();
            },
            c.writer, std::cref(data));
        std::string received;
        int cancelled = 0;
        for (int i = 0; !c.server_reader.at_eof(); ++i) {
            const Task<std::string> reading =
                create_task(i % 2 ? c.server_reader.read(3000) : c.server_reader.read(100));
            co_await turns(i % 4);
            reading.cancel();
            try {
                received += co_await reading;
            } catch (const CancelledError&) {
                ++cancelled;
            }
            if (i % 3 == 0) received += co_await c.server_reader.read(500);
        }
        EXPECT_GT(cancelled, 10);
        EXPECT_TRUE(received == data);
        co_await sending;
    }());
}

TEST(RealStream, a_cancel_that_is_taken_back_while_it_writes_does_not_end_the_task_later) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const Task<> writing = create_task(
            [](StreamWriter w) -> Coro<> {
                const std::string data = pattern(100'000);
                for (int i = 0; i < 200; ++i) {
                    try {
                        co_await w.write(data);
                    } catch (const CancelledError&) {  // the kernel chooses whether the send is first
                    }
                    co_await turns(1);
                }
                w.close();
            },
            c.writer);
        const Task<std::string> reading = create_task(c.server_reader.read());
        while (!writing.done()) {
            writing.cancel();
            writing.uncancel();
            co_await turns(3);
        }
        EXPECT_EQ(co_await ending_of(writing), "nothing");
        EXPECT_EQ((co_await reading).size(), 200U * 100'000);
    }());
}

TEST(RealStream, cannot_be_fed_by_hand) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string refused = ": this stream has its bytes from a socket";
        EXPECT_EQ(testing::thrown_by([&] { c.reader.feed_data("x"); }), "hocket::RuntimeError: feed_data" + refused);
        EXPECT_EQ(testing::thrown_by([&] { c.reader.feed_eof(); }), "hocket::RuntimeError: feed_eof" + refused);
        EXPECT_EQ(testing::thrown_by([&] { c.reader.set_exception(nullptr); }),
                  "hocket::RuntimeError: set_exception" + refused);
        co_await c.server_writer.write("y");
        EXPECT_EQ(co_await c.reader.read(10), "y");
    }());
}

TEST(RealStream, cannot_be_used_from_another_loop) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        std::thread([&] {
            run([](Connected& theirs) -> Coro<> {
                const std::string error = "hocket::RuntimeError: the stream of " + theirs.writer.peername().str() +
                                          " belongs to a different event loop";
                EXPECT_EQ(co_await ending_of(theirs.reader.read(1)), error);
                EXPECT_EQ(co_await ending_of(theirs.reader.readline()), error);
                EXPECT_EQ(co_await ending_of(theirs.writer.write("x")), error);
                EXPECT_EQ(co_await ending_of(theirs.writer.drain()), error);
                EXPECT_EQ(testing::thrown_by([&] { theirs.writer.write_nowait("x"); }), error);
            }(c));
        }).join();
        co_await c.server_writer.write("y");
        EXPECT_EQ(co_await c.reader.read(10), "y");
    }());
}

TEST(RealStream, in_debug_mode_a_wrong_thread_is_refused) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        get_running_loop().set_debug(true);
        std::thread([&c] {
            const auto refused = [](const char* call) {
                return "hocket::RuntimeError: StreamWriter::" + std::string(call) +
                       " was called from another thread than the loop's: use call_soon_threadsafe";
            };
            EXPECT_EQ(testing::thrown_by([&] { c.writer.write_nowait("x"); }), refused("write_nowait"));
            EXPECT_EQ(testing::thrown_by([&] { c.writer.write_eof(); }), refused("write_eof"));
            EXPECT_EQ(testing::thrown_by([&] { c.writer.close(); }), refused("close"));
            EXPECT_EQ(testing::thrown_by([&] { c.writer.abort(); }), refused("abort"));
        }).join();
        co_await c.writer.write("y");
        EXPECT_EQ(co_await c.server_reader.read(10), "y");
    }());
}

TEST(RealStream, both_ends_know_both_addresses) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        EXPECT_EQ(c.writer.peername(), c.server.sockets().at(0));
        EXPECT_EQ(c.writer.peername(), c.server_writer.sockname());
        EXPECT_EQ(c.writer.sockname(), c.server_writer.peername());
        EXPECT_GE(c.writer.fileno(), 0);
        c.writer.close();
        co_await c.writer.wait_closed();
        EXPECT_FALSE(c.writer.sockname());
        EXPECT_EQ(c.writer.peername(), c.server.sockets().at(0));
    }());
}

TEST(RealStream, a_connection_that_was_busy_and_then_idle_goes_on) {
    run_net([]() -> Coro<> {
        Network::of(get_running_loop()).tidy_interval = 1ms;
        auto c = co_await connected();
        for (int round = 0; round < 5; ++round) {
            for (int i = 0; i < 3; ++i) {
                co_await c.writer.write("ping\n");
                EXPECT_EQ(co_await c.server_reader.readline(), "ping\n");
            }
            const Task<std::string> reading = create_task(c.server_reader.readline());
            co_await hocket::sleep(std::chrono::milliseconds(round));  // its buffer is taken back meanwhile
            c.writer.write_nowait("half ");
            co_await hocket::sleep(3ms);
            co_await c.writer.write("a line\n");
            EXPECT_EQ(co_await reading, "half a line\n");
        }
    }());
}

}  // namespace
}  // namespace hocket
